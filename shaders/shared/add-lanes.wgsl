// Adds a vector over the LANES lanes of a workgroup as a binary tree, in the same order every time.
// LANES is a power of two.

var<workgroup> lane_sums: array<vec4f, LANES>;

// The total, in lane 0.
fn add_lanes(lane: u32, value: vec4f) -> vec4f {
  lane_sums[lane] = value;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lane_sums[lane] += lane_sums[lane + half]; }
  }
  return lane_sums[lane];
}

// Implicit feedback, over the pairs that have some: Σ c (p − u·v)² − (u·v)², c = 1 + α w|r| and p = 1 where r > 0,
// else 0. One pair per lane; each workgroup adds up one block, always in the same order.
// Launch: a workgroup of LANES for each block; each writes one partial sum, which the host adds in float64.
// Workgroup memory: LANES vec4s. Twin: src/engine/reference/confident-errors.ts.

struct Settings {
  confidence: f32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(7) var<storage, read_write> partial_sums: array<f32>;

@compute @workgroup_size(LANES)
fn confident_errors(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let last = block_start[group.x + 1u];
  var sum = 0.0;
  for (var at = block_start[group.x] + lane; at < last; at += LANES) {
    var score = 0.0;
    for (var block = 0u; block < BLOCKS; block++) {
      score += dot(user_rows[rating_user[at] * STRIDE + block], item_rows[rating_item[at] * STRIDE + block]);
    }
    let value = value_at(at);
    let missing = select(0.0, 1.0, value > 0.0) - score;
    sum += (1.0 + weight_at(at) * settings.confidence * abs(value)) * missing * missing - score * score;
  }
  let total = add_lanes(lane, vec4f(sum, 0.0, 0.0, 0.0));
  if (lane == 0u) { partial_sums[group.x] = total.x; }
}

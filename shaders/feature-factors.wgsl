// Feature factors and the prior means they give, in three kernels: Sᵀ V, then F = (SᵀS + ρ I)⁻¹ Sᵀ V with the
// inverse from the host, which is the same in every sweep, then v̄ = S F, written behind each row
// (shared/rows.wgsl). docs/models.md, "Features".
// Launch: a lane for each block of each feature, or of each row; 64 per workgroup.
// Twin: src/engine/reference/feature-factors.ts.

struct Settings {
  features: u32,
  // Rows of the shard that is bound; S is cut with them, and the sums of the shards are added up.
  rows: u32,
  is_first_shard: u32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
// S by features, and by rows: starts, other indices, values.
@group(0) @binding(1) var<storage, read> start: array<u32>;
@group(0) @binding(2) var<storage, read> other: array<u32>;
@group(0) @binding(3) var<storage, read> value: array<f32>;
@group(0) @binding(4) var<storage, read> inverse: array<f32>;
@group(0) @binding(5) var<storage, read_write> sums: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> factors: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> rows: array<vec4f>;

fn lane_of(group: vec3u, groups: vec3u, local: u32) -> u32 {
  return (group.y * groups.x + group.x) * 64u + local;
}

@compute @workgroup_size(64)
fn feature_sums(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let id = lane_of(group, groups, local);
  if (id >= settings.features * BLOCKS) { return; }
  let feature = id / BLOCKS;
  let block = id % BLOCKS;
  var sum = vec4f();
  for (var at = start[feature]; at < start[feature + 1u]; at++) { sum += value[at] * rows[other[at] * STRIDE + block]; }
  sums[id] = sum * is_factor(block) + select(sums[id], vec4f(), settings.is_first_shard == 1u);
}

@compute @workgroup_size(64)
fn feature_factors(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let id = lane_of(group, groups, local);
  if (id >= settings.features * BLOCKS) { return; }
  let feature = id / BLOCKS;
  let block = id % BLOCKS;
  var sum = vec4f();
  for (var j = 0u; j < settings.features; j++) { sum += inverse[feature * settings.features + j] * sums[j * BLOCKS + block]; }
  factors[id] = sum;
}

@compute @workgroup_size(64)
fn feature_means(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let id = lane_of(group, groups, local);
  if (id >= settings.rows * BLOCKS) { return; }
  let row = id / BLOCKS;
  let block = id % BLOCKS;
  var sum = vec4f();
  for (var at = start[row]; at < start[row + 1u]; at++) { sum += value[at] * factors[other[at] * BLOCKS + block]; }
  rows[row * STRIDE + BLOCKS + block] = sum;
}

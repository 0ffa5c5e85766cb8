// Weighted sum of the log-losses of 0/1 ratings, by softplus so that nothing overflows. One rating per lane;
// each workgroup adds up one block, always in the same order. docs/models.md, "Binary data".
// Launch: a workgroup of LANES for each block; each writes one partial sum, which the host adds in float64.
// Workgroup memory: LANES vec4s. Twin: src/engine/reference/log-losses.ts.

struct Settings {
  mean: f32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(7) var<storage, read_write> partial_sums: array<f32>;

@compute @workgroup_size(LANES)
fn log_losses(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let last = block_start[group.x + 1u];
  var sum = 0.0;
  for (var at = block_start[group.x] + lane; at < last; at += LANES) {
    let x = predict(rating_user[at], rating_item[at]);
    sum += weight_at(at) * (max((1.0 - 2.0 * value_at(at)) * x, 0.0) + log(1.0 + exp(-abs(x))));
  }
  let total = add_lanes(lane, vec4f(sum, 0.0, 0.0, 0.0));
  if (lane == 0u) { partial_sums[group.x] = total.x; }
}

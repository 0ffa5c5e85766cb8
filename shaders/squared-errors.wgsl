// Σ w (r − r̂)² over ratings, and the same with r̂ clipped: each workgroup adds up one block, lane by lane and then as
// a tree, always in the same order.
// Launch: a workgroup of LANES for each block; each writes one partial sum, which the host adds in float64.
// Workgroup memory: LANES vec4s. Twin: src/engine/reference/squared-errors.ts.

struct Settings {
  mean: f32,
  // What predictions are clipped to.
  least: f32,
  most: f32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(7) var<storage, read_write> partial_sums: array<vec2f>;

@compute @workgroup_size(LANES)
fn squared_errors(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let last = block_start[group.x + 1u];
  var sums = vec2f();
  for (var at = block_start[group.x] + lane; at < last; at += LANES) {
    let predicted = predict(rating_user[at], rating_item[at]);
    let errors = value_at(at) - vec2f(predicted, clamp(predicted, settings.least, settings.most));
    sums += weight_at(at) * errors * errors;
  }
  let total = add_lanes(lane, vec4f(sums, 0.0, 0.0));
  if (lane == 0u) { partial_sums[group.x] = total.xy; }
}

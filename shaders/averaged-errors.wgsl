// Gibbs sampling, over held-out ratings: the prediction averaged over the draws so far, Σ w (r − mean r̂)², as it is
// and clipped, and Σ w log of the averaged density N(r; r̂, 1/λ). One rating per lane, which keeps its own two sums.
// Launch: a workgroup of LANES for each block; each writes one partial sum, which the host adds in float64.
// Workgroup memory: LANES vec4s. Twin: src/engine/reference/averaged-errors.ts.

struct Settings {
  mean: f32,
  lambda: f32,
  // Draws so far, this one included; 0 during the burn-in, when only the present draw counts.
  draws: u32,
  // What averages are clipped to.
  least: f32,
  most: f32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(7) var<storage, read_write> draw_sums: array<vec2f>;
@group(0) @binding(8) var<storage, read_write> partial_sums: array<vec4f>;

const TWO_PI = 6.283185307179586;

@compute @workgroup_size(LANES)
fn averaged_errors(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let last = block_start[group.x + 1u];
  var sums = vec3f();
  for (var at = block_start[group.x] + lane; at < last; at += LANES) {
    let predicted = predict(rating_user[at], rating_item[at]);
    let error = value_at(at) - predicted;
    let density = sqrt(settings.lambda / TWO_PI) * exp(-0.5 * settings.lambda * error * error);
    let all = vec2f(predicted, density) + select(vec2f(), draw_sums[at], settings.draws > 1u);
    draw_sums[at] = all;
    let average = all / f32(max(1u, settings.draws));
    let errors = value_at(at) - vec2f(average.x, clamp(average.x, settings.least, settings.most));
    sums += weight_at(at) * vec3f(errors * errors, log(max(average.y, 1e-30)));
  }
  let total = add_lanes(lane, vec4f(sums, 0.0));
  if (lane == 0u) { partial_sums[group.x] = total; }
}

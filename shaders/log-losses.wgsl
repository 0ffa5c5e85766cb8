// Σ of the log-losses of 0/1 ratings, by softplus so that nothing overflows. One rating a lane; each workgroup adds up
// one contiguous run, always in the same order. Spec §6.
// Launch: at most PARTIALS workgroups of LANES; each writes one partial sum, which the host adds in float64.
// Workgroup memory: LANES vec4s. Twin: src/engine/reference/gradient.ts.

struct Settings {
  mean: f32,
  count: u32,
  // Ratings a workgroup.
  run: u32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read> rating_user: array<u32>;
@group(0) @binding(2) var<storage, read> rating_item: array<u32>;
@group(0) @binding(3) var<storage, read> rating_value: array<f32>;
@group(0) @binding(4) var<storage, read> user_rows: array<vec4f>;
@group(0) @binding(5) var<storage, read> item_rows: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> partial_sums: array<f32>;

fn score_of(user: u32, item: u32) -> f32 {
  var sum = settings.mean + item_rows[item * STRIDE + BIAS_BLOCK][BIAS_AT];
  for (var block = 0u; block < BLOCKS; block++) {
    var v = item_rows[item * STRIDE + block];
    if (block == BIAS_BLOCK) { v[BIAS_AT] = 1.0; }
    sum += dot(user_rows[user * STRIDE + block], v);
  }
  return sum;
}

@compute @workgroup_size(LANES)
fn log_losses(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let last = min((group.x + 1u) * settings.run, settings.count);
  var sum = 0.0;
  for (var at = group.x * settings.run + lane; at < last; at += LANES) {
    let x = score_of(rating_user[at], rating_item[at]);
    sum += max((1.0 - 2.0 * rating_value[at]) * x, 0.0) + log(1.0 + exp(-abs(x)));
  }
  let total = add_lanes(lane, vec4f(sum, 0.0, 0.0, 0.0));
  if (lane == 0u) { partial_sums[group.x] = total.x; }
}

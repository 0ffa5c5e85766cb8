// Under variational Bayes, over ratings: Σ w (r − E r̂)², Σ w Var r̂ and Σ w log N(r; E r̂, 1/λ + Var r̂).
// A rating's lane adds it up; each workgroup adds up one block, always in the same order.
// With z = (x, 0 …, −1) and C the covariance of ỹ that a row carries, (x, 1)ᵀ Γ (x, 1) = zᵀ C z: shared/variance-*.wgsl.
// Launch: a workgroup of LANES for each block; each writes one partial sum, which the host adds in float64.
// Workgroup memory: LANES vec4s, and what variances take. Twin: src/engine/reference/expected-errors.ts.

struct Settings {
  mean: f32,
  lambda: f32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(7) var<storage, read_write> partial_sums: array<vec4f>;

const TWO_PI = 6.283185307179586;

// A block of z, from that of a row.
fn z_of(x: vec4f, block: u32) -> vec4f {
  let factors = x * is_factor(block);
  return select(factors, vec4f(factors.xyz, -1.0), block == RHS_BLOCK);
}

fn predict(user: u32, item: u32) -> f32 {
  var sum = settings.mean + user_rows[user * STRIDE + BIAS_BLOCK][BIAS_AT] + item_rows[item * STRIDE + BIAS_BLOCK][BIAS_AT];
  for (var block = 0u; block < BLOCKS; block++) {
    sum += dot(user_rows[user * STRIDE + block] * is_factor(block), item_rows[item * STRIDE + block]);
  }
  return sum;
}

@compute @workgroup_size(LANES)
fn expected_errors(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let last = block_start[group.x + 1u];
  var sums = vec4f();
  for (var first = block_start[group.x]; first < last; first += LANES) {
    let variance = variance_at(first, last, lane);
    let at = first + lane;
    if (at < last) {
      let error = value_at(at) - predict(rating_user[at], rating_item[at]);
      let spread = 1.0 / settings.lambda + variance;
      sums += weight_at(at) * vec4f(error * error, variance, -0.5 * (log(TWO_PI * spread) + error * error / spread), 0.0);
    }
  }
  let total = add_lanes(lane, sums);
  if (lane == 0u) { partial_sums[group.x] = total; }
}

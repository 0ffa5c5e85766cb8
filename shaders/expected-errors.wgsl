// Under variational Bayes, over ratings: Σ w (r − E r̂)², Σ w Var r̂ and Σ w log N(r; E r̂, 1/λ + Var r̂).
// One rating per lane; each workgroup adds up one block, always in the same order.
// With z = (x, 0 …, −1) and C the covariance of ỹ that a row carries, (x, 1)ᵀ Γ (x, 1) = zᵀ C z.
// Launch: a workgroup of LANES for each block; each writes one partial sum, which the host adds in float64.
// Workgroup memory: LANES vec4s. Twin: src/engine/reference/expected-errors.ts.

struct Settings {
  mean: f32,
  lambda: f32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(7) var<storage, read_write> partial_sums: array<vec4f>;

const TWO_PI = 6.283185307179586;

fn with_last(x: vec4f, block: u32, last: f32) -> vec4f {
  return select(x, vec4f(x.xyz, last), block == RHS_BLOCK);
}

// Block of z.
fn user_z(user: u32, block: u32) -> vec4f {
  return with_last(user_rows[user * STRIDE + block] * is_factor(block), block, -1.0);
}

fn item_z(item: u32, block: u32) -> vec4f {
  return with_last(item_rows[item * STRIDE + block] * is_factor(block), block, -1.0);
}

fn user_tile(user: u32, I: u32, J: u32) -> mat4x4f {
  let at = user * STRIDE + folded_at(I, J);
  var f = mat4x4f(user_rows[at], vec4f(), vec4f(), vec4f());
  if (I < FACTOR_BLOCKS) {
    f[1] = user_rows[at + APART];
    f[2] = user_rows[at + 2u * APART];
    f[3] = user_rows[at + fourth_of(I, J)];
  }
  return unfolded(I, J, f);
}

fn item_tile(item: u32, I: u32, J: u32) -> mat4x4f {
  let at = item * STRIDE + folded_at(I, J);
  var f = mat4x4f(item_rows[at], vec4f(), vec4f(), vec4f());
  if (I < FACTOR_BLOCKS) {
    f[1] = item_rows[at + APART];
    f[2] = item_rows[at + 2u * APART];
    f[3] = item_rows[at + fourth_of(I, J)];
  }
  return unfolded(I, J, f);
}

fn variance_of(user: u32, item: u32) -> f32 {
  var sum = 0.0;
  for (var I = 0u; I < BLOCKS; I++) {
    let u = user_z(user, I);
    let v = item_z(item, I);
    if (DIAGONAL_SPREAD) {
      let c = user_rows[user * STRIDE + BLOCKS + I];
      let d = item_rows[item * STRIDE + BLOCKS + I];
      sum += dot(v * v, c) + dot(u * u, d) + dot(c * is_factor(I), d);
      continue;
    }
    for (var J = 0u; J <= I; J++) {
      let c = user_tile(user, I, J);
      let d = item_tile(item, I, J);
      let both = is_factor(I);
      let columns = is_factor(J);
      var quadratic = dot(v, c * item_z(item, J)) + dot(u, d * user_z(user, J));
      for (var k = 0u; k < 4u; k++) { quadratic += columns[k] * dot(c[k] * both, d[k]); }
      sum += select(2.0, 1.0, I == J) * quadratic;
    }
  }
  return sum;
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
  for (var at = block_start[group.x] + lane; at < last; at += LANES) {
    let user = rating_user[at];
    let item = rating_item[at];
    let error = value_at(at) - predict(user, item);
    let variance = variance_of(user, item);
    let spread = 1.0 / settings.lambda + variance;
    sums += weight_at(at) * vec4f(error * error, variance, -0.5 * (log(TWO_PI * spread) + error * error / spread), 0.0);
  }
  let total = add_lanes(lane, sums);
  if (lane == 0u) { partial_sums[group.x] = total; }
}

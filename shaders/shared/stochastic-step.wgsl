// What every kernel of stochastic steps needs, whatever its schedule: a team of TEAM lanes takes a rating's two rows.

struct Settings {
  mean: f32,
  lambda: f32,
  step: f32,
  biases: u32,
  tau_users: f32,
  tau_items: f32,
  gamma_users: f32,
  gamma_items: f32,
  groups: u32,
}

// A rating, and where its rows begin in memory.
struct Rating {
  user: u32,
  item: u32,
  value: f32,
  weight: f32,
}

// vec4s of a row that a lane takes, TEAM apart.
const OWN = (BLOCKS + TEAM - 1u) / TEAM;
// The lane that takes the one with the bias.
const BIAS_LANE = BIAS_BLOCK % TEAM;

fn sigmoid(x: f32) -> f32 {
  let t = exp(-abs(x));
  return select(t, 1.0, x >= 0.0) / (1.0 + t);
}

// |e y − t x|² / K, of |x|² and |y|² (`norms`) and x·y.
fn slope_squares(e: f32, t: f32, norms: vec2f, product: f32) -> f32 {
  return max(0.0, e * e * norms.y - 2.0 * e * t * product + t * t * norms.x) / f32(max(K, 1u));
}

// Stochastic gradient descent, one round of the conflict-free schedule (src/engine/blocks.ts): a lane per block,
// which goes through its ratings one by one; the blocks of a round share no row, so plain stores do not race.
// docs/models.md, "Gradient descent" and "Binary data". u ← u + η (λ e v − (τ / n) u), v with the old u in the
// same way, biases alike. LOGISTIC takes e = d − σ(score). Where rows or ratings are cut, a dispatch is bound to
// a shard of each side and a piece of the blocks, and lanes with others wait for theirs. A row carries its
// number of ratings in its last component.
// Launch: a lane for each of the user groups of a piece, 64 per workgroup, once per round, piece and shard of items.
// Twin: src/engine/reference/sgd-blocks.ts.

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

struct Round {
  offset: u32,
  // The piece's blocks, and the number of its first rating.
  first_block: u32,
  end_block: u32,
  first_rating: u32,
  // The groups of items that are bound.
  first_item_group: u32,
  end_item_group: u32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read> block_start: array<u32>;
@group(0) @binding(2) var<storage, read> rating_user: array<u32>;
@group(0) @binding(3) var<storage, read> rating_item: array<u32>;
@group(0) @binding(4) var<storage, read> rating_value: array<f32>;
@group(0) @binding(5) var<storage, read_write> user_rows: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> item_rows: array<vec4f>;
@group(1) @binding(0) var<uniform> round: Round;

fn sigmoid(x: f32) -> f32 {
  let t = exp(-abs(x));
  return select(t, 1.0, x >= 0.0) / (1.0 + t);
}

@compute @workgroup_size(64)
fn sgd_blocks(@builtin(global_invocation_id) id: vec3u) {
  let group = round.first_block / settings.groups + id.x;
  let item_group = (group + round.offset) % settings.groups;
  let block = group * settings.groups + item_group;
  if (block < round.first_block || block >= round.end_block) { return; }
  if (item_group < round.first_item_group || item_group >= round.end_item_group) { return; }
  for (var rating = block_start[block]; rating < block_start[block + 1u]; rating++) {
    let at = rating - round.first_rating;
    let user = rating_user[at] * STRIDE;
    let item = rating_item[at] * STRIDE;
    let user_count = user_rows[user + RHS_BLOCK][RHS_AT];
    let item_count = item_rows[item + RHS_BLOCK][RHS_AT];
    let user_bias = user_rows[user + BIAS_BLOCK][BIAS_AT];
    let item_bias = item_rows[item + BIAS_BLOCK][BIAS_AT];
    var score = settings.mean + user_bias + item_bias;
    for (var b = 0u; b < BLOCKS; b++) { score += dot(user_rows[user + b] * is_factor(b), item_rows[item + b]); }
    var e = settings.lambda * (rating_value[at] - score);
    if (LOGISTIC) { e = rating_value[at] - sigmoid(score); }
    for (var b = 0u; b < BLOCKS; b++) {
      let u = user_rows[user + b];
      let v = item_rows[item + b];
      let mask = is_factor(b) * settings.step;
      var new_u = u + mask * (e * v - (settings.tau_users / user_count) * u);
      var new_v = v + mask * (e * u - (settings.tau_items / item_count) * v);
      if (b == BIAS_BLOCK && settings.biases == 1u) {
        new_u[BIAS_AT] = user_bias + settings.step * (e - (settings.gamma_users / user_count) * user_bias);
        new_v[BIAS_AT] = item_bias + settings.step * (e - (settings.gamma_items / item_count) * item_bias);
      }
      user_rows[user + b] = new_u;
      item_rows[item + b] = new_v;
    }
  }
}

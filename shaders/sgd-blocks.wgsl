// Stochastic gradient descent, one round of the conflict-free schedule (src/engine/blocks.ts): a team of TEAM lanes per
// block, which goes through its ratings one by one, the rows' vec4s shared out among its lanes. The blocks of a round
// share no row, and a lane writes only what it reads itself, so plain stores do not race.
// docs/models.md, "Gradient descent" and "Binary data". u ← u + η w (λ e v − (τ / n) u), v with the old u in the
// same way, biases alike. LOGISTIC takes e = d − σ(score). With OWN_RATES a row takes η / √(1 + G) for η, and G grows
// by w |g|² / K, g being its slope; its bias likewise. The lane that holds a row's bias holds its G too, and tells the
// others the rate; |g|² = e² |v|² − 2 e (τ / n) u·v + (τ / n)² |u|² comes out of sums over the lanes. Where rows or
// ratings are cut, a dispatch is bound to a shard of each side and a piece of the blocks, and teams with others wait
// for theirs. A row carries n, the weight of its ratings together, in its last component.
// Launch: a team for each of the user groups of a piece, TEAMS per workgroup, once per round, piece and shard of items.
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
@group(0) @binding(4) var<storage, read> rating_value: array<ValueWord>;
@group(0) @binding(5) var<storage, read_write> user_rows: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> item_rows: array<vec4f>;
@group(1) @binding(0) var<uniform> round: Round;

// vec4s of a row that a lane takes, TEAM apart.
const OWN = (BLOCKS + TEAM - 1u) / TEAM;
// The lane that takes the one with the bias.
const BIAS_LANE = BIAS_BLOCK % TEAM;

var<workgroup> most: atomic<u32>;
var<workgroup> steps: u32;

struct Rating {
  user: u32,
  item: u32,
  value: f32,
  weight: f32,
}

fn rating_at(at: u32) -> Rating {
  return Rating(rating_user[at] * STRIDE, rating_item[at] * STRIDE, value_at(at), weight_at(at));
}

fn sigmoid(x: f32) -> f32 {
  let t = exp(-abs(x));
  return select(t, 1.0, x >= 0.0) / (1.0 + t);
}

@compute @workgroup_size(TEAM * TEAMS)
fn sgd_blocks(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = round.first_block / settings.groups + workgroup.x * TEAMS + local / TEAM;
  let item_group = (group + round.offset) % settings.groups;
  let block = group * settings.groups + item_group;
  let bound = block >= round.first_block && block < round.end_block &&
    item_group >= round.first_item_group && item_group < round.end_item_group;
  var first = 0u;
  var count = 0u;
  if (bound) {
    first = block_start[block] - round.first_rating;
    count = block_start[block + 1u] - block_start[block];
  }
  // Teams go on together, as sums over their lanes demand: as long as the one with the most ratings.
  atomicMax(&most, count);
  workgroupBarrier();
  if (local == 0u) { steps = atomicLoad(&most); }
  let last_step = workgroupUniformLoad(&steps);

  // The next rating is asked for while the present one is worked on.
  var next = rating_at(first);
  for (var n = 0u; n < last_step; n++) {
    let rating = next;
    next = rating_at(first + select(0u, n + 1u, n + 1u < count));
    let user_weight = user_rows[rating.user + RHS_BLOCK][RHS_AT];
    let item_weight = item_rows[rating.item + RHS_BLOCK][RHS_AT];
    var u: array<vec4f, OWN>;
    var v: array<vec4f, OWN>;
    var share = 0.0;
    var norms = vec2f();
    for (var own = 0u; own < OWN; own++) {
      let b = local % TEAM + own * TEAM;
      if (b >= BLOCKS) { continue; }
      u[own] = user_rows[rating.user + b];
      v[own] = item_rows[rating.item + b];
      let x = u[own] * is_factor(b);
      share += dot(x, v[own]);
      if (OWN_RATES) { norms += vec2f(dot(x, x), dot(v[own] * is_factor(b), v[own])); }
      if (b == BIAS_BLOCK) { share += u[own][BIAS_AT] + v[own][BIAS_AT]; }
    }
    var score = settings.mean;
    // Of factors and bias.
    let step = rating.weight * settings.step;
    var user_rates = vec2f(step);
    var item_rates = vec2f(step);
    var user_squares = vec4f();
    var item_squares = vec4f();
    if (OWN_RATES) {
      if (local % TEAM == BIAS_LANE) {
        user_squares = user_rows[rating.user + BLOCKS];
        item_squares = item_rows[rating.item + BLOCKS];
        user_rates = step / sqrt(1.0 + user_squares.xy);
        item_rates = step / sqrt(1.0 + item_squares.xy);
      }
      let told = select(vec2f(), vec2f(user_rates.x, item_rates.x), local % TEAM == BIAS_LANE);
      let sums = team_sums(vec4f(share, norms, told.x), local, n);
      score += sums.x;
      norms = sums.yz;
      user_rates.x = sums.w;
      item_rates.x = team_sum(told.y, local, n);
    } else {
      score += team_sum(share, local, n);
    }
    var e = settings.lambda * (rating.value - score);
    if (LOGISTIC) { e = rating.value - sigmoid(score); }
    if (n < count) {
      let user_shrink = vec2f(settings.tau_users, settings.gamma_users) / user_weight;
      let item_shrink = vec2f(settings.tau_items, settings.gamma_items) / item_weight;
      for (var own = 0u; own < OWN; own++) {
        let b = local % TEAM + own * TEAM;
        if (b >= BLOCKS) { continue; }
        let mask = is_factor(b);
        var new_u = u[own] + mask * user_rates.x * (e * v[own] - user_shrink.x * u[own]);
        var new_v = v[own] + mask * item_rates.x * (e * u[own] - item_shrink.x * v[own]);
        if (b == BIAS_BLOCK) {
          let biases = vec2f(u[own][BIAS_AT], v[own][BIAS_AT]);
          if (OWN_RATES && K > 0u) {
            let product = score - settings.mean - biases.x - biases.y;
            let squares = vec2f(slope_squares(e, user_shrink.x, norms, product), slope_squares(e, item_shrink.x, norms.yx, product));
            user_squares.x += rating.weight * squares.x / f32(K);
            item_squares.x += rating.weight * squares.y / f32(K);
          }
          if (settings.biases == 1u) {
            let slopes = vec2f(e) - vec2f(user_shrink.y, item_shrink.y) * biases;
            new_u[BIAS_AT] += user_rates.y * slopes.x;
            new_v[BIAS_AT] += item_rates.y * slopes.y;
            user_squares.y += rating.weight * slopes.x * slopes.x;
            item_squares.y += rating.weight * slopes.y * slopes.y;
          }
          if (OWN_RATES) {
            user_rows[rating.user + BLOCKS] = user_squares;
            item_rows[rating.item + BLOCKS] = item_squares;
          }
        }
        user_rows[rating.user + b] = new_u;
        item_rows[rating.item + b] = new_v;
      }
    }
  }
}

// |e y − t x|², of |x|² and |y|² (`norms`) and x·y.
fn slope_squares(e: f32, t: f32, norms: vec2f, product: f32) -> f32 {
  return max(0.0, e * e * norms.y - 2.0 * e * t * product + t * t * norms.x);
}

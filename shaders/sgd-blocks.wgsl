// Stochastic gradient descent, one round of the conflict-free schedule (src/engine/blocks.ts): a team of TEAM lanes per
// block, which goes through its ratings one by one, the rows' vec4s shared out among its lanes. The blocks of a round
// share no row, and a lane writes only what it reads itself, so plain stores do not race.
// docs/models.md, "Gradient descent" and "Binary data". u ← u + η w (λ e v − (τ / n) u), v with the old u in the
// same way, biases alike. LOGISTIC takes e = d − σ(score). Where rows or ratings are cut, a dispatch is bound to
// a shard of each side and a piece of the blocks, and teams with others wait for theirs. A row carries n, the
// weight of its ratings together, in its last component.
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

// What a lane holds of two rows, and one over the weight of each row's ratings.
struct Pair {
  user: array<vec4f, OWN>,
  item: array<vec4f, OWN>,
  user_share: f32,
  item_share: f32,
}

fn pair_of(rating: Rating, lane: u32) -> Pair {
  var pair: Pair;
  pair.user_share = 1.0 / user_rows[rating.user + RHS_BLOCK][RHS_AT];
  pair.item_share = 1.0 / item_rows[rating.item + RHS_BLOCK][RHS_AT];
  for (var own = 0u; own < OWN; own++) {
    let b = lane + own * TEAM;
    if (b >= BLOCKS) { continue; }
    pair.user[own] = user_rows[rating.user + b];
    pair.item[own] = item_rows[rating.item + b];
  }
  return pair;
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

  // A step mostly waits for memory: the rows of the next rating, and the one after it, are asked for while the present
  // one is worked on. Where the next rating has one of the present rows, it is given what they become.
  let lane = local % TEAM;
  var rating = rating_at(first);
  var next = rating_at(first + select(0u, 1u, 1u < count));
  var pair = pair_of(rating, lane);
  for (var n = 0u; n < last_step; n++) {
    let after = rating_at(first + select(0u, n + 2u, n + 2u < count));
    var next_pair = pair_of(next, lane);
    var share = 0.0;
    for (var own = 0u; own < OWN; own++) {
      let b = lane + own * TEAM;
      if (b >= BLOCKS) { continue; }
      share += dot(pair.user[own] * is_factor(b), pair.item[own]);
      if (b == BIAS_BLOCK) { share += pair.user[own][BIAS_AT] + pair.item[own][BIAS_AT]; }
    }
    let score = settings.mean + team_sum(share, local, n);
    var e = settings.lambda * (rating.value - score);
    if (LOGISTIC) { e = rating.value - sigmoid(score); }
    if (n < count) {
      for (var own = 0u; own < OWN; own++) {
        let b = lane + own * TEAM;
        if (b >= BLOCKS) { continue; }
        let u = pair.user[own];
        let v = pair.item[own];
        let step = rating.weight * settings.step;
        let mask = is_factor(b) * step;
        var new_u = u + mask * (e * v - settings.tau_users * pair.user_share * u);
        var new_v = v + mask * (e * u - settings.tau_items * pair.item_share * v);
        if (b == BIAS_BLOCK && settings.biases == 1u) {
          new_u[BIAS_AT] += step * (e - settings.gamma_users * pair.user_share * u[BIAS_AT]);
          new_v[BIAS_AT] += step * (e - settings.gamma_items * pair.item_share * v[BIAS_AT]);
        }
        user_rows[rating.user + b] = new_u;
        item_rows[rating.item + b] = new_v;
        if (next.user == rating.user) { next_pair.user[own] = new_u; }
        if (next.item == rating.item) { next_pair.item[own] = new_v; }
      }
    }
    rating = next;
    next = after;
    pair = next_pair;
  }
}

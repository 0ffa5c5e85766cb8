// Stochastic gradient descent, one round of the conflict-free schedule (src/engine/blocks.ts): a team of TEAM lanes per
// block, which goes through its ratings one by one, the rows' vec4s shared out among its lanes. The blocks of a round
// share no row, and a lane writes only what it reads itself, so plain stores do not race.
// docs/models.md, "Gradient descent" and "Binary data". u ← u + η w (λ e v − (τ / n) u), v with the old u in the
// same way, biases alike. LOGISTIC takes e = d − σ(score). With OWN_RATES a row takes η / √(1 + G) for η, and G grows
// by w |g|² / K, g being its slope; its bias likewise. The lane that holds a row's bias holds its G too, and tells the
// others the rate; |g|² = e² |v|² − 2 e (τ / n) u·v + (τ / n)² |u|² comes out of sums over the lanes. Teams of a
// workgroup wait for each other, so a round's blocks come by their length, longest first (`group_order`). Where rows or
// ratings are cut, a dispatch is bound to a shard of each side and a piece of the blocks, and teams with others wait
// for theirs. A row carries n, the weight of its ratings together, in its last component.
// Launch: a team for each of the user groups of a piece, TEAMS per workgroup, once per round, piece and shard of items.
// Twin: src/engine/reference/sgd-blocks.ts. On software drivers with subgroups: sgd-blocks-subgroup.wgsl.

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
// The piece's user groups, round by round.
@group(0) @binding(7) var<storage, read> group_order: array<u32>;
@group(1) @binding(0) var<uniform> round: Round;

var<workgroup> most: atomic<u32>;
var<workgroup> steps: u32;

fn rating_at(at: u32) -> Rating {
  return Rating(rating_user[at] * STRIDE, rating_item[at] * STRIDE, value_at(at), weight_at(at));
}

// What a lane holds of two rows, and one over the weight of each row's ratings. The lane of their biases has the G of
// factors and bias of both.
struct Pair {
  user: array<vec4f, OWN>,
  item: array<vec4f, OWN>,
  user_share: f32,
  item_share: f32,
  user_squares: vec4f,
  item_squares: vec4f,
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
  if (OWN_RATES && lane == BIAS_LANE) {
    pair.user_squares = user_rows[rating.user + BLOCKS];
    pair.item_squares = item_rows[rating.item + BLOCKS];
  }
  return pair;
}

@compute @workgroup_size(TEAM * TEAMS)
fn sgd_blocks(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let place = workgroup.x * TEAMS + local / TEAM;
  let user_groups = (round.end_block + settings.groups - 1u) / settings.groups - round.first_block / settings.groups;
  let group = group_order[round.offset * user_groups + min(place, user_groups - 1u)];
  let item_group = (group + round.offset) % settings.groups;
  let block = group * settings.groups + item_group;
  let bound = place < user_groups && block >= round.first_block && block < round.end_block &&
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

  // A step mostly waits for memory: the next rating and the one after it, and the rows of the next if AHEAD, are asked
  // for while the present one is worked on. Where the next rating has one of the present rows, it is given what they
  // become.
  let lane = local % TEAM;
  var rating = rating_at(first);
  var next = rating_at(first + select(0u, 1u, 1u < count));
  var pair: Pair;
  if (AHEAD) { pair = pair_of(rating, lane); }
  for (var n = 0u; n < last_step; n++) {
    let after = rating_at(first + select(0u, n + 2u, n + 2u < count));
    var next_pair: Pair;
    if (AHEAD) { next_pair = pair_of(next, lane); } else { pair = pair_of(rating, lane); }
    var share = 0.0;
    var norms = vec2f();
    for (var own = 0u; own < OWN; own++) {
      let b = lane + own * TEAM;
      if (b >= BLOCKS) { continue; }
      let u = pair.user[own] * is_factor(b);
      let v = pair.item[own];
      share += dot(u, v);
      if (OWN_RATES) { norms += vec2f(dot(u, u), dot(v * is_factor(b), v)); }
      if (b == BIAS_BLOCK) { share += pair.user[own][BIAS_AT] + v[BIAS_AT]; }
    }
    var score = settings.mean;
    // Of factors and bias.
    var user_rates = vec2f(rating.weight * settings.step);
    var item_rates = user_rates;
    if (OWN_RATES) {
      user_rates /= sqrt(1.0 + pair.user_squares.xy);
      item_rates /= sqrt(1.0 + pair.item_squares.xy);
      let told = select(vec2f(), vec2f(user_rates.x, item_rates.x), lane == BIAS_LANE);
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
      let user_shrink = vec2f(settings.tau_users, settings.gamma_users) * pair.user_share;
      let item_shrink = vec2f(settings.tau_items, settings.gamma_items) * pair.item_share;
      for (var own = 0u; own < OWN; own++) {
        let b = lane + own * TEAM;
        if (b >= BLOCKS) { continue; }
        let u = pair.user[own];
        let v = pair.item[own];
        let mask = is_factor(b);
        var new_u = u + mask * user_rates.x * (e * v - user_shrink.x * u);
        var new_v = v + mask * item_rates.x * (e * u - item_shrink.x * v);
        if (b == BIAS_BLOCK) {
          let biases = vec2f(u[BIAS_AT], v[BIAS_AT]);
          var slopes = vec2f();
          if (settings.biases == 1u) { slopes = vec2f(e) - vec2f(user_shrink.y, item_shrink.y) * biases; }
          new_u[BIAS_AT] += user_rates.y * slopes.x;
          new_v[BIAS_AT] += item_rates.y * slopes.y;
          if (OWN_RATES) {
            let product = score - settings.mean - biases.x - biases.y;
            let user_slopes = vec2f(slope_squares(e, user_shrink.x, norms, product), slopes.x * slopes.x);
            let item_slopes = vec2f(slope_squares(e, item_shrink.x, norms.yx, product), slopes.y * slopes.y);
            let user_squares = pair.user_squares + vec4f(rating.weight * user_slopes, 0.0, 0.0);
            let item_squares = pair.item_squares + vec4f(rating.weight * item_slopes, 0.0, 0.0);
            user_rows[rating.user + BLOCKS] = user_squares;
            item_rows[rating.item + BLOCKS] = item_squares;
            if (next.user == rating.user) { next_pair.user_squares = user_squares; }
            if (next.item == rating.item) { next_pair.item_squares = item_squares; }
          }
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

// Stochastic gradient descent on software drivers: the steps of sgd-blocks.wgsl, as those drivers run them soonest. They
// make instructions lane by lane of every access to memory, so this kernel has few, and wait for memory that is not
// next to what they had before, so it reads ratings in the order in which they lie. A team of TEAM lanes has a task: the
// blocks that are its own in one or several rounds (src/engine/webgpu/steps/block-tasks.ts), one after the other. Each of
// its lanes loads one of TEAM ratings, all of it at once, and the team's shuffles pass them round. The weight of a row's
// ratings is passed by the lane that holds it with the row. A workgroup goes on until its longest task ends, which is
// its first one: tasks come by their length.
// Launch: a team for each task of a dispatch, TEAMS per workgroup, lanes of a team in one subgroup. No workgroup memory.
// Twin: src/engine/reference/sgd-blocks.ts.

struct Round {
  first_task: u32,
  tasks: u32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
// First rating of each task, and how many it has.
@group(0) @binding(1) var<storage, read> tasks: array<vec2u>;
// User, item and the bits of value and weight.
@group(0) @binding(2) var<storage, read> ratings: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> user_rows: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> item_rows: array<vec4f>;
@group(1) @binding(0) var<uniform> round: Round;

// The lane that takes the vec4 with the weight of a row's ratings.
const RHS_LANE = RHS_BLOCK % TEAM;

@compute @workgroup_size(TEAM * TEAMS)
fn sgd_blocks(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) subgroup_lane: u32,
) {
  let place = workgroup.x * TEAMS + local / TEAM;
  var task = vec2u();
  if (place < round.tasks) { task = tasks[round.first_task + place]; }
  let first = task.x;
  let count = task.y;
  let last_step = tasks[round.first_task + workgroup.x * TEAMS].y;
  let lane = local % TEAM;
  let team_lane = subgroup_lane - lane;
  var mine: vec4u;
  var user: array<vec4f, OWN>;
  var item: array<vec4f, OWN>;
  // G of factors and bias of the user, and of the item, in the lane of their biases.
  var squares: vec4f;
  for (var n = 0u; n < last_step; n++) {
    let goes_on = n < count;
    if (n % TEAM == 0u && goes_on) { mine = ratings[first + min(n + lane, count - 1u)]; }
    let rating = rating_of(mine, team_lane + n % TEAM);
    for (var own = 0u; own < OWN; own++) {
      let b = lane + own * TEAM;
      if (goes_on && b < BLOCKS) {
        user[own] = user_rows[rating.user + b];
        item[own] = item_rows[rating.item + b];
      }
    }
    if (OWN_RATES && goes_on && lane == BIAS_LANE) {
      squares = vec4f(user_rows[rating.user + BLOCKS].xy, item_rows[rating.item + BLOCKS].xy);
    }
    let user_weight = passed(user[RHS_BLOCK / TEAM][RHS_AT], team_lane + RHS_LANE);
    let item_weight = passed(item[RHS_BLOCK / TEAM][RHS_AT], team_lane + RHS_LANE);
    var share = 0.0;
    var norms = vec2f();
    for (var own = 0u; own < OWN; own++) {
      let b = lane + own * TEAM;
      let u = user[own] * is_factor(b);
      let v = item[own];
      share += dot(u, v);
      if (OWN_RATES) { norms += vec2f(dot(u, u), dot(v * is_factor(b), v)); }
      if (b == BIAS_BLOCK) { share += user[own][BIAS_AT] + v[BIAS_AT]; }
    }
    var score = settings.mean;
    // Of factors and bias.
    var user_rates = vec2f(rating.weight * settings.step);
    var item_rates = user_rates;
    if (OWN_RATES) {
      user_rates /= sqrt(1.0 + squares.xy);
      item_rates /= sqrt(1.0 + squares.zw);
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
    let user_shrink = vec2f(settings.tau_users, settings.gamma_users) / user_weight;
    let item_shrink = vec2f(settings.tau_items, settings.gamma_items) / item_weight;
    for (var own = 0u; own < OWN; own++) {
      let b = lane + own * TEAM;
      let u = user[own];
      let v = item[own];
      let mask = is_factor(b);
      var new_u = u + mask * user_rates.x * (e * v - user_shrink.x * u);
      var new_v = v + mask * item_rates.x * (e * u - item_shrink.x * v);
      if (b == BIAS_BLOCK) {
        let biases = vec2f(u[BIAS_AT], v[BIAS_AT]);
        var slopes = vec2f();
        if (settings.biases == 1u) { slopes = vec2f(e) - vec2f(user_shrink.y, item_shrink.y) * biases; }
        new_u[BIAS_AT] += user_rates.y * slopes.x;
        new_v[BIAS_AT] += item_rates.y * slopes.y;
        if (OWN_RATES && goes_on) {
          let product = score - settings.mean - biases.x - biases.y;
          let user_slopes = vec2f(slope_squares(e, user_shrink.x, norms, product), slopes.x * slopes.x);
          let item_slopes = vec2f(slope_squares(e, item_shrink.x, norms.yx, product), slopes.y * slopes.y);
          let grown = squares + rating.weight * vec4f(user_slopes, item_slopes);
          user_rows[rating.user + BLOCKS] = vec4f(grown.xy, 0.0, 0.0);
          item_rows[rating.item + BLOCKS] = vec4f(grown.zw, 0.0, 0.0);
        }
      }
      if (goes_on && b < BLOCKS) {
        user_rows[rating.user + b] = new_u;
        item_rows[rating.item + b] = new_v;
      }
    }
  }
}

// What the lane has of a rating: its rows' first vec4s.
fn rating_of(words: vec4u, lane: u32) -> Rating {
  return Rating(
    passed_word(words.x, lane) * STRIDE,
    passed_word(words.y, lane) * STRIDE,
    bitcast<f32>(passed_word(words.z, lane)),
    bitcast<f32>(passed_word(words.w, lane)),
  );
}

// What a lane of the team has. A team of one lane has nothing to pass.
fn passed(x: f32, lane: u32) -> f32 {
  if (TEAM == 1u) { return x; }
  return subgroupShuffle(x, lane);
}

fn passed_word(x: u32, lane: u32) -> u32 {
  if (TEAM == 1u) { return x; }
  return subgroupShuffle(x, lane);
}

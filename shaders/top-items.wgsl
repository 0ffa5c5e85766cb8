// The best items of a batch of users, in three kernels: scores u·v + α b of all items, the lowest number where a user has seen an item, and
// the k best of each user by k passes over its scores, ties going to the lower index. Spec §7.
// Launch: score_items a lane an item and user; mask_seen a lane a pair; top_items a workgroup of LANES a user.
// Workgroup memory: LANES pairs. Twin: src/recommend/score.ts.

struct Settings {
  items: u32,
  users: u32,
  // Index of the batch's first user.
  first: u32,
  pairs: u32,
  k: u32,
  alpha: f32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read> user_rows: array<vec4f>;
@group(0) @binding(2) var<storage, read> item_rows: array<vec4f>;
// Places in `scores` that are not to be listed.
@group(0) @binding(3) var<storage, read> seen: array<u32>;
@group(0) @binding(4) var<storage, read_write> scores: array<f32>;
// [users, k]; NO_ITEM where a user has fewer unseen items.
@group(0) @binding(5) var<storage, read_write> best: array<u32>;

const LOWEST = -3.0e38;
const NO_ITEM = 0xffffffffu;

@compute @workgroup_size(LANES)
fn score_items(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= settings.items || id.y >= settings.users) { return; }
  let user = (settings.first + id.y) * STRIDE;
  let item = id.x * STRIDE;
  var score = 0.0;
  for (var block = 0u; block < BLOCKS; block++) {
    var u = user_rows[user + block];
    if (block == BIAS_BLOCK) { u[BIAS_AT] = settings.alpha; }
    score += dot(u, item_rows[item + block]);
  }
  scores[id.y * settings.items + id.x] = score;
}

@compute @workgroup_size(LANES)
fn mask_seen(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = (group.y * groups.x + group.x) * LANES + lane;
  if (at < settings.pairs) { scores[seen[at]] = LOWEST; }
}

var<workgroup> lane_score: array<f32, LANES>;
var<workgroup> lane_item: array<u32, LANES>;

fn is_better(score: f32, item: u32, other_score: f32, other_item: u32) -> bool {
  return score > other_score || (score == other_score && item < other_item);
}

@compute @workgroup_size(LANES)
fn top_items(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x * settings.items;
  for (var rank = 0u; rank < settings.k; rank++) {
    var score = LOWEST;
    var found = NO_ITEM;
    for (var item = lane; item < settings.items; item += LANES) {
      if (scores[row + item] > score) {
        score = scores[row + item];
        found = item;
      }
    }
    lane_score[lane] = score;
    lane_item[lane] = found;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (lane < half && is_better(lane_score[lane + half], lane_item[lane + half], lane_score[lane], lane_item[lane])) {
        lane_score[lane] = lane_score[lane + half];
        lane_item[lane] = lane_item[lane + half];
      }
    }
    workgroupBarrier();
    let winner = lane_item[0];
    // The lane that owns the winner takes it out for the passes to come.
    if (winner != NO_ITEM && winner % LANES == lane) { scores[row + winner] = LOWEST; }
    if (lane == 0u) { best[group.x * settings.k + rank] = winner; }
    workgroupBarrier();
  }
}

// The best items of every user of a batch, out of their scores for a run of items and the list that earlier runs left. Spec §7.
//
// `mask_seen` marks the scores of the items that a user has seen. `top_items` then reads every score once: what is better than the worst of
// the list goes to a free place in workgroup memory; when these run out, all places are sorted and the best kept. Lanes stream on
// by themselves in between, so the order of arrival varies, but not which items are the best: of equal scores the lower index.
// Lists longer than a workgroup holds are made in rounds, each taking only what stands behind the last of the round before.
//
// Launch: a workgroup of LANES a user, both kernels. Workgroup memory: PLACES pairs. Twin: src/recommend/score.ts.

struct Settings {
  // Length of a row of scores.
  width: u32,
  // Index of the run's first item.
  first_item: u32,
  // Length of a list, and the part of it that this round makes.
  k: u32,
  from_rank: u32,
  ranks: u32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read_write> scores: array<f32>;
@group(0) @binding(1) var<storage, read_write> score_quads: array<vec4f>;
// Items of the run that each user has seen, from the run's first: rows of `seen_items`.
@group(0) @binding(2) var<storage, read> seen_start: array<u32>;
@group(0) @binding(3) var<storage, read> seen_items: array<u32>;
// [users, k]; EMPTY and NO_ITEM where a user has fewer unseen items.
@group(0) @binding(4) var<storage, read_write> list_scores: array<f32>;
@group(0) @binding(5) var<storage, read_write> list_items: array<u32>;

const HIGHEST = 3.4e38;
const EMPTY = -3.3e38;
const NO_ITEM = 0xffffffffu;

@compute @workgroup_size(LANES)
fn mask_seen(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let user = group.x;
  for (var at = seen_start[user] + lane; at < seen_start[user + 1u]; at += LANES) {
    scores[user * settings.width + seen_items[at]] = MASKED;
  }
}

// The list so far, best first, then candidates in any order.
var<workgroup> place_score: array<f32, PLACES>;
var<workgroup> place_item: array<u32, PLACES>;
// Places asked for: more than there are when some lane found none.
var<workgroup> taken: atomic<u32>;
var<workgroup> overflown: u32;

fn is_better(score: f32, item: u32, than_score: f32, than_item: u32) -> bool {
  return score > than_score || (score == than_score && item < than_item);
}

// Bitonic sort of all places, best first.
fn sort_places(lane: u32) {
  for (var size = 2u; size <= PLACES; size *= 2u) {
    for (var half = size / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      for (var pair = lane; pair < PLACES / 2u; pair += LANES) {
        let a = 2u * pair - (pair & (half - 1u));
        let b = a + half;
        let score_a = place_score[a];
        let score_b = place_score[b];
        let item_a = place_item[a];
        let item_b = place_item[b];
        if (is_better(score_b, item_b, score_a, item_a) == ((a & size) == 0u)) {
          place_score[a] = score_b;
          place_score[b] = score_a;
          place_item[a] = item_b;
          place_item[b] = item_a;
        }
      }
    }
  }
  workgroupBarrier();
}

@compute @workgroup_size(LANES)
fn top_items(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let list = group.x * settings.k + settings.from_rank;
  let quads = settings.width / 4u;
  let row = group.x * quads;
  var above_score = HIGHEST;
  var above_item = 0u;
  if (settings.from_rank > 0u) {
    above_score = list_scores[list - 1u];
    above_item = list_items[list - 1u];
  }
  for (var place = lane; place < PLACES; place += LANES) {
    let listed = settings.first_item > 0u && place < settings.ranks;
    place_score[place] = EMPTY;
    place_item[place] = NO_ITEM;
    if (listed) {
      place_score[place] = list_scores[list + place];
      place_item[place] = list_items[list + place];
    }
  }
  if (lane == 0u) { atomicStore(&taken, select(0u, settings.ranks, settings.first_item > 0u)); }
  workgroupBarrier();

  var quad = lane;
  var more = true;
  while (more) {
    let worst_score = place_score[settings.ranks - 1u];
    let worst_item = place_item[settings.ranks - 1u];
    workgroupBarrier();
    while (quad < quads) {
      let found = score_quads[row + quad];
      if (any(found >= vec4f(worst_score))) {
        let item = settings.first_item + 4u * quad;
        var wanted: array<bool, 4>;
        var count = 0u;
        for (var c = 0u; c < 4u; c++) {
          wanted[c] = is_better(found[c], item + c, worst_score, worst_item) && is_better(above_score, above_item, found[c], item + c);
          count += u32(wanted[c]);
        }
        var place = atomicAdd(&taken, count);
        if (place + count > PLACES) { break; }
        for (var c = 0u; c < 4u; c++) {
          if (wanted[c]) {
            place_score[place] = found[c];
            place_item[place] = item + c;
            place++;
          }
        }
      }
      quad += LANES;
    }
    workgroupBarrier();
    if (lane == 0u) { overflown = u32(atomicLoad(&taken) > PLACES); }
    sort_places(lane);
    more = workgroupUniformLoad(&overflown) == 1u;
    for (var place = settings.ranks + lane; more && place < PLACES; place += LANES) {
      place_score[place] = EMPTY;
      place_item[place] = NO_ITEM;
    }
    if (lane == 0u) { atomicStore(&taken, settings.ranks); }
    workgroupBarrier();
  }
  for (var rank = lane; rank < settings.ranks; rank += LANES) {
    list_scores[list + rank] = place_score[rank];
    list_items[list + rank] = place_item[rank];
  }
}

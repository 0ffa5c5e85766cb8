// The best items of every user of a batch, out of their scores for a run of items and the list that earlier runs left.
//
// `mask_seen` marks the scores of the items that a user has seen. `top_items` then reads every score once: what is
// better than the worst of the list goes to a free place in workgroup memory; when these run out, all places are sorted
// and the best kept. Lanes stream on by themselves in between, so the order of arrival varies, but not which items are
// the best: of equal scores the lower index. Lists longer than a workgroup holds are made in rounds, each taking only
// what stands behind the last of the round before.
//
// Launch: a workgroup of LANES per user, both kernels. Workgroup memory: PLACES pairs. Twin: src/recommend/score.ts.

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

// A score's bits and its item.
alias Place = vec2u;

// The list so far, best first, then candidates in any order.
var<workgroup> places: array<Place, PLACES>;
// Places asked for: more than there are when some lane found none.
var<workgroup> taken: atomic<u32>;
var<workgroup> overflown: u32;

fn place_of(score: f32, item: u32) -> Place {
  return Place(bitcast<u32>(score), item);
}

fn is_better(a: Place, b: Place) -> bool {
  let score_a = bitcast<f32>(a.x);
  let score_b = bitcast<f32>(b.x);
  return score_a > score_b || (score_a == score_b && a.y < b.y);
}

// Bitonic sort of all places, best first.
fn sort_places(lane: u32) {
  for (var size = 2u; size <= PLACES; size *= 2u) {
    for (var half = size / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      for (var pair = lane; pair < PLACES / 2u; pair += LANES) {
        let at = 2u * pair - (pair & (half - 1u));
        let a = places[at];
        let b = places[at + half];
        if (is_better(b, a) == ((at & size) == 0u)) {
          places[at] = b;
          places[at + half] = a;
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
  let none = place_of(EMPTY, NO_ITEM);
  var above = place_of(HIGHEST, 0u);
  if (settings.from_rank > 0u) { above = place_of(list_scores[list - 1u], list_items[list - 1u]); }
  for (var rank = lane; rank < PLACES; rank += LANES) {
    places[rank] = none;
    if (settings.first_item > 0u && rank < settings.ranks) { places[rank] = place_of(list_scores[list + rank], list_items[list + rank]); }
  }
  if (lane == 0u) { atomicStore(&taken, select(0u, settings.ranks, settings.first_item > 0u)); }
  workgroupBarrier();

  var quad = lane;
  var more = true;
  while (more) {
    let worst = places[settings.ranks - 1u];
    workgroupBarrier();
    while (quad < quads) {
      let found = score_quads[row + quad];
      if (any(found >= vec4f(bitcast<f32>(worst.x)))) {
        var wanted: array<bool, 4>;
        var count = 0u;
        for (var c = 0u; c < 4u; c++) {
          let candidate = place_of(found[c], settings.first_item + 4u * quad + c);
          wanted[c] = is_better(candidate, worst) && is_better(above, candidate);
          count += u32(wanted[c]);
        }
        var place = atomicAdd(&taken, count);
        // The lane comes back to this quad when there is room again.
        if (place + count > PLACES) { break; }
        for (var c = 0u; c < 4u; c++) {
          if (wanted[c]) {
            places[place] = place_of(found[c], settings.first_item + 4u * quad + c);
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
    for (var rank = settings.ranks + lane; more && rank < PLACES; rank += LANES) { places[rank] = none; }
    if (lane == 0u) { atomicStore(&taken, settings.ranks); }
    workgroupBarrier();
  }
  for (var rank = lane; rank < settings.ranks; rank += LANES) {
    list_scores[list + rank] = bitcast<f32>(places[rank].x);
    list_items[list + rank] = places[rank].y;
  }
}

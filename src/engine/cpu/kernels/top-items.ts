// The best items of a batch of users, by scores u·v + α b. Users are packed in fours and items in panels of PANEL,
// factor by factor, so that scores are `tiles`: four users by a panel. An item that beats the worst of a user's list
// goes into the list, a heap with the worst on top; items come in ascending order, so that of equal scores the lower
// index is there first. Twin: src/engine/reference/top-items.ts.

import { D, K, rowBlocks, rowBytes } from "./shape";
import { SET, tiles } from "./tiles";

const PANEL: i32 = 64;
const PANEL_BYTES: usize = 256;

// Packed users and the packed panel; scores of four users; lists of every user: scores, items, lengths; seen items:
// where each user's begin, [users + 1], the items, and how far they have been gone through.
let packedUsers: usize, packedPanel: usize, scores: usize;
let listScores: usize, listItems: usize, lengths: usize;
let seenStart: usize, seenItems: usize, cursors: usize;
let most: i32;

export function setLists(
  usersAt: usize, panelAt: usize, scoresAt: usize, listScoresAt: usize, listItemsAt: usize, lengthsAt: usize,
  seenStartAt: usize, seenItemsAt: usize, cursorsAt: usize, k: i32,
): void {
  packedUsers = usersAt;
  packedPanel = panelAt;
  scores = scoresAt;
  listScores = listScoresAt;
  listItems = listItemsAt;
  lengths = lengthsAt;
  seenStart = seenStartAt;
  seenItems = seenItemsAt;
  cursors = cursorsAt;
  most = k;
}

/**
 * Four rows, number by number: row r of the result holds number r of each.
 *
 * @param toBytes from one such row to the next.
 */
function transposeFour(from: usize, to: usize, toBytes: usize): void {
  for (let block = 0; block < rowBlocks; block++) {
    const a = v128.load(from), b = v128.load(from + rowBytes), c = v128.load(from + 2 * rowBytes), d = v128.load(from + 3 * rowBytes);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const AB = v128.shuffle<f32>(a, b, 2, 6, 3, 7), CD = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
    v128.store(to + toBytes, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
    v128.store(to + 2 * toBytes, v128.shuffle<f32>(AB, CD, 0, 1, 4, 5));
    v128.store(to + 3 * toBytes, v128.shuffle<f32>(AB, CD, 2, 3, 6, 7));
    from += 16;
    to += 4 * toBytes;
  }
}

/** Begins the lists of a batch. @param rows of the users, with room for whole fours. */
export function beginLists(rows: usize, users: i32, alpha: f32): void {
  const groupBytes = rowBytes << 2;
  for (let group = 0; group << 2 < users; group++) {
    const to = packedUsers + <usize>group * groupBytes;
    transposeFour(rows + <usize>group * groupBytes, to, 16);
    // An item's bias is multiplied with α.
    v128.store(to + (<usize>K << 4), v128.splat<f32>(alpha));
  }
  for (let user = 0; user < users; user++) {
    const at = <usize>user << 2;
    store<i32>(lengths + at, 0);
    store<u32>(cursors + at, load<u32>(seenStart + at) - load<u32>(seenStart));
  }
}

/**
 * Goes on with a panel of items, of which `first` is the first one's number.
 *
 * @param rows with room for a whole panel.
 */
export function listPanel(rows: usize, first: u32, count: i32, users: i32): void {
  for (let item = 0; item < count; item += 4)
    transposeFour(rows + <usize>item * rowBytes, packedPanel + (<usize>item << 2), PANEL_BYTES);
  for (let group = 0; group << 2 < users; group++) {
    tiles(scores, PANEL_BYTES, packedPanel, PANEL_BYTES, packedUsers + <usize>group * (rowBytes << 2), 16, D, (count + 3) >> 2, SET);
    for (let user = group << 2; user < min(users, (group << 2) + 4); user++) choose(user, scores + <usize>(user & 3) * PANEL_BYTES, first, count);
  }
}

function choose(user: i32, row: usize, first: u32, count: i32): void {
  for (let beyond = count; beyond & 3; beyond++) store<f32>(row + (<usize>beyond << 2), -Infinity);
  const cursorAt = cursors + (<usize>user << 2);
  const last = load<u32>(seenStart + (<usize>(user + 1) << 2)) - load<u32>(seenStart);
  let cursor = load<u32>(cursorAt);
  for (; cursor < last; cursor++) {
    const item = load<u32>(seenItems + (<usize>cursor << 2));
    if (item >= first + <u32>count) break;
    if (item >= first) store<f32>(row + (<usize>(item - first) << 2), -Infinity);
  }
  store<u32>(cursorAt, cursor);
  const list = listScores + <usize>user * (<usize>most << 2), items = listItems + <usize>user * (<usize>most << 2);
  const lengthAt = lengths + (<usize>user << 2);
  let length = load<i32>(lengthAt);
  let bar: f32 = length === most ? load<f32>(list) : -Infinity;
  for (let item = 0; item < count; item += 4) {
    const four = row + (<usize>item << 2);
    if (!v128.any_true(v128.gt<f32>(v128.load(four), v128.splat<f32>(bar)))) continue;
    for (let lane = 0; lane < 4; lane++) {
      const score = load<f32>(four + (<usize>lane << 2));
      if (!(score > bar)) continue;
      if (length < most) rise(list, items, length++, score, first + item + lane);
      else sink(list, items, length, score, first + item + lane);
      if (length === most) bar = load<f32>(list);
    }
  }
  store<i32>(lengthAt, length);
}

// @ts-ignore: decorator
@inline
function worse(score: f32, item: u32, thanScore: f32, thanItem: u32): bool {
  return score < thanScore || (score === thanScore && item > thanItem);
}

// @ts-ignore: decorator
@inline
function put(list: usize, items: usize, at: i32, score: f32, item: u32): void {
  store<f32>(list + (<usize>at << 2), score);
  store<u32>(items + (<usize>at << 2), item);
}

/** Adds to the heap, from its end up. */
function rise(list: usize, items: usize, at: i32, score: f32, item: u32): void {
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const parentScore = load<f32>(list + (<usize>parent << 2)), parentItem = load<u32>(items + (<usize>parent << 2));
    if (!worse(score, item, parentScore, parentItem)) break;
    put(list, items, at, parentScore, parentItem);
    at = parent;
  }
  put(list, items, at, score, item);
}

/** Replaces the top of a heap of this length, from it down. */
function sink(list: usize, items: usize, length: i32, score: f32, item: u32): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= length) break;
    let childScore = load<f32>(list + (<usize>child << 2)), childItem = load<u32>(items + (<usize>child << 2));
    if (child + 1 < length) {
      const otherScore = load<f32>(list + (<usize>child << 2), 4), otherItem = load<u32>(items + (<usize>child << 2), 4);
      if (worse(otherScore, otherItem, childScore, childItem)) {
        child++;
        childScore = otherScore;
        childItem = otherItem;
      }
    }
    if (!worse(childScore, childItem, score, item)) break;
    put(list, items, at, childScore, childItem);
    at = child;
  }
  put(list, items, at, score, item);
}

/** Sorts the lists, best first; places that are left over hold no item. */
export function endLists(users: i32): void {
  for (let user = 0; user < users; user++) {
    const list = listScores + <usize>user * (<usize>most << 2), items = listItems + <usize>user * (<usize>most << 2);
    const length = load<i32>(lengths + (<usize>user << 2));
    for (let rest = length - 1; rest > 0; rest--) {
      const worstScore = load<f32>(list), worstItem = load<u32>(items);
      sink(list, items, rest, load<f32>(list + (<usize>rest << 2)), load<u32>(items + (<usize>rest << 2)));
      put(list, items, rest, worstScore, worstItem);
    }
    for (let at = length; at < most; at++) store<u32>(items + (<usize>at << 2), 0xffffffff);
  }
}

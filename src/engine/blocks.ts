// How rows and ratings are dealt into blocks. Whoever computes them, wherever, the blocks are the same, so that what
// comes of them does not depend on how many take part.

import { counterKey, counterOrder, counterWords, mixedWords } from "../random-counter.js";
import type { RatingColumns } from "../ratings/rating-columns.js";
import type { RowSlice, Side } from "./engine.js";

/** Sums over the training ratings are cut where a block of users ends: into so many blocks at most. */
const MOST_USER_BLOCKS = 4096;
/** What a row costs beside its ratings, in ratings, about. */
const RATINGS_PER_ROW = 8;

/** Users of a block: what sessions that share a workload hold is cut between them. */
export const usersPerBlock = (users: number): number => Math.max(1, Math.ceil(users / MOST_USER_BLOCKS));

/**
 * Cuts rows into runs of about equal cost.
 *
 * @param lengths ratings of each row. @param unit cuts lie at multiples of it.
 * @returns first row of each run, and the end, [runs + 1].
 */
export function cutByCost(
  lengths: Uint32Array,
  runs: number,
  unit = 1,
  { from, to }: RowSlice = { from: 0, to: lengths.length },
): Uint32Array {
  let total = 0;
  for (let row = from; row < to; row++) total += lengths[row] + RATINGS_PER_ROW;
  const cuts = new Uint32Array(runs + 1).fill(to);
  cuts[0] = from;
  let sum = 0;
  let run = 1;
  for (let row = from; row < to && run < runs; row++) {
    // The nearer of the two ends of a row that crosses the mark; no run is left without rows while there are some.
    const cost = lengths[row] + RATINGS_PER_ROW;
    if (row % unit === 0 && row > cuts[run - 1]) {
      const mark = (total * run) / runs;
      if (sum + cost / 2 > mark || to - row <= (runs - run) * unit) cuts[run++] = row;
    }
    sum += cost;
  }
  return cuts;
}

/**
 * Blocks of sums over the training ratings: those of each block of users, cut again where they are many.
 *
 * @param start of the ratings by user. @param rows the users whose ratings there are.
 * @returns first rating of each block, and the end.
 */
export function ratingBlocks(start: Uint32Array, rows: RowSlice, mostRatings: number): Uint32Array {
  const users = usersPerBlock(start.length - 1);
  const first: number[] = [];
  for (let row = rows.from; row < rows.to;) {
    const next = Math.min(rows.to, (Math.floor(row / users) + 1) * users);
    for (let at = start[row]; at < start[next]; at += mostRatings) first.push(at);
    row = next;
  }
  first.push(start[rows.to]);
  return Uint32Array.from(first);
}

/** Ratings of a block at most, of so many in all: never more than a device can dispatch workgroups. */
export const ratingsPerBlock = (total: number): number =>
  SHORTEST_BLOCK * Math.max(1, Math.ceil(total / (SHORTEST_BLOCK * MOST_RATING_BLOCKS)));
const SHORTEST_BLOCK = 8192;
const MOST_RATING_BLOCKS = 32_768;

/** Blocks of so many of `count` ratings each. */
export function evenBlocks(count: number, size: number): Uint32Array {
  const first = Uint32Array.from({ length: Math.ceil(count / size) + 1 }, (_, block) => block * size);
  first[first.length - 1] = count;
  return first;
}

/**
 * The conflict-free schedule of stochastic gradient descent: users and items are dealt into B groups each, which cuts
 * the ratings into a B × B grid. The B blocks of one round, (g, g + r mod B), share no user and no item, so that they
 * can run side by side, and the result does not depend on how.
 */
export interface Dealing {
  /** B. */
  readonly groups: number;
  /** First user of each group, and the end, [B + 1]. */
  readonly users: Uint32Array;
  /** Group of each item. */
  readonly itemGroup: Uint32Array;
}

export interface BlockPlan {
  /** B. */
  readonly groups: number;
  /** First rating of each block, [B · B + 1]; the block of user group g and item group h is number g · B + h. */
  readonly start: Uint32Array;
  /** The ratings, block by block, shuffled within each. */
  readonly user: Uint32Array;
  readonly item: Uint32Array;
  readonly value: Float32Array;
  readonly weight?: Float32Array | undefined;
}

/** Blocks of a few ratings each, and no more groups than there are users or items. */
const RATINGS_PER_BLOCK = 16;
const MOST_GROUPS = 2048;
/** Rounds of a family, and how many families there are at least, so that their order is one of many: see `roundsOf`. */
const FAMILY = 4;
const FEWEST_FAMILIES = 16;

/** How the rows of a side are cut on a device: `count` runs of `size` rows, the last one shorter. */
interface RowCut {
  readonly size: number;
  readonly count: number;
}

/** First group of a shard's rows, when B groups are shared out among so many shards. */
export const firstGroupOf = (shard: number, shards: number, B: number): number => Math.floor((shard * B) / shards);

/**
 * Users in runs of about equal cost, so that whoever holds some of them holds whole groups; items by their ratings.
 *
 * @param lengths ratings of each row. @param cuts where the rows of both sides are cut:
 *   no group has rows of two shards. Default: nowhere.
 */
export function dealRows(lengths: Readonly<Record<Side, Uint32Array>>, seed: number, cuts?: Readonly<Record<Side, RowCut>>): Dealing {
  const [users, items] = [lengths.users.length, lengths.items.length];
  let count = 0;
  for (let row = 0; row < users; row++) count += lengths.users[row];
  const { users: userCut, items: itemCut } = cuts ?? { users: { size: users, count: 1 }, items: { size: items, count: 1 } };
  const unit = userCut.count === 1 ? usersPerBlock(users) : 1;
  const wanted = Math.min(Math.ceil(Math.sqrt(count / RATINGS_PER_BLOCK)), MOST_GROUPS, Math.ceil(users / unit), items);
  const B = Math.max(1, userCut.count, itemCut.count, wanted < FAMILY * FEWEST_FAMILIES ? wanted : wanted - (wanted % FAMILY));
  const firstUsers = new Uint32Array(B + 1);
  for (let shard = 0; shard < userCut.count; shard++) {
    const first = firstGroupOf(shard, userCut.count, B);
    const slice = { from: shard * userCut.size, to: Math.min(users, (shard + 1) * userCut.size) };
    firstUsers.set(cutByCost(lengths.users, firstGroupOf(shard + 1, userCut.count, B) - first, unit, slice), first);
  }
  const itemGroup = new Uint32Array(items);
  const chances = counterWords(counterKey(seed, "item groups"), 0, items);
  for (let shard = 0; shard < itemCut.count; shard++) {
    const here = { from: shard * itemCut.size, to: Math.min(items, (shard + 1) * itemCut.size) };
    const groups = { from: firstGroupOf(shard, itemCut.count, B), to: firstGroupOf(shard + 1, itemCut.count, B) };
    dealByRatings(lengths.items, chances, here, groups, itemGroup);
  }
  return { groups: B, users: firstUsers, itemGroup };
}

/**
 * Deals rows, those of most ratings first, a row to each group at a time, of which the one of fewest ratings chooses
 * first: a round waits for its longest block.
 *
 * @param chances a random number of each row, which decides between rows of equal length.
 */
function dealByRatings(lengths: Uint32Array, chances: Uint32Array, rows: RowSlice, groups: RowSlice, groupOf: Uint32Array): void {
  const order = Uint32Array.from({ length: rows.to - rows.from }, (_, at) => rows.from + at);
  order.sort((a, b) => lengths[b] - lengths[a] || chances[a] - chances[b]);
  const next = Array.from({ length: groups.to - groups.from }, (_, at) => ({ group: groups.from + at, ratings: 0 }));
  for (let from = 0; from < order.length; from += next.length) {
    next.sort((a, b) => a.ratings - b.ratings || a.group - b.group);
    for (const [at, row] of order.subarray(from, from + next.length).entries()) {
      groupOf[row] = next[at].group;
      next[at].ratings += lengths[row];
    }
  }
}

/** The ratings in their blocks, in an order within each that depends on the seed, the user and the item alone. */
export function planBlocks(
  { user, item, value, weight }: RatingColumns,
  { groups: B, users, itemGroup }: Dealing,
  seed: number,
): BlockPlan {
  const count = value.length;
  const groupOfUser = new Uint32Array(users[B]);
  for (let group = 0; group < B; group++) groupOfUser.fill(group, users[group], users[group + 1]);
  const blockOf = (at: number): number => groupOfUser[user[at]] * B + itemGroup[item[at]];
  const start = new Uint32Array(B * B + 1);
  for (let at = 0; at < count; at++) start[blockOf(at) + 1]++;
  for (let block = 0; block < B * B; block++) start[block + 1] += start[block];
  const next = start.slice();
  const order = new Uint32Array(count);
  for (let at = 0; at < count; at++) order[next[blockOf(at)]++] = at;
  const plan = {
    groups: B,
    start,
    user: new Uint32Array(count),
    item: new Uint32Array(count),
    value: new Float32Array(count),
    weight: weight && new Float32Array(count),
  };
  const word = seed >>> 0;
  let keys = new Float64Array(0);
  for (let block = 0; block < B * B; block++) {
    const [first, end] = [start[block], start[block + 1]];
    if (keys.length < end - first) keys = new Float64Array(2 * (end - first));
    // Random bits above, the place below: together they are exact in a float64.
    for (let at = first; at < end; at++)
      keys[at - first] = (mixedWords(word, user[order[at]], item[order[at]], 0x5bd1e995)[0] >>> 11) * 2 ** 32 + (at - first);
    sortFirst(keys, end - first);
    for (let at = first; at < end; at++) {
      // The place alone, without a division.
      const from = order[first + (keys[at - first] >>> 0)];
      plan.user[at] = user[from];
      plan.item[at] = item[from];
      plan.value[at] = value[from];
      if (plan.weight) plan.weight[at] = weight![from];
    }
  }
  return plan;
}

/** So few numbers are sorted sooner than a call that sorts more begins. */
const FEW_NUMBERS = 32;

/** Sorts the first `count` of some numbers. */
function sortFirst(numbers: Float64Array, count: number): void {
  if (count > FEW_NUMBERS) return void numbers.subarray(0, count).sort();
  for (let at = 1; at < count; at++) {
    const number = numbers[at];
    let to = at;
    for (; to > 0 && numbers[to - 1] > number; to--) numbers[to] = numbers[to - 1];
    numbers[to] = number;
  }
}

/** How many rounds make a family of `roundsOf`: one alone where B is small, or no multiple of a family. */
export const familyOf = (B: number): number => (B % FAMILY === 0 && B >= FAMILY * FEWEST_FAMILIES ? FAMILY : 1);

/** How the rounds of 4, 2 or 1 that are taken at once follow each other, in steps of B over their number. */
export const familySteps = (rounds: number): readonly number[] => (rounds === 4 ? [0, 2, 1, 3] : rounds === 2 ? [0, 1] : [0]);

/**
 * The order of an epoch's rounds: every round once, by families, whose order is seeded. A family is r, r + B/2, r + B/4,
 * r + 3B/4. In its rounds the user groups g, g + B/4, g + B/2 and g + 3B/4 meet the same four groups of items, which no
 * other user meets. So whoever takes all their blocks, round by round, need not wait for others in between, and the
 * results are the same. In its first two rounds, and in its last two, the groups g and g + B/2 do so.
 */
export function roundsOf(groups: number, seed: number, epoch: number): Uint32Array {
  const family = familyOf(groups);
  const apart = groups / family;
  const firsts = counterOrder(apart, counterKey(seed, "rounds", epoch));
  const steps = familySteps(family);
  return Uint32Array.from({ length: groups }, (_, at) => firsts[Math.floor(at / family)] + steps[at % family] * apart);
}

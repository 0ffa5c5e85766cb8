// The conflict-free schedule of stochastic gradient descent: users and items are dealt into B groups each, which cuts
// the ratings into a B × B grid. The B blocks of one round, (g, g + r mod B), share no user and no item, so that they
// can run side by side, and the result does not depend on how.

import { seededRandom } from "../random.js";
import type { RatingColumns } from "../ratings/rating-columns.js";

export interface BlockPlan {
  /** B. */
  readonly groups: number;
  /** First rating of each block, [B · B + 1]; the block of user group g and item group h is number g · B + h. */
  readonly start: Uint32Array;
  /** The ratings, block by block, shuffled within each. */
  readonly user: Uint32Array;
  readonly item: Uint32Array;
  readonly value: Float32Array;
}

/** Blocks of a few ratings each, and no more groups than there are users or items. */
const RATINGS_PER_BLOCK = 16;
const MOST_GROUPS = 2048;

/** How the rows of a side are cut on a device: `count` runs of `size` rows, the last one shorter. */
interface RowCut {
  readonly size: number;
  readonly count: number;
}

/** First group of a shard's rows, when B groups are shared out among so many shards. */
export const firstGroupOf = (shard: number, shards: number, B: number): number => Math.floor((shard * B) / shards);

/** @param cuts where the rows of both sides are cut: no group has rows of two shards. Default: nowhere. */
export function planBlocks(
  { user, item, value }: RatingColumns,
  users: number,
  items: number,
  seed: number,
  cuts: { readonly users: RowCut; readonly items: RowCut } = { users: { size: users, count: 1 }, items: { size: items, count: 1 } },
): BlockPlan {
  const count = value.length;
  const wanted = Math.ceil(Math.sqrt(count / RATINGS_PER_BLOCK));
  const B = Math.max(1, cuts.users.count, cuts.items.count, Math.min(wanted, MOST_GROUPS, users, items));
  const random = seededRandom(seed);
  const shuffled = (length: number): Uint32Array => {
    const order = Uint32Array.from({ length }, (_, at) => at);
    for (let at = length - 1; at > 0; at--) {
      const other = random.below(at + 1);
      [order[at], order[other]] = [order[other], order[at]];
    }
    return order;
  };
  const [userPlace, itemPlace, order] = [shuffled(users), shuffled(items), shuffled(count)];
  const groupOf = (row: number, place: number, { size, count: shards }: RowCut): number => {
    if (shards === 1) return place % B;
    const shard = Math.floor(row / size);
    const first = firstGroupOf(shard, shards, B);
    return first + (place % (firstGroupOf(shard + 1, shards, B) - first));
  };
  const [groupOfUser, groupOfItem] = [
    userPlace.map((place, row) => groupOf(row, place, cuts.users)),
    itemPlace.map((place, row) => groupOf(row, place, cuts.items)),
  ];
  const blockOf = (at: number): number => groupOfUser[user[at]] * B + groupOfItem[item[at]];
  const start = new Uint32Array(B * B + 1);
  for (let at = 0; at < count; at++) start[blockOf(at) + 1]++;
  for (let block = 0; block < B * B; block++) start[block + 1] += start[block];
  const next = start.slice();
  const plan = { groups: B, start, user: new Uint32Array(count), item: new Uint32Array(count), value: new Float32Array(count) };
  for (const at of order) {
    const to = next[blockOf(at)]++;
    plan.user[to] = user[at];
    plan.item[to] = item[at];
    plan.value[to] = value[at];
  }
  return plan;
}

/** The order of an epoch's rounds, seeded: every round once. */
export function roundsOf(groups: number, seed: number, epoch: number): Uint32Array {
  const random = seededRandom(seed + 7919 * epoch);
  const rounds = Uint32Array.from({ length: groups }, (_, round) => round);
  for (let at = groups - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [rounds[at], rounds[other]] = [rounds[other], rounds[at]];
  }
  return rounds;
}

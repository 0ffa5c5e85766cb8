// What each rank holds of a training: slices of the rows of both sides, cut by cost, and a run of the held-out ratings.

import { cutByCost, type Dealing, dealRows, usersPerBlock } from "../engine/blocks.js";
import type { RowSlice, Share, Side, Workload } from "../engine/engine.js";
import type { Csr } from "../ratings/csr.js";
import { rowLengths, rowWeights } from "../ratings/csr.js";
import type { RatingColumns } from "../ratings/rating-columns.js";

/** Held-out ratings are shared out in whole runs of so many, in which engines add them up. */
const HELD_OUT_RUN = 8192;

/** How a workload is shared out. */
export interface Slices {
  readonly lengths: Share["lengths"];
  readonly weights?: Share["weights"];
  /** First row of each rank, and the end, [ranks + 1], of each side. */
  readonly rows: Readonly<Record<Side, Uint32Array>>;
  /** First held-out rating of each rank, and the end. */
  readonly heldOut: Uint32Array;
  /** Of stochastic steps: the groups of rows, and the first group of users of each rank. */
  readonly dealing?: Dealing | undefined;
  readonly groups?: Uint32Array | undefined;
}

/** What decides about slices: how many ratings rows have. */
interface SliceOutline {
  readonly lengths: Share["lengths"];
  readonly heldOut: number;
  /** Of stochastic steps. */
  readonly epochs?: { readonly seed: number } | undefined;
}

/** How a workload is shared out among so many ranks: the same for every rank. */
export function slicesOf({ lengths, heldOut: held, epochs }: SliceOutline, ranks: number): Slices {
  const runs = Math.ceil(held / HELD_OUT_RUN);
  const heldOut = Uint32Array.from({ length: ranks + 1 }, (_, rank) =>
    rank === ranks ? held : Math.min(held, Math.floor((runs * rank) / ranks) * HELD_OUT_RUN),
  );
  const items = cutByCost(lengths.items, ranks);
  if (!epochs) return { lengths, heldOut, rows: { users: cutByCost(lengths.users, ranks, usersPerBlock(lengths.users.length)), items } };
  const dealing = dealRows(lengths, epochs.seed);
  const groups = Uint32Array.from({ length: ranks + 1 }, (_, rank) => Math.floor((dealing.groups * rank) / ranks));
  return { lengths, heldOut, rows: { users: groups.map((group) => dealing.users[group]), items }, dealing, groups };
}

/** That of a whole workload, or of one that is shared out already. */
export function slicesOfWorkload({ byUser, byItem, heldOut, operations, share }: Workload, ranks: number): Slices {
  const lengths = share?.lengths ?? { users: rowLengths(byUser), items: rowLengths(byItem) };
  const sums = (rows: Csr): Float64Array => Float64Array.from(rowWeights(rows));
  const weights = share ? share.weights : byUser.weight && { users: sums(byUser), items: sums(byItem) };
  return { ...slicesOf({ lengths, heldOut: share?.heldOut ?? heldOut?.value.length ?? 0, epochs: operations.epochs }, ranks), weights };
}

/** The rows of one rank. */
export const sliceOf = (cuts: Uint32Array, rank: number): RowSlice => ({ from: cuts[rank], to: cuts[rank + 1] });

/** The part of a workload that a rank computes with: all rows, and the ratings of its own. */
export function partOf(workload: Workload, { rows, lengths, weights, heldOut }: Slices, rank: number): Workload {
  const own = { users: sliceOf(rows.users, rank), items: sliceOf(rows.items, rank) };
  return {
    ...workload,
    byUser: ownRows(workload.byUser, own.users),
    byItem: ownRows(workload.byItem, own.items),
    heldOut: workload.heldOut && ownRatings(workload.heldOut, sliceOf(heldOut, rank)),
    share: { rows: own, lengths, weights },
  };
}

/** The CSR with the rows of a slice only; all others are empty. */
function ownRows({ count, start, index, value, weight, row, unit }: Csr, { from, to }: RowSlice): Csr {
  const [first, last] = [start[from], start[to]];
  return {
    count,
    start: start.map((at) => Math.min(Math.max(at, first), last) - first),
    index: index.subarray(first, last),
    value: value.subarray(first, last),
    weight: weight?.subarray(first, last),
    row: row?.subarray(first, last),
    unit,
  };
}

const ownRatings = ({ user, item, value, weight, unit }: RatingColumns, { from, to }: RowSlice): RatingColumns => ({
  user: user.subarray(from, to),
  item: item.subarray(from, to),
  value: value.subarray(from, to),
  weight: weight?.subarray(from, to),
  unit,
});

/** Rows that a rank receives in a sweep, and how many of them its own ratings refer to. */
export function receivedRows(
  { byUser, byItem }: Pick<Workload, "byUser" | "byItem">,
  { rows }: Slices,
  rank: number,
): { all: number; needed: number } {
  const others = (csr: Csr, own: RowSlice, theirs: Uint32Array): { all: number; needed: number } => {
    const seen = new Uint8Array(theirs.at(-1)!);
    for (let at = csr.start[own.from]; at < csr.start[own.to]; at++) seen[csr.index[at]] = 1;
    const here = sliceOf(theirs, rank);
    seen.fill(0, here.from, here.to);
    return { all: seen.length - (here.to - here.from), needed: seen.reduce((sum, mark) => sum + mark, 0) };
  };
  const items = others(byUser, sliceOf(rows.users, rank), rows.items);
  const users = others(byItem, sliceOf(rows.items, rank), rows.users);
  return { all: items.all + users.all, needed: items.needed + users.needed };
}

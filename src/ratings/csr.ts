// Compressed sparse rows: the ratings sorted by one side by a counting sort, which keeps file order within a row.

import type { RatingColumns } from "./ratings.js";

/** Row `m` holds the ratings `start[m]` to `start[m + 1]` − 1; `index` is the dense index on the other side. */
export interface Csr {
  /** Number of rows. */
  readonly count: number;
  readonly start: Uint32Array;
  readonly index: Uint32Array;
  readonly value: Float32Array;
}

/** Columns do not change, so each side is sorted once. */
const built = new WeakMap<RatingColumns, { users?: Csr; items?: Csr }>();

/**
 * Sorts ratings into rows of one side. Asked again for the same ratings it gives the same arrays; of ratings that come row by row already,
 * they are the ratings' own columns.
 *
 * @param count number of rows of that side; rows without ratings are empty, never missing.
 */
export function buildCsr(ratings: RatingColumns, side: "users" | "items", count: number): Csr {
  let sides = built.get(ratings);
  if (!sides) built.set(ratings, (sides = {}));
  const known = sides[side];
  return known?.count === count ? known : (sides[side] = sorted(ratings, side, count));
}

function sorted({ user, item, value: unsorted }: RatingColumns, side: "users" | "items", count: number): Csr {
  const [row, other] = side === "users" ? [user, item] : [item, user];
  const start = new Uint32Array(count + 1);
  let ascending = true;
  let last = 0;
  for (const m of row) {
    start[m + 1]++;
    if (m < last) ascending = false;
    last = m;
  }
  for (let m = 0; m < count; m++) start[m + 1] += start[m];
  if (ascending) return { count, start, index: other, value: unsorted };
  const next = start.slice(0, count);
  const index = new Uint32Array(row.length);
  const value = new Float32Array(row.length);
  for (let at = 0; at < row.length; at++) {
    const to = next[row[at]]++;
    index[to] = other[at];
    value[to] = unsorted[at];
  }
  return { count, start, index, value };
}

/** The row of every rating of a CSR, in its order. */
export function rowOfEach(rows: Csr): Uint32Array {
  const row = new Uint32Array(rows.index.length);
  for (let m = 0; m < rows.count; m++) row.fill(m, rows.start[m], rows.start[m + 1]);
  return row;
}

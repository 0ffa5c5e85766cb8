// Compressed sparse rows: the ratings sorted by one side by a counting sort, which keeps file order within a row.

import type { RatingColumns, Ratings } from "./ratings.js";

/** Row `m` holds the ratings `start[m]` to `start[m + 1]` − 1; `index` is the dense index on the other side. */
export interface Csr {
  /** Number of rows. */
  readonly count: number;
  readonly start: Uint32Array;
  readonly index: Uint32Array;
  readonly value: Float32Array;
}

/**
 * Sorts ratings into rows of one side.
 *
 * @param count number of rows of that side; rows without ratings are empty, never missing.
 */
export function buildCsr(ratings: RatingColumns, side: "users" | "items", count: number): Csr {
  const row = side === "users" ? ratings.user : ratings.item;
  const other = side === "users" ? ratings.item : ratings.user;
  const start = new Uint32Array(count + 1);
  for (let at = 0; at < row.length; at++) start[row[at] + 1]++;
  for (let m = 0; m < count; m++) start[m + 1] += start[m];
  const next = start.slice(0, count);
  const index = new Uint32Array(row.length);
  const value = new Float32Array(row.length);
  for (let at = 0; at < row.length; at++) {
    const to = next[row[at]]++;
    index[to] = other[at];
    value[to] = ratings.value[at];
  }
  return { count, start, index, value };
}

const built = new WeakMap<Ratings, Partial<Record<"users" | "items", Csr>>>();

/** The CSR of a set of ratings by one side, built once for as long as the set lives: trainings on the same ratings share it. */
export function csrOf(ratings: Ratings, side: "users" | "items"): Csr {
  const known = built.get(ratings) ?? {};
  built.set(ratings, known);
  const count = ratings[side].size;
  // Ids may have been added since, by reading a test file that goes on from them.
  if (known[side]?.count !== count) known[side] = buildCsr(ratings, side, count);
  return known[side]!;
}

/** The row of every rating of a CSR, in its order. */
export function rowOfEach(rows: Csr): Uint32Array {
  const row = new Uint32Array(rows.index.length);
  for (let m = 0; m < rows.count; m++) row.fill(m, rows.start[m], rows.start[m + 1]);
  return row;
}

// How rows and ratings are cut so that every array fits a binding: the rows of a side into shards,
// the ratings between a shard of one side and a shard of the other into pieces. Where all fits, one
// shard, one piece, and nothing is copied.

import type { Csr } from "../../../ratings/csr.js";
import type { RatingColumns } from "../../../ratings/rating-columns.js";

/** The rows of a side, `size` to a buffer, the last one shorter. */
export class Shards {
  /** Rows of the side. */
  readonly rows: number;
  readonly size: number;
  readonly count: number;

  constructor(rows: number, most: number) {
    this.rows = rows;
    this.count = Math.max(1, Math.ceil(rows / most));
    this.size = Math.max(1, Math.ceil(rows / this.count));
  }

  from(shard: number): number {
    return Math.min(this.rows, shard * this.size);
  }

  to(shard: number): number {
    return this.from(shard + 1);
  }
}

/** Ratings of rows of one shard for rows of another. Rows and indices count from the first row of their shards. */
export interface Piece {
  readonly own: number;
  readonly other: number;
  /** Has a row for every row of its shard, with those of its ratings that are in this piece. */
  readonly csr: Csr;
}

/** Ratings by columns, with users and items counted from the first row of their shards. */
interface RatingPiece {
  readonly users: number;
  readonly items: number;
  readonly user: Uint32Array;
  readonly item: Uint32Array;
  readonly value: Float32Array;
  readonly weight?: Float32Array | undefined;
}

/**
 * Cuts the ratings of a side into pieces, in the order of its rows; what is cut keeps its order.
 *
 * @param mostRatings ratings a piece may have; a row of more is spread over several.
 */
export function cutPieces(rows: Csr, own: Shards, other: Shards, mostRatings: number): Piece[] {
  const pieces: Piece[] = [];
  for (let shard = 0; shard < own.count; shard++) {
    const [from, to] = [own.from(shard), own.to(shard)];
    const among = other.count === 1 ? [viewOf(rows, from, to)] : splitByShard(rows, from, to, other);
    among.forEach((csr, at) => {
      for (const cut of cutByCount(csr, mostRatings)) pieces.push({ own: shard, other: at, csr: cut });
    });
  }
  return pieces;
}

/** Ratings by columns, grouped by the shards of both sides, at most `mostRatings` together. */
export function cutRatings(ratings: RatingColumns, users: Shards, items: Shards, mostRatings: number): RatingPiece[] {
  const groups = users.count * items.count;
  const { user, item, value, weight } = ratings;
  if (groups === 1 && value.length <= mostRatings) return [{ users: 0, items: 0, user, item, value, weight }];
  const groupOf = (at: number): number =>
    Math.floor(ratings.user[at] / users.size) * items.count + Math.floor(ratings.item[at] / items.size);
  const start = new Uint32Array(groups + 1);
  const order = new Uint32Array(ratings.value.length);
  for (let at = 0; at < order.length; at++) start[groupOf(at) + 1]++;
  for (let group = 0; group < groups; group++) start[group + 1] += start[group];
  const next = start.slice(0, groups);
  for (let at = 0; at < order.length; at++) order[next[groupOf(at)]++] = at;
  const pieces: RatingPiece[] = [];
  for (let group = 0; group < groups; group++) {
    const [p, q] = [Math.floor(group / items.count), group % items.count];
    for (let from = start[group]; from < start[group + 1]; from += mostRatings) {
      const part = order.subarray(from, Math.min(from + mostRatings, start[group + 1]));
      pieces.push({
        users: p,
        items: q,
        user: part.map((at) => ratings.user[at] - users.from(p)),
        item: part.map((at) => ratings.item[at] - items.from(q)),
        value: Float32Array.from(part, (at) => ratings.value[at]),
        weight: weight && Float32Array.from(part, (at) => weight[at]),
      });
    }
  }
  return pieces;
}

/** Rows `from` to `to` − 1, with the arrays of the whole as far as they can be shared. */
function viewOf(rows: Csr, from: number, to: number): Csr {
  if (from === 0 && to === rows.count) return rows;
  const [first, last] = [rows.start[from], rows.start[to]];
  return {
    count: to - from,
    start: rows.start.subarray(from, to + 1).map((start) => start - first),
    index: rows.index.subarray(first, last),
    value: rows.value.subarray(first, last),
    weight: rows.weight?.subarray(first, last),
  };
}

/** The ratings of rows `from` to `to` − 1, a CSR for each shard of the other side. */
function splitByShard(rows: Csr, from: number, to: number, other: Shards): Csr[] {
  const parts = Array.from({ length: other.count }, () => new Uint32Array(to - from + 1));
  const shardOf = (at: number): number => Math.floor(rows.index[at] / other.size);
  for (let row = from; row < to; row++) {
    for (let at = rows.start[row]; at < rows.start[row + 1]; at++) parts[shardOf(at)][row - from + 1]++;
    for (const start of parts) start[row - from + 1] += start[row - from];
  }
  const split = parts.map((start) => {
    const count = start[to - from];
    return {
      count: to - from,
      start,
      index: new Uint32Array(count),
      value: new Float32Array(count),
      weight: rows.weight && new Float32Array(count),
    };
  });
  const next = new Uint32Array(other.count);
  for (let at = rows.start[from]; at < rows.start[to]; at++) {
    const shard = shardOf(at);
    const place = next[shard]++;
    split[shard].index[place] = rows.index[at] - other.from(shard);
    split[shard].value[place] = rows.value[at];
    if (rows.weight) split[shard].weight![place] = rows.weight[at];
  }
  return split;
}

/** Runs of at most `most` ratings, cut between rows where a row fits at all. */
function cutByCount(rows: Csr, most: number): Csr[] {
  const ratings = rows.start[rows.count];
  if (ratings <= most) return [rows];
  const cuts: Csr[] = [];
  for (let first = 0, row = 0; first < ratings;) {
    while (row < rows.count && rows.start[row + 1] <= first + most) row++;
    // Ends before `row`, the first that does not fit, unless it alone is more than a piece.
    const last = row < rows.count && rows.start[row] <= first ? first + most : rows.start[row];
    cuts.push({
      count: rows.count,
      start: rows.start.map((start) => Math.min(Math.max(start, first), last) - first),
      index: rows.index.subarray(first, last),
      value: rows.value.subarray(first, last),
      weight: rows.weight?.subarray(first, last),
    });
    first = last;
  }
  return cuts;
}

// How the ratings are spread: over the scale, over users, and over items.

import { firstWhere } from "../first-where.js";
import { compareIds, type RawId } from "./ids.js";
import { csrOf, rowLengths } from "./csr.js";
import { weightAt } from "./rating-columns.js";
import { checkArguments, hasPart, type Kind, NUMBERS, wholeFrom } from "../options.js";
import { type Ratings, RATINGS_KIND } from "./ratings.js";

/** Ratings from `from` up to but not including `to`; a single value of a scale where both are equal. */
export interface RatingBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

const VALUES_KIND: Kind = { ...NUMBERS, remedy: (value) => (hasPart(value, "value") ? "give its part value" : undefined) };
/** A scale with more values than this is cut into so many bins of equal width. */
const MOST_BINS = 20;

/** The values of a scale, or the bins over it, that stand for all ratings of a set: lowest first. */
export function ratingScale(values: Float32Array): Omit<RatingBin, "count">[] {
  checkArguments("ratingScale", { values: [values, VALUES_KIND] });
  const distinct = new Set<number>();
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (distinct.size <= MOST_BINS) distinct.add(value);
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (distinct.size <= MOST_BINS) return [...distinct].sort((a, b) => a - b).map((value) => ({ from: value, to: value }));
  const edge = (bin: number): number => least + ((most - least) * bin) / MOST_BINS;
  return Array.from({ length: MOST_BINS }, (_, bin) => ({ from: edge(bin), to: edge(bin + 1) }));
}

/** How many of the values fall into each bin of a scale, by default their own; the last bin holds its upper end too. */
export function ratingHistogram(values: Float32Array, bins?: readonly Omit<RatingBin, "count">[]): RatingBin[] {
  checkArguments("ratingHistogram", { values: [values, VALUES_KIND] });
  const scale = bins ?? ratingScale(values);
  const counts = new Uint32Array(scale.length);
  const begins = Float64Array.from(scale, ({ from }) => from);
  // Into the last bin that begins at or below the value.
  for (const value of values) counts[firstWhere(1, begins.length, (at) => !(begins[at] <= value)) - 1]++;
  return scale.map((bin, at) => ({ ...bin, count: counts[at] }));
}

/** Ratings of every user or item, [count], in index order. */
export function ratingsOfEach(ratings: Ratings, side: "users" | "items"): Uint32Array {
  checkArguments("ratingsOfEach", { ratings: [ratings, RATINGS_KIND] });
  return rowLengths(csrOf(ratings, side));
}

/** The values of one item's ratings. @param item its index. */
export function ratingsOfItem(ratings: Ratings, item: number): Float32Array {
  checkArguments("ratingsOfItem", { ratings: [ratings, RATINGS_KIND], item: [item, wholeFrom(0)] });
  const { start, value } = csrOf(ratings, "items");
  return value.subarray(start[item], start[item + 1]);
}

function meanOfItem(ratings: Ratings, item: number): number {
  const rows = csrOf(ratings, "items");
  const { start, value } = rows;
  let [sum, total] = [0, 0];
  for (let at = start[item]; at < start[item + 1]; at++) {
    const own = weightAt(rows, at);
    sum += own * value[at];
    total += own;
  }
  return sum / total;
}

/** An item and how it is rated. */
export interface RatedItem {
  readonly id: RawId;
  readonly title: string;
  readonly ratings: number;
  /** Of its ratings, weighted where they have weights, rating units. */
  readonly mean: number;
}

/** The items with the most ratings, of equals those of the lower raw id. */
export function mostRated(ratings: Ratings, n = 20): RatedItem[] {
  checkArguments("mostRated", { ratings: [ratings, RATINGS_KIND], n: [n, wholeFrom(1)] });
  const counts = ratingsOfEach(ratings, "items");
  return Array.from(counts, (_, item) => item)
    .sort((a, b) => counts[b] - counts[a] || compareIds(ratings.items.rawAt(a), ratings.items.rawAt(b)))
    .slice(0, n)
    .map((item) => {
      const id = ratings.items.rawAt(item);
      return { id, title: ratings.catalogue.title(id), ratings: counts[item], mean: meanOfItem(ratings, item) };
    });
}

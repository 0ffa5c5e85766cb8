// Splits ratings into training and held-out sets. Every split is a permutation of row numbers, so nothing is copied twice.

import { OptionsError, RatingsError } from "../errors.js";
import { seededRandom } from "../random.js";
import { buildCsr } from "./csr.js";
import type { Ratings } from "./ratings.js";

export interface SplitOptions {
  /** "random": any ratings; "user": the share of every user's ratings; "time": the latest. Default "random". */
  readonly by?: "random" | "user" | "time" | undefined;
  /** Share held out, in [0, 1). Default 0.2. */
  readonly share?: number | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
}

export interface Split {
  readonly train: Ratings;
  readonly heldOut: Ratings;
}

/**
 * Holds a share of the ratings out; both parts keep all users and items, so that indices agree.
 *
 * @throws OptionsError for a share outside [0, 1); RatingsError when a split by time finds no timestamps.
 */
export function splitRatings(ratings: Ratings, options: SplitOptions = {}): Split {
  const { by = "random", share = 0.2, seed = 1 } = options;
  if (!(share >= 0 && share < 1)) throw new OptionsError(`the held-out share is ${share}: it must be at least 0 and below 1`);
  const rows = shuffledRows(ratings.count, seed);
  const heldOut = Math.round(ratings.count * share);
  switch (by) {
    case "random":
      break;
    case "time": {
      const { time } = ratings;
      if (!time) throw new RatingsError("the ratings have no timestamps to split by", { remedy: "split at random or by user" });
      rows.sort((a, b) => time[a] - time[b] || a - b);
      break;
    }
    case "user":
      return splitByUser(ratings, rows, share);
    default:
      throw new OptionsError(`a split by "${String(by)}" is not known: it must be "random", "user" or "time"`);
  }
  return {
    train: ratings.select(rows.subarray(0, ratings.count - heldOut)),
    heldOut: ratings.select(rows.subarray(ratings.count - heldOut)),
  };
}

/** k splits in which every rating is held out exactly once. @throws OptionsError for fewer than 2 folds or more than there are ratings. */
export function* kFolds(ratings: Ratings, folds: number, seed = 1): Generator<Split> {
  if (!Number.isInteger(folds) || folds < 2 || folds > ratings.count) {
    throw new OptionsError(`folds is ${folds}: it must be a whole number from 2 to the ${ratings.count} ratings`);
  }
  const rows = shuffledRows(ratings.count, seed);
  for (let fold = 0; fold < folds; fold++) {
    const from = Math.floor((rows.length * fold) / folds);
    const to = Math.floor((rows.length * (fold + 1)) / folds);
    const train = new Uint32Array(rows.length - (to - from));
    train.set(rows.subarray(0, from));
    train.set(rows.subarray(to), from);
    yield { train: ratings.select(train), heldOut: ratings.select(rows.subarray(from, to)) };
  }
}

/** The share of each user's ratings, rounded to the nearest whole number. */
function splitByUser(ratings: Ratings, shuffled: Uint32Array, share: number): Split {
  const columns = { user: ratings.user, item: ratings.item, value: ratings.value };
  const counts = buildCsr(columns, "users", ratings.users.size).start;
  const taken = new Uint32Array(ratings.users.size);
  const train: number[] = [];
  const heldOut: number[] = [];
  for (const row of shuffled) {
    const user = ratings.user[row];
    const wanted = Math.round((counts[user + 1] - counts[user]) * share);
    (taken[user]++ < wanted ? heldOut : train).push(row);
  }
  return { train: ratings.select(Uint32Array.from(train)), heldOut: ratings.select(Uint32Array.from(heldOut)) };
}

/** Fisher and Yates. */
function shuffledRows(count: number, seed: number): Uint32Array {
  const random = seededRandom(seed);
  const rows = Uint32Array.from({ length: count }, (_, row) => row);
  for (let at = count - 1; at > 0; at--) {
    const other = random.below(at + 1);
    const row = rows[at];
    rows[at] = rows[other];
    rows[other] = row;
  }
  return rows;
}

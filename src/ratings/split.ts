// Splits ratings into training and held-out sets. Every split is a permutation of row numbers, so nothing is copied twice.

import { OptionsError, RatingsError } from "../errors.js";
import { seededRandom } from "../random.js";
import type { Ratings } from "./ratings.js";

/** How ratings are held out. */
export interface SplitOptions {
  /** "random": any ratings; "user": the share of every user's ratings; "time": the latest. Default "random". */
  readonly by?: "random" | "user" | "time" | undefined;
  /** Share held out, in [0, 1). Default 0.2. */
  readonly share?: number | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
}

/** Ratings to train on and ratings to measure by; both have the users and items of the whole. */
export interface Split {
  readonly train: Ratings;
  readonly heldOut: Ratings;
}

/**
 * Holds a share of the ratings out; both parts keep all users and items, so that indices agree.
 *
 * @throws OptionsError for a share outside [0, 1) or a seed that is no whole number; RatingsError when a split by time finds no times.
 */
export function splitRatings(ratings: Ratings, options: SplitOptions = {}): Split {
  const { by = "random", share = 0.2, seed = 1 } = options;
  if (!(share >= 0 && share < 1)) throw new OptionsError(`the held-out share is ${share}: it must be at least 0 and below 1`);
  switch (by) {
    case "random":
      return holdOutLast(ratings, shuffledRows(ratings.count, seed), share);
    case "time":
      return holdOutLast(ratings, rowsByTime(ratings), share);
    case "user":
      return splitByUser(ratings, shuffledRows(ratings.count, seed), share);
    default:
      throw new OptionsError(`a split by "${String(by)}" is not known: it must be "random", "user" or "time"`);
  }
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

/** The last share of the rows, rounded to the nearest whole number. */
function holdOutLast(ratings: Ratings, rows: Uint32Array, share: number): Split {
  const kept = rows.length - Math.round(rows.length * share);
  return { train: ratings.select(rows.subarray(0, kept)), heldOut: ratings.select(rows.subarray(kept)) };
}

/** The share of each user's ratings, rounded to the nearest whole number. */
function splitByUser(ratings: Ratings, shuffled: Uint32Array, share: number): Split {
  const wanted = new Uint32Array(ratings.users.size);
  for (const user of ratings.user) wanted[user]++;
  for (let user = 0; user < wanted.length; user++) wanted[user] = Math.round(wanted[user] * share);
  const heldOut = new Uint32Array(wanted.reduce((sum, count) => sum + count, 0));
  const train = new Uint32Array(shuffled.length - heldOut.length);
  let held = 0;
  let kept = 0;
  for (const row of shuffled) {
    const user = ratings.user[row];
    if (wanted[user] === 0) train[kept++] = row;
    else {
      wanted[user]--;
      heldOut[held++] = row;
    }
  }
  return { train: ratings.select(train), heldOut: ratings.select(heldOut) };
}

/** Oldest first; of the same time, in file order. */
function rowsByTime({ time, count }: Ratings): Uint32Array {
  if (!time) throw new RatingsError("the ratings have no timestamps to split by", { remedy: "split at random or by user" });
  return rowNumbers(count).sort((a, b) => time[a] - time[b] || a - b);
}

/** Fisher and Yates. */
function shuffledRows(count: number, seed: number): Uint32Array {
  if (!Number.isSafeInteger(seed)) throw new OptionsError(`seed is ${seed}: it must be a whole number`);
  const random = seededRandom(seed);
  const rows = rowNumbers(count);
  for (let at = count - 1; at > 0; at--) {
    const other = random.below(at + 1);
    const row = rows[at];
    rows[at] = rows[other];
    rows[other] = row;
  }
  return rows;
}

function rowNumbers(count: number): Uint32Array {
  const rows = new Uint32Array(count);
  for (let row = 0; row < count; row++) rows[row] = row;
  return rows;
}

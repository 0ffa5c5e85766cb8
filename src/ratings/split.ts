// Splits ratings into training and held-out sets: which rows are held out is marked, and both parts
// keep file order. Chance is a number for each row, which depends on the seed and the row's place in
// the file alone: the lowest are held out.

import { OptionsError, RatingsError } from "../errors.js";
import { checkArguments, checkKind, checkOptions, checkUsed, hasPart, type Kind, namesOf, oneOf, WHOLE, wholeFrom } from "../options.js";
import { counterKey, counterOrder, counterWords } from "../random-counter.js";
import { howMany } from "../shown.js";
import { compareIds } from "./ids.js";
import { type Ratings, RATINGS_KIND } from "./ratings.js";
import { type TrainedBefore, trainedMarks } from "./seen.js";

/** How what is held out is chosen. */
export type SplitKind = "random" | "user" | "time" | "last";
export const SPLIT_KINDS: readonly SplitKind[] = ["random", "user", "time", "last"];

/** How ratings are held out. */
export interface SplitOptions {
  /**
   * "random": any ratings; "user": the share of every user's ratings; "time": the latest; "last":
   * every user's latest. The splits of each user leave everyone at least one rating to train on. Default "random".
   */
  readonly by?: SplitKind | undefined;
  /** Share held out, in [0, 1). Default 0.2; of "last", where it is a share of every user's ratings, none. */
  readonly share?: number | undefined;
  /** Ratings of every user that "last" holds out in place of a share, 1 or more. Default 1. */
  readonly last?: number | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
  /**
   * A model that the training is to start from, as `fit` has it: the ratings that it was trained on are trained on
   * again, and of those to hold out only the others are. So what is held out is new to it.
   */
  readonly init?: TrainedBefore | undefined;
}

/** Of what is held out. */
export const SHARE_KIND: Kind = {
  must: "a share, at least 0 and below 1",
  holds: (value) => typeof value === "number" && value >= 0 && value < 1,
};
/** What is held out where nothing is said. */
export const HELD_OUT_SHARE = 0.2;
const TRAINED_KIND: Kind = { must: "a model", holds: (value) => hasPart(value, "users", "items", "statistics") };
const SPLIT_NAMES = namesOf<SplitOptions>({
  by: oneOf(...SPLIT_KINDS),
  share: SHARE_KIND,
  last: wholeFrom(1),
  seed: WHOLE,
  init: TRAINED_KIND,
});

/** Ratings to train on and ratings to measure by; both have the users and items of the whole. */
export interface Split {
  readonly train: Ratings;
  readonly heldOut: Ratings;
}

/**
 * Holds a share of the ratings out; both parts keep all users and items, so that indices agree.
 *
 * @throws OptionsError for a share outside [0, 1), a number of last ratings or a seed that is no whole number;
 *   a model to start from that does not hold what it was trained on, or was trained on all that would be held out;
 *   RatingsError when a split by time finds no times.
 */
export function splitRatings(ratings: Ratings, options: SplitOptions = {}): Split {
  checkArguments("splitRatings", { ratings: [ratings, RATINGS_KIND] });
  checkSplitOptions(options);
  const { train, heldOut } = splitFrom(ratings, options);
  return { train, heldOut };
}

/** A split, and how many ratings a model to start from has kept from being held out. */
export function splitFrom(ratings: Ratings, options: SplitOptions): Split & { readonly stayed: number } {
  const marks = marksOf(ratings, options);
  const { init } = options;
  if (!init) return { ...partition(ratings, marks), stayed: 0 };
  const trained = trainedMarks(init, ratings);
  if (!trained)
    throw new OptionsError("the model to start from does not hold what it was trained on", { remedy: "train it with keepSeen: true" });
  let [held, stayed] = [0, 0];
  for (let row = 0; row < marks.length; row++) {
    held += marks[row];
    if (trained[row] === 0 || marks[row] === 0) continue;
    marks[row] = 0;
    stayed++;
  }
  if (stayed > 0 && stayed === held)
    throw new OptionsError(
      `the model to start from was trained on ${held === 1 ? "the one rating" : `all ${howMany(held, "rating")}`} to be held out`,
      {
        remedy: "share: 0 holds none out; allowTrained: true measures by them all the same",
      },
    );
  return { ...partition(ratings, marks), stayed };
}

/** 1 for each rating that is to be held out, [count]. */
function marksOf(ratings: Ratings, options: SplitOptions): Uint8Array {
  const { by = "random", share = HELD_OUT_SHARE, last = 1, seed = 1 } = options;
  const count = heldOutCount(ratings.count, share);
  switch (by) {
    case "random":
      return randomMarks(ratings.count, count, seed);
    case "time":
      return latest(ratings, count);
    case "user":
      return shareOfEachUser(ratings, share, seed);
    case "last": {
      const wanted = (own: number): number => (options.share === undefined ? last : Math.round(own * share));
      return latestOfEachUser(ratings, wanted);
    }
  }
}

/** @throws OptionsError naming the option and its value, also for one that has no effect as others are. */
export function checkSplitOptions(options: SplitOptions): void {
  checkOptions("splitRatings", options, SPLIT_NAMES);
  checkLastUsed(options);
}

/** @throws OptionsError where a number of last ratings has no effect. */
export function checkLastUsed({ by = "random", share, last }: Pick<SplitOptions, "by" | "share" | "last">): void {
  checkUsed("last", last, by === "last", `what is held out is chosen by "${by}"`, 'give by: "last"');
  checkUsed("last", last, share === undefined, `a share of ${share} is held out`, `leave share: ${share} away`);
}

/**
 * k splits in which every rating is held out exactly once.
 *
 * @throws OptionsError for fewer than 2 folds or more than there are ratings.
 */
export function* kFolds(ratings: Ratings, folds: number, seed = 1): Generator<Split> {
  checkArguments("kFolds", { ratings: [ratings, RATINGS_KIND], folds: [folds, FOLDS_KIND], seed: [seed, WHOLE] });
  if (folds > ratings.count)
    throw new OptionsError(`folds is ${folds}: it must be a whole number from 2 to the ${howMany(ratings.count, "rating")}`);
  const rows = counterOrder(ratings.count, counterKey(checkSeed(seed), "folds"));
  for (let fold = 0; fold < folds; fold++) {
    const from = Math.floor((rows.length * fold) / folds);
    const to = Math.floor((rows.length * (fold + 1)) / folds);
    yield partition(ratings, marked(rows.length, rows.subarray(from, to)));
  }
}

const FOLDS_KIND: Kind = {
  ...wholeFrom(2),
  remedy: (value) => (typeof value === "object" ? "call kFolds(ratings, 5, seed): it takes no options" : undefined),
};

/** How many of so many ratings are held out. @throws OptionsError */
export function heldOutCount(count: number, share: number): number {
  checkKind("share", share, SHARE_KIND);
  return Math.round(count * share);
}

/** 1 for each of so many ratings that a split at random holds out, and 0 for the others. */
export function randomMarks(count: number, heldOut: number, seed: number): Uint8Array {
  const numbers = splitNumbers(0, count, seed);
  const upper = reached(halvesCounted(numbers), heldOut);
  const lower = reached(halvesCounted(numbers, upper.half), upper.left);
  return lowestMarked(numbers, upper.half * HALF + lower.half, lower.left);
}

/** The numbers of the rows from `from` to `to` of a file. @throws OptionsError */
export const splitNumbers = (from: number, to: number, seed: number): Uint32Array =>
  counterWords(counterKey(checkSeed(seed), "split"), from, to);

/** Values of the upper, and of the lower, 16 bits of a number. */
export const HALF = 2 ** 16;

/** How many numbers have each upper half, or of those of one upper half each lower one, [2¹⁶]. */
export function halvesCounted(numbers: Uint32Array, upper?: number): Float64Array {
  const counts = new Float64Array(HALF);
  for (let at = 0; at < numbers.length; at++) {
    if (upper === undefined) counts[numbers[at] >>> 16]++;
    else if (numbers[at] >>> 16 === upper) counts[numbers[at] % HALF]++;
  }
  return counts;
}

/** The half that so many of the lowest reach into, and how many of those that have it they take. */
export function reached(counts: Float64Array, wanted: number): { readonly half: number; readonly left: number } {
  let left = wanted;
  for (let half = 0; half < HALF; half++) {
    if (left <= counts[half]) return { half, left };
    left -= counts[half];
  }
  return { half: HALF - 1, left };
}

/** 1 for each number below the last, and for the first so many that are equal to it. */
export function lowestMarked(numbers: Uint32Array, last: number, equal: number): Uint8Array {
  const marks = new Uint8Array(numbers.length);
  let left = equal;
  for (let at = 0; at < numbers.length; at++) {
    if (numbers[at] < last || (numbers[at] === last && left-- > 0)) marks[at] = 1;
  }
  return marks;
}

/** Both parts in file order: ratings that come user by user still do, and are copied in one go through memory. */
function partition(ratings: Ratings, heldOut: Uint8Array): Split {
  let held = 0;
  for (let row = 0; row < heldOut.length; row++) held += heldOut[row];
  const parts = [new Uint32Array(heldOut.length - held), new Uint32Array(held)];
  const next = [0, 0];
  for (let row = 0; row < heldOut.length; row++) parts[heldOut[row]][next[heldOut[row]]++] = row;
  return { train: ratings.select(parts[0]), heldOut: ratings.select(parts[1]) };
}

/** 1 for each of these rows, [count]. */
function marked(count: number, rows: Uint32Array): Uint8Array {
  const marks = new Uint8Array(count);
  for (let at = 0; at < rows.length; at++) marks[rows[at]] = 1;
  return marks;
}

/** Marks the share of each user's ratings, rounded to the nearest whole number, and never all. */
function shareOfEachUser({ user, users, count }: Ratings, share: number, seed: number): Uint8Array {
  const wanted = new Uint32Array(users.size);
  for (let row = 0; row < count; row++) wanted[user[row]]++;
  for (let m = 0; m < wanted.length; m++) wanted[m] = Math.min(Math.round(wanted[m] * share), Math.max(0, wanted[m] - 1));
  const marks = new Uint8Array(count);
  for (const row of counterOrder(count, counterKey(checkSeed(seed), "split"))) {
    if (wanted[user[row]] === 0) continue;
    wanted[user[row]]--;
    marks[row] = 1;
  }
  return marks;
}

/** Marks as many of each user's latest as are wanted, and never all; at the same time, those of the higher raw item ids. */
function latestOfEachUser(ratings: Ratings, wanted: (own: number) => number): Uint8Array {
  const { item, items, count } = ratings;
  const time = timesOf(ratings);
  const marks = new Uint8Array(count);
  const rows: number[][] = Array.from({ length: ratings.users.size }, () => []);
  for (let row = 0; row < count; row++) rows[ratings.user[row]].push(row);
  for (const own of rows) {
    own.sort((a, b) => time[a] - time[b] || compareIds(items.rawAt(item[a]), items.rawAt(item[b])));
    for (const row of own.slice(Math.max(1, own.length - wanted(own.length)))) marks[row] = 1;
  }
  return marks;
}

function timesOf({ time }: Ratings): Float64Array {
  if (time) return time;
  throw new RatingsError("the ratings, or some of them, have no timestamps to split by", { remedy: "split at random or by user" });
}

/** Marks the latest ratings; of those at the same time, the last in the file. */
function latest(ratings: Ratings, held: number): Uint8Array {
  const { count } = ratings;
  const time = timesOf(ratings);
  const marks = new Uint8Array(count);
  if (held === 0) return marks;
  const threshold = time.slice().sort()[count - held];
  let left = held;
  for (let row = 0; row < count; row++) {
    if (time[row] <= threshold) continue;
    marks[row] = 1;
    left--;
  }
  for (let row = count - 1; left > 0; row--) {
    if (time[row] !== threshold) continue;
    marks[row] = 1;
    left--;
  }
  return marks;
}

function checkSeed(seed: number): number {
  checkKind("seed", seed, WHOLE);
  return seed;
}

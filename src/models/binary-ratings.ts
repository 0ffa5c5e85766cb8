// Ratings as 0 and 1, for `logistic`: by a threshold, or positives with sampled negatives.

import { OptionsError, RatingsError } from "../errors.js";
import { grouped, howMany } from "../shown.js";
import { WHOLE, checkArguments, hasPart, type Kind } from "../options.js";
import { counterKey, type CounterKey, mixedWords } from "../random-counter.js";
import { weightAt } from "../ratings/rating-columns.js";
import { HELD_OUT_KIND, Ratings, RATINGS_KIND } from "../ratings/ratings.js";

/** Which ratings are 1: those from the threshold on, or above 0; and how many pairs are drawn for each of them as 0. */
export interface BinaryRule {
  readonly positiveThreshold: number | null;
  readonly negatives: number;
}

/** Ratings as 0 and 1, to train on and to measure by. */
export interface BinarySplit {
  readonly train: Ratings;
  readonly heldOut: Ratings | undefined;
}

/**
 * The last made of each set: trials of a search that differ in other hyperparameters train on the same,
 * and share its indexes.
 */
const lastMade = new WeakMap<Ratings, BinarySplit & { readonly key: string; readonly of: Ratings | undefined }>();

/** What was made here: its 1 is a positive, never a rating of 1. */
const binaries = new WeakSet<Ratings>();

/**
 * The 0/1 data that `logistic` trains on and is measured by: ratings against the threshold; with `negatives`,
 * positives and as many sampled pairs for each, drawn uniformly by the seed and the place of the positive, and of its
 * weight. Those of the training set are among the items that the user has no training rating of, whatever is held out:
 * training must not know it. Those of the held-out set are no held-out positives either.
 *
 * @throws OptionsError for more negatives than can be held;
 *   RatingsError when the sets have other ids, values are not 0 or 1 and there is no threshold,
 *   or when all are alike.
 */
export function binaryRatings(ratings: Ratings, heldOut: Ratings | undefined, h: BinaryRule, seed: number): BinarySplit {
  checkArguments("binaryRatings", {
    ratings: [ratings, RATINGS_KIND],
    heldOut: [heldOut, MAYBE_HELD_OUT],
    h: [h, RULE_KIND],
    seed: [seed, WHOLE],
  });
  const key = JSON.stringify([h.positiveThreshold, h.negatives, seed]);
  const known = lastMade.get(ratings);
  if (known?.key === key && known.of === heldOut) return known;
  const made = { key, of: heldOut, ...makeBinary(ratings, heldOut, h, seed) };
  lastMade.set(ratings, made);
  return made;
}

const MAYBE_HELD_OUT: Kind = { ...HELD_OUT_KIND, holds: (value) => value === undefined || HELD_OUT_KIND.holds(value) };
const RULE_KIND: Kind = {
  must: "{ positiveThreshold, negatives }",
  holds: (value) => hasPart(value, "positiveThreshold", "negatives"),
};

/** Pairs that are trained on, sampled ones among them. */
const MOST_PAIRS = 2 ** 29;

/** How many pairs a set comes to at most. @throws OptionsError for more than can be held. */
function pairsOf(set: Ratings, isPositive: (value: number) => boolean, negatives: number): number {
  if (negatives === 0) return set.count;
  let positives = 0;
  for (let at = 0; at < set.count; at++) if (isPositive(set.value[at])) positives++;
  const pairs = positives * (1 + negatives);
  if (pairs <= MOST_PAIRS) return pairs;
  throw new OptionsError(`negatives is ${negatives}: with ${howMany(positives, "positive")} they come to ${grouped(pairs)} pairs`, {
    remedy: `${Math.floor(MOST_PAIRS / positives) - 1} is the most for these ratings; 1 to 10 suit most data`,
  });
}

function makeBinary(ratings: Ratings, heldOut: Ratings | undefined, h: BinaryRule, seed: number): BinarySplit {
  if (heldOut && (heldOut.users !== ratings.users || heldOut.items !== ratings.items)) {
    throw new RatingsError("the held-out ratings have other ids than the training ratings", {
      remedy: "split one set of ratings with splitRatings, or read the second with the ids of the first",
    });
  }
  const N = ratings.items.size;
  const { positiveThreshold: threshold } = h;
  const isPositive = (value: number): boolean => (threshold === null ? value > 0 : value >= threshold);
  const taken = new Set<number>();
  if (h.negatives > 0) for (let at = 0; at < ratings.count; at++) taken.add(ratings.user[at] * N + ratings.item[at]);
  const binary = (set: Ratings, key: CounterKey): Ratings => {
    const wrong = threshold === null && h.negatives === 0 ? set.value.findIndex((value) => value !== 0 && value !== 1) : -1;
    if (wrong >= 0) {
      throw new RatingsError(`rating ${Number(set.value[wrong].toPrecision(7))} is neither 0 nor 1`, {
        remedy: "say with positiveThreshold which ratings are positive, or sample negatives, which takes all above 0 for positive",
      });
    }
    const most = pairsOf(set, isPositive, h.negatives);
    const [user, item, value] = [new Uint32Array(most), new Uint32Array(most), new Float32Array(most)];
    const weight = set.weight && new Float32Array(most);
    let count = 0;
    const push = (m: number, n: number, d: number, w: number): void => {
      user[count] = m;
      item[count] = n;
      value[count] = d;
      if (weight) weight[count] = w;
      count++;
    };
    for (let at = 0; at < set.count; at++) {
      const positive = isPositive(set.value[at]);
      if (!positive && h.negatives > 0) continue;
      const own = weightAt(set, at);
      push(set.user[at], set.item[at], positive ? 1 : 0, own);
      // A user who has rated nearly everything is given fewer.
      for (let drawn = 0, tries = 0; drawn < h.negatives && tries < 20 * h.negatives; tries++) {
        const other = Math.floor((mixedWords(at, tries, key[0], key[1])[0] / 2 ** 32) * N);
        if (taken.has(set.user[at] * N + other)) continue;
        push(set.user[at], other, 0, own);
        drawn++;
      }
    }
    const trimmed = <A extends Uint32Array | Float32Array>(values: A): A => (count < most ? (values.slice(0, count) as A) : values);
    const made = new Ratings(
      { user: trimmed(user), item: trimmed(item), value: trimmed(value), weight: weight && trimmed(weight) },
      set.users,
      set.items,
      set.catalogue,
    );
    binaries.add(made);
    return made;
  };
  const train = binary(ratings, counterKey(seed, "training negatives"));
  const { minimum, maximum } = train.statistics();
  if (minimum === maximum) {
    throw new RatingsError(`all ${howMany(train.count, "rating")} are ${maximum === 1 ? "positive" : "negative"}`, {
      remedy: "choose another positiveThreshold, or sample negatives",
    });
  }
  if (!heldOut) return { train, heldOut };
  if (h.negatives > 0) {
    for (let at = 0; at < heldOut.count; at++) if (isPositive(heldOut.value[at])) taken.add(heldOut.user[at] * N + heldOut.item[at]);
  }
  return { train, heldOut: binary(heldOut, counterKey(seed, "held-out negatives")) };
}

/**
 * The values that probabilities are measured by: ratings against the model's threshold, or 0 and 1 as they are.
 *
 * @throws RatingsError for other values where there is no threshold, or negatives are sampled; and where all are 1,
 *   which may be positives or the lowest ratings.
 */
export function binaryValues(model: string, rule: BinaryRule, ratings: Ratings): Float32Array {
  const { positiveThreshold: threshold, negatives } = rule;
  const { value } = ratings;
  if (binaries.has(ratings)) return value;
  const remedy = "binaryRatings(train, heldOut, model.hyperparameters, seed) gives them as 0 and 1, in its part heldOut";
  const other = value.find((rating) => rating !== 0 && rating !== 1);
  if (other !== undefined && (threshold === null || negatives > 0))
    throw new RatingsError(`rating ${Number(other.toPrecision(7))} is neither 0 nor 1, which this model of ${model} predicts`, { remedy });
  if (threshold === null) return value;
  // 0 and 1 may be positives or the lowest ratings, where the threshold does not lie between them.
  const isClear = other !== undefined || (threshold > 0 && threshold <= 1);
  if (isClear) return value.map((rating) => Number(rating >= threshold));
  if (value.length > 0 && !value.includes(0))
    throw new RatingsError(`all ratings are 1: positives, or below the model's positiveThreshold of ${threshold}?`, { remedy });
  return value;
}

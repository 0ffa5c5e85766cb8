// Gradient descent on the objective of `als` (`gd`, `sgd`) and logistic matrix factorization (`logistic`): hyperparameters and figures.
// Spec §3, §6.

import { OptionsError, RatingsError } from "../errors.js";
import { seededRandom } from "../random.js";
import { Ratings } from "../ratings/ratings.js";
import { ALS_DEFAULTS, alsObjective, type Measurement } from "./als.js";
import type { Figures } from "./figures.js";
import { checkFactors, checkNotNegative, checkPositive, checkWhole, completed } from "./hyperparameters.js";

/** What all trained by steps have in common. */
export interface SteppedHyperparameters {
  /** K, from 0 to 128. Default 10. */
  readonly factors: number;
  /** Precisions of factors and biases, as in `als`. Defaults 10 and 5 (`gd`, `sgd`), 8 and 1 (`logistic`). */
  readonly tauUsers: number;
  readonly tauItems: number;
  readonly gammaUsers: number;
  readonly gammaItems: number;
  /** Whether μ is the training mean (default) or 0. */
  readonly mean: boolean;
  /** Whether users and items have biases. Default true. */
  readonly biases: boolean;
  /** η, > 0. Default 0.3 (`gd`), 0.05 (`sgd`, `logistic`). */
  readonly stepSize: number;
  /** δ: the step of sweep t is η / (1 + δ (t − 1)). Default 0 (`gd`), 0.02 (`sgd`), 0.05 (`logistic`). */
  readonly decay: number;
}

/** Of gradient descent on the objective of `als`. */
export interface GradientHyperparameters extends SteppedHyperparameters {
  /** λ, noise precision, > 0. Default 1. */
  readonly lambda: number;
}

/** Of gradient descent in batches, with momentum. */
export interface GdHyperparameters extends GradientHyperparameters {
  /** Share of the last step that is taken again (heavy ball), from 0 to below 1. Default 0.8. */
  readonly momentum: number;
}

/** Of logistic factorization of 0/1 data. Spec §6. */
export interface LogisticHyperparameters extends SteppedHyperparameters {
  /** Ratings of at least this are positive, others negative. Default: none, for data of 0 and 1. */
  readonly positiveThreshold: number | null;
  /** Negatives drawn for every positive, for data of positives only; ratings that are not positive are then left out. Default 0: none. */
  readonly negatives: number;
}

const { lambda, factors, tauUsers, tauItems, gammaUsers, gammaItems, mean, biases } = ALS_DEFAULTS;
const SHARED = { factors, tauUsers, tauItems, gammaUsers, gammaItems, mean, biases };

/** Of `gd`, where nothing is given. */
export const GD_DEFAULTS: GdHyperparameters = { ...SHARED, lambda, stepSize: 0.3, decay: 0, momentum: 0.8 };
/** Of `sgd`, where nothing is given. */
export const SGD_DEFAULTS: GradientHyperparameters = { ...SHARED, lambda, stepSize: 0.05, decay: 0.02 };
/** Of `logistic`, where nothing is given. */
export const LOGISTIC_DEFAULTS: LogisticHyperparameters = {
  ...SHARED,
  tauUsers: 8,
  tauItems: 8,
  gammaUsers: 1,
  gammaItems: 1,
  stepSize: 0.05,
  decay: 0.05,
  positiveThreshold: null,
  negatives: 0,
};

function checked<H extends SteppedHyperparameters>(h: H): H {
  checkFactors(h.factors);
  checkPositive(h, "stepSize");
  if ("lambda" in h) checkPositive(h as H & GradientHyperparameters, "lambda");
  checkNotNegative(h, "tauUsers", "tauItems", "gammaUsers", "gammaItems", "decay");
  if (h.factors === 0 && !h.biases) throw new OptionsError("factors is 0 and biases are off: nothing is left to train");
  return h;
}

/** @throws OptionsError naming the hyperparameter and its value. */
export function gdHyperparameters(given: Partial<GdHyperparameters> = {}): GdHyperparameters {
  const h = checked(completed(GD_DEFAULTS, given));
  checkNotNegative(h, "momentum");
  if (h.momentum >= 1) throw new OptionsError(`momentum is ${h.momentum}: it must be below 1`);
  return h;
}

/** @throws OptionsError naming the hyperparameter and its value. */
export const sgdHyperparameters = (given: Partial<GradientHyperparameters> = {}): GradientHyperparameters =>
  checked(completed(SGD_DEFAULTS, given));

/** @throws OptionsError naming the hyperparameter and its value. */
export function logisticHyperparameters(given: Partial<LogisticHyperparameters> = {}): LogisticHyperparameters {
  const h = checked(completed(LOGISTIC_DEFAULTS, given));
  checkWhole(h, 0, "negatives");
  if (h.positiveThreshold !== null && !Number.isFinite(h.positiveThreshold))
    throw new OptionsError(`positiveThreshold is ${h.positiveThreshold}: it must be a number`);
  return h;
}

/** The step of a sweep. */
export const stepOf = (h: SteppedHyperparameters, sweep: number): number => h.stepSize / (1 + h.decay * (sweep - 1));

/** Objective and errors: those of `als`. */
export function gradientFigures(
  h: GradientHyperparameters,
  sums: Measurement,
  { ratings, heldOut }: { ratings: number; heldOut: number },
): Figures {
  return {
    objective: alsObjective({ ...ALS_DEFAULTS, ...h }, sums),
    trainRmse: Math.sqrt(sums.trainSquares / ratings),
    heldOutRmse: heldOut > 0 ? Math.sqrt(sums.heldOutSquares / heldOut) : null,
  };
}

/** −Σ [d log σ + (1 − d) log(1 − σ)] + ½ Σ precisions · squares; `trainSquares` and `heldOutSquares` are the log-losses. Spec §6. */
export function logisticFigures(
  h: LogisticHyperparameters,
  sums: Measurement,
  { ratings, heldOut }: { ratings: number; heldOut: number },
): Figures {
  return {
    objective: sums.trainSquares + alsObjective({ ...ALS_DEFAULTS, ...h }, { ...sums, trainSquares: 0 }),
    trainRmse: null,
    heldOutRmse: null,
    trainLogLoss: sums.trainSquares / ratings,
    heldOutLogLoss: heldOut > 0 ? sums.heldOutSquares / heldOut : null,
  };
}

/** σ(x) = 1 / (1 + e⁻ˣ), without overflow. */
export const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** −log σ(x) for d = 1, −log(1 − σ(x)) for d = 0: softplus(∓x) = max(∓x, 0) + log(1 + e^−|x|). Spec §6. */
export const logLoss = (d: number, x: number): number => Math.max((1 - 2 * d) * x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Ratings as 0 and 1, to train on and to measure by. */
export interface BinarySplit {
  readonly train: Ratings;
  readonly heldOut: Ratings | undefined;
}

/** The last made of each set: trials of a search that differ in other hyperparameters train on the same, and share its indexes. */
const lastMade = new WeakMap<Ratings, BinarySplit & { readonly key: string; readonly of: Ratings | undefined }>();

/**
 * The 0/1 data that `logistic` trains on and is measured by: ratings against the threshold; with `negatives`, positives and as many
 * sampled pairs for each, drawn uniformly. Those of the training set are among the items that the user has no training rating of, whatever
 * is held out: training must not know it. Those of the held-out set are no held-out positives either.
 *
 * @throws RatingsError when the sets have other ids, values are not 0 or 1 and there is no threshold, or when all are alike.
 */
export function binaryRatings(ratings: Ratings, heldOut: Ratings | undefined, h: LogisticHyperparameters, seed: number): BinarySplit {
  const key = JSON.stringify([h.positiveThreshold, h.negatives, seed]);
  const known = lastMade.get(ratings);
  if (known?.key === key && known.of === heldOut) return known;
  const made = { key, of: heldOut, ...makeBinary(ratings, heldOut, h, seed) };
  lastMade.set(ratings, made);
  return made;
}

function makeBinary(ratings: Ratings, heldOut: Ratings | undefined, h: LogisticHyperparameters, seed: number): BinarySplit {
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
  const random = seededRandom(seed);
  const binary = (set: Ratings): Ratings => {
    const wrong = threshold === null && h.negatives === 0 ? set.value.findIndex((value) => value !== 0 && value !== 1) : -1;
    if (wrong >= 0) {
      throw new RatingsError(`rating ${set.value[wrong]} is neither 0 nor 1`, {
        remedy: "say with positiveThreshold which ratings are positive, or with negatives that all of them are",
      });
    }
    const [user, item, value]: [number[], number[], number[]] = [[], [], []];
    const push = (m: number, n: number, d: number): void => {
      user.push(m);
      item.push(n);
      value.push(d);
    };
    for (let at = 0; at < set.count; at++) {
      const positive = isPositive(set.value[at]);
      if (!positive && h.negatives > 0) continue;
      push(set.user[at], set.item[at], positive ? 1 : 0);
      // A user who has rated nearly everything is given fewer.
      for (let drawn = 0, tries = 0; drawn < h.negatives && tries < 20 * h.negatives; tries++) {
        const other = random.below(N);
        if (taken.has(set.user[at] * N + other)) continue;
        push(set.user[at], other, 0);
        drawn++;
      }
    }
    return new Ratings(
      { user: Uint32Array.from(user), item: Uint32Array.from(item), value: Float32Array.from(value) },
      set.users,
      set.items,
      set.catalogue,
    );
  };
  const train = binary(ratings);
  const { minimum, maximum } = train.statistics();
  if (minimum === maximum) {
    throw new RatingsError(`all ${train.count} ratings are ${maximum === 1 ? "positive" : "negative"}`, {
      remedy: "choose another positiveThreshold, or sample negatives",
    });
  }
  if (!heldOut) return { train, heldOut };
  if (h.negatives > 0) {
    for (let at = 0; at < heldOut.count; at++) if (isPositive(heldOut.value[at])) taken.add(heldOut.user[at] * N + heldOut.item[at]);
  }
  return { train, heldOut: binary(heldOut) };
}

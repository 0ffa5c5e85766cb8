// Errors of predicted ratings.

import { OptionsError } from "../errors.js";
import { type FactorModel, MODEL_KIND } from "../models/factor-model.js";
import { binaryValues } from "../models/binary-ratings.js";
import type { LogisticHyperparameters } from "../models/logistic.js";
import { checkArguments, checkOptions, namesOf, oneOf } from "../options.js";
import { weightAt } from "../ratings/rating-columns.js";
import { type Ratings, RATINGS_KIND } from "../ratings/ratings.js";
import { indicesIn } from "../ratings/ids.js";
import { weightOfAll } from "../ratings/weights.js";

/** Errors over ratings, rating units. Clipped: r̂ at least the smallest and at most the largest training rating. */
export interface Accuracy {
  readonly rmse: number;
  readonly mae: number;
  readonly rmseClipped: number;
  readonly maeClipped: number;
  /** Ratings whose user or item the model knows neither by ratings nor by features: r̂ is without the terms of these. */
  readonly unknown: number;
}

/**
 * Root mean squared and mean absolute error over ratings, rating units: √(Σ w (r − r̂)²/Σ w) and Σ w |r − r̂|/Σ w, w =
 * 1 where ratings have no weights, of predictions as they are and clipped to the scale. NaN for no ratings. The terms
 * of users and items that the model knows neither by ratings nor by features are left out of r̂, and `unknown` counts
 * such ratings. Of `logistic`, the errors of its probabilities, of ratings as 0 and 1: against its `positiveThreshold`,
 * or as they are.
 *
 * @throws OptionsError when the model predicts preferences (`implicit`); RatingsError when it predicts probabilities,
 *   and it does not know which ratings are positive.
 */
export function accuracy(model: FactorModel, ratings: Ratings): Accuracy {
  checkArguments("accuracy", { model: [model, MODEL_KIND], ratings: [ratings, RATINGS_KIND] });
  if (model.predicts === "preference") {
    throw new OptionsError(`a model of ${model.model} predicts no ratings, so there is no error of them`, {
      remedy: "rankingMetrics(model, train, heldOut) measures its lists",
    });
  }
  const known = knownIn(model, ratings);
  const values = valuesFor(model, ratings);
  let unknown = 0;
  const sums = { squares: 0, absolutes: 0, clippedSquares: 0, clippedAbsolutes: 0 };
  for (let at = 0; at < ratings.count; at++) {
    if (known.isUnknown(at)) unknown++;
    const predicted = predictedAt(model, ratings, known, at);
    const error = values[at] - predicted;
    const clipped = values[at] - model.clipped(predicted);
    const weight = weightAt(ratings, at);
    sums.squares += weight * error * error;
    sums.absolutes += weight * Math.abs(error);
    sums.clippedSquares += weight * clipped * clipped;
    sums.clippedAbsolutes += weight * Math.abs(clipped);
  }
  const count = weightOfAll(ratings);
  return {
    rmse: Math.sqrt(sums.squares / count),
    mae: sums.absolutes / count,
    rmseClipped: Math.sqrt(sums.clippedSquares / count),
    maeClipped: sums.clippedAbsolutes / count,
    unknown,
  };
}

/** What predictions of a model are compared with: of probabilities, 0 and 1. @throws RatingsError */
export function valuesFor({ predicts, model, hyperparameters }: FactorModel, ratings: Ratings): Float32Array {
  return predicts === "probability" ? binaryValues(model, hyperparameters as LogisticHyperparameters, ratings) : ratings.value;
}

/** r̂ of a rating, by its place: what `predict` gives, where unknown terms are left out. */
function predictedAt(model: FactorModel, ratings: Ratings, { users, items, isCold }: Known, at: number): number {
  const [user, item] = [ratings.user[at], ratings.item[at]];
  if (!isCold(at)) return model.predictAt(users[user], items[item]);
  return model.predict(ratings.users.rawAt(user), ratings.items.rawAt(item), { coldStart: "mean" });
}

/** What a model knows of the users and items of ratings. */
interface Known {
  /** The model's index of every id, −1 for others. */
  readonly users: Int32Array;
  readonly items: Int32Array;
  /** Whether it knows the user or the item of a rating by features alone. */
  readonly isCold: (at: number) => boolean;
  /** Whether it does not know one of them at all. */
  readonly isUnknown: (at: number) => boolean;
}

function knownIn(model: FactorModel, ratings: Ratings): Known {
  const [users, items] = [indicesIn(model.users, ratings.users), indicesIn(model.items, ratings.items)];
  const [coldUsers, coldItems] = [coldOf(model, "users", ratings), coldOf(model, "items", ratings)];
  const { user, item } = ratings;
  return {
    users,
    items,
    isCold: (at) => coldUsers.has(user[at]) || coldItems.has(item[at]),
    isUnknown: (at) => (users[user[at]] < 0 && !coldUsers.has(user[at])) || (items[item[at]] < 0 && !coldItems.has(item[at])),
  };
}

/** Indices of the ratings' ids that the model knows by features alone. */
function coldOf(model: FactorModel, side: "users" | "items", ratings: Ratings): ReadonlySet<number> {
  if (!model.features?.[side]) return new Set();
  const ids = ratings[side].raw;
  return new Set([...ids.keys()].filter((index) => model[side].indexOf(ids[index]) < 0 && model.knows(side, ids[index])));
}

/** How ratings are measured by their density. */
export interface LogDensityOptions {
  /**
   * What becomes of a rating whose user or item the model knows neither by ratings nor by features: "error" (default)
   * throws, as in `predictive`, "prior" takes the prior of whom or what is not known.
   */
  readonly coldStart?: "error" | "prior" | undefined;
}

const LOG_DENSITY_NAMES = namesOf<LogDensityOptions>({ coldStart: oneOf("error", "prior") });

/**
 * Mean of log N(r; r̂, deviation²) over ratings, weighted where they have weights, nats: the predictive density of `vb`
 * and `gibbs`. NaN for no ratings. docs/models.md, "Predictive distributions".
 *
 * @throws OptionsError when the model is a point estimate; UnknownIdError for the first user or item that the model
 *   does not know, unless `coldStart` says otherwise.
 */
export function logDensity(model: FactorModel, ratings: Ratings, options: LogDensityOptions = {}): number {
  checkArguments("logDensity", { model: [model, MODEL_KIND], ratings: [ratings, RATINGS_KIND] });
  checkOptions("logDensity", options, LOG_DENSITY_NAMES);
  const { users, items, isCold, isUnknown } = knownIn(model, ratings);
  let sum = 0;
  for (let at = 0; at < ratings.count; at++) {
    const [user, item] = [ratings.user[at], ratings.item[at]];
    const isByIds = isUnknown(at) ? options.coldStart !== "prior" : isCold(at);
    const { mean, deviation } = isByIds
      ? model.predictive(ratings.users.rawAt(user), ratings.items.rawAt(item))
      : model.predictiveAt(users[user], items[item]);
    sum -= weightAt(ratings, at) * 0.5 * (Math.log(2 * Math.PI * deviation ** 2) + ((ratings.value[at] - mean) / deviation) ** 2);
  }
  return sum / weightOfAll(ratings);
}

// Errors of predicted ratings.

import { OptionsError } from "../errors.js";
import { type FactorModel, MODEL_KIND } from "../models/factor-model.js";
import { binaryValues } from "../models/binary-ratings.js";
import type { LogisticHyperparameters } from "../models/logistic.js";
import { checkArguments } from "../options.js";
import { weightAt } from "../ratings/rating-columns.js";
import { type Ratings, RATINGS_KIND } from "../ratings/ratings.js";
import { weightOfAll } from "../ratings/weights.js";

/** Errors over ratings, rating units. Clipped: r̂ at least the smallest and at most the largest training rating. */
export interface Accuracy {
  readonly rmse: number;
  readonly mae: number;
  readonly rmseClipped: number;
  readonly maeClipped: number;
}

/**
 * Root mean squared and mean absolute error over ratings, rating units: √(Σ w (r − r̂)²/Σ w) and Σ w |r − r̂|/Σ w, w =
 * 1 where ratings have no weights, of predictions as they are and clipped to the scale. NaN for no ratings. The terms
 * of users and items that the model knows neither by ratings nor by features are left out of r̂. Of `logistic`, the
 * errors of its probabilities, of ratings as 0 and 1: against its `positiveThreshold`, or as they are.
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
  const predictedAt = predictionsOf(model, ratings);
  const values = valuesFor(model, ratings);
  const sums = { squares: 0, absolutes: 0, clippedSquares: 0, clippedAbsolutes: 0 };
  for (let at = 0; at < ratings.count; at++) {
    const predicted = predictedAt(at);
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
  };
}

/** What predictions of a model are compared with: of probabilities, 0 and 1. @throws RatingsError */
export function valuesFor({ predicts, model, hyperparameters }: FactorModel, ratings: Ratings): Float32Array {
  return predicts === "probability" ? binaryValues(model, hyperparameters as LogisticHyperparameters, ratings) : ratings.value;
}

/** r̂ of each rating, by its place: what `predict` gives, where unknown terms are left out. */
function predictionsOf(model: FactorModel, ratings: Ratings): (at: number) => number {
  const { users, items, coldUsers, coldItems } = knownIn(model, ratings);
  return (at) => {
    const [user, item] = [ratings.user[at], ratings.item[at]];
    if (!coldUsers.has(user) && !coldItems.has(item)) return model.predictAt(users[user], items[item]);
    return model.predict(ratings.users.rawAt(user), ratings.items.rawAt(item), { coldStart: "mean" });
  };
}

/** The model's index of every id of the ratings, −1 for others, and the ids that it knows by features alone. */
function knownIn(model: FactorModel, ratings: Ratings) {
  return {
    users: indicesIn(model.users, ratings.users),
    items: indicesIn(model.items, ratings.items),
    coldUsers: coldOf(model, "users", ratings),
    coldItems: coldOf(model, "items", ratings),
  };
}

/** Indices of the ratings' ids that the model knows by features alone. */
function coldOf(model: FactorModel, side: "users" | "items", ratings: Ratings): ReadonlySet<number> {
  if (!model.features?.[side]) return new Set();
  const ids = ratings[side].raw;
  return new Set([...ids.keys()].filter((index) => model[side].indexOf(ids[index]) < 0 && model.knows(side, ids[index])));
}

/**
 * Mean of log N(r; r̂, deviation²) over ratings, weighted where they have weights, nats: the predictive density of `vb`
 * and `gibbs`. NaN for no ratings. What the model does not know of a user or an item is its prior, by its features
 * where both are known by ratings or features. docs/models.md, "Predictive distributions".
 *
 * @throws OptionsError when the model is a point estimate.
 */
export function logDensity(model: FactorModel, ratings: Ratings): number {
  checkArguments("logDensity", { model: [model, MODEL_KIND], ratings: [ratings, RATINGS_KIND] });
  const { users, items, coldUsers, coldItems } = knownIn(model, ratings);
  let sum = 0;
  for (let at = 0; at < ratings.count; at++) {
    const [user, item] = [ratings.user[at], ratings.item[at]];
    const areKnown = (users[user] >= 0 || coldUsers.has(user)) && (items[item] >= 0 || coldItems.has(item));
    const isCold = areKnown && (coldUsers.has(user) || coldItems.has(item));
    const { mean, deviation } = isCold
      ? model.predictive(ratings.users.rawAt(user), ratings.items.rawAt(item))
      : model.predictiveAt(users[user], items[item]);
    sum -= weightAt(ratings, at) * 0.5 * (Math.log(2 * Math.PI * deviation ** 2) + ((ratings.value[at] - mean) / deviation) ** 2);
  }
  return sum / weightOfAll(ratings);
}

/** The model's index of every id of the ratings; −1 for the unknown. */
export function indicesIn(known: FactorModel["users"], wanted: FactorModel["users"]): Int32Array {
  return Int32Array.from({ length: wanted.size }, (_, index) => known.indexOf(wanted.rawAt(index)));
}

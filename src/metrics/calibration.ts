// Whether the intervals of predictive distributions hold what they promise. docs/models.md, "Predictive distributions".

import { OptionsError } from "../errors.js";
import { firstWhere } from "../first-where.js";
import { type FactorModel, MODEL_KIND } from "../models/factor-model.js";
import { checkArguments, type Kind, NUMBERS } from "../options.js";
import { inverseNormal } from "../random-counter.js";
import { howMany } from "../shown.js";
import { weightAt } from "../ratings/rating-columns.js";
import { type Ratings, RATINGS_KIND } from "../ratings/ratings.js";

/** How many ratings an interval of one level holds. */
export interface CalibrationPoint {
  /** Share of ratings that the central interval is to hold, in (0, 1). */
  readonly level: number;
  /** Share that it does hold. */
  readonly covered: number;
}

/** How well predictive deviations tell how far ratings are from predictions. */
export interface Calibration {
  readonly points: readonly CalibrationPoint[];
  readonly ratings: number;
  /** Mean of ((r − r̂) / deviation)²: 1 when the deviations are right, above when they are too small. */
  readonly meanSquare: number;
}

const LEVELS = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

const LEVELS_KIND: Kind = {
  must: "a list of shares above 0 and below 1",
  holds: (value) => NUMBERS.holds(value) && (value as readonly number[]).every((level) => level > 0 && level < 1),
};

/** Shares of so many ratings are exact to a tenth of a percent. */
const MOST = 200_000;

/**
 * How many held-out ratings lie within the central intervals of their predictive distributions, level by level, by
 * weight where they have weights.
 * Ratings of users and items that the model does not know are left out; of more than 200,000 so many are taken, evenly.
 *
 * @throws OptionsError when the model predicts without spread (all but `vb` and `gibbs`), and when no rating is left.
 */
export function calibration(model: FactorModel, heldOut: Ratings, levels: readonly number[] = LEVELS): Calibration {
  checkArguments("calibration", { model: [model, MODEL_KIND], heldOut: [heldOut, RATINGS_KIND], levels: [levels, LEVELS_KIND] });
  const standardized: number[] = [];
  const weights: number[] = [];
  const step = Math.max(1, heldOut.count / MOST);
  for (let next = 0; next < heldOut.count; next += step) {
    const at = Math.floor(next);
    const [user, item] = [heldOut.users.rawAt(heldOut.user[at]), heldOut.items.rawAt(heldOut.item[at])];
    if (model.users.indexOf(user) < 0 || model.items.indexOf(item) < 0) continue;
    const weight = weightAt(heldOut, at);
    if (weight === 0) continue;
    const { mean, deviation } = model.predictive(user, item);
    standardized.push((heldOut.value[at] - mean) / deviation);
    weights.push(weight);
  }
  return calibrationOf(standardized, levels, weights);
}

/**
 * The same of standardized residuals (r − r̂) / deviation, which are to be standard normal.
 *
 * @param given weights of the residuals. Default: 1 each.
 * @throws OptionsError when there are none.
 */
export function calibrationOf(standardized: readonly number[], levels: readonly number[] = LEVELS, given?: readonly number[]): Calibration {
  checkArguments("calibrationOf", {
    standardized: [standardized, NUMBERS],
    levels: [levels, LEVELS_KIND],
    weights: [given ?? [], NUMBERS],
  });
  const weights = given ?? standardized.map(() => 1);
  if (weights.length !== standardized.length)
    throw new OptionsError(`there are ${howMany(weights.length, "weight")} of ${howMany(standardized.length, "residual")}`, {
      remedy: "give a weight for each, or none",
    });
  const wrong = standardized.findIndex((one) => !Number.isFinite(one));
  if (wrong >= 0) throw new OptionsError(`residual ${wrong} is ${standardized[wrong]}: it must be a number`);
  if (standardized.length === 0) throw new OptionsError("there are no ratings to measure intervals by", { remedy: "hold ratings out" });
  const order = Array.from(standardized, (_, at) => at).sort((a, b) => Math.abs(standardized[a]) - Math.abs(standardized[b]));
  const sizes = Float64Array.from(order, (at) => Math.abs(standardized[at]));
  // Weights of the smallest so many residuals together.
  const upTo = new Float64Array(sizes.length + 1);
  order.forEach((from, at) => (upTo[at + 1] = upTo[at] + weights[from]));
  const total = upTo[sizes.length];
  const within = (limit: number): number => upTo[firstWhere(0, sizes.length, (at) => sizes[at] > limit)];
  return {
    points: levels.map((level) => ({ level, covered: within(inverseNormal(level)) / total })),
    ratings: sizes.length,
    meanSquare: standardized.reduce((sum, one, at) => sum + weights[at] * one ** 2, 0) / total,
  };
}

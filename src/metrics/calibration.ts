// Whether the intervals of predictive distributions hold what they promise. docs/models.md, "Variational Bayes".

import { OptionsError } from "../errors.js";
import { type FactorModel, MODEL_KIND } from "../models/factor-model.js";
import { checkArguments, NUMBERS } from "../options.js";
import { inverseNormal } from "../random-counter.js";
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

/** Shares of so many ratings are exact to a tenth of a percent. */
const MOST = 200_000;

/**
 * How many held-out ratings lie within the central intervals of their predictive distributions, level by level.
 * Ratings of users and items that the model does not know are left out; of more than 200,000 so many are taken, evenly.
 *
 * @throws OptionsError when the model predicts without spread (all but `vb`), and when no rating is left.
 */
export function calibration(model: FactorModel, heldOut: Ratings, levels: readonly number[] = LEVELS): Calibration {
  checkArguments("calibration", { model: [model, MODEL_KIND], heldOut: [heldOut, RATINGS_KIND] });
  const standardized: number[] = [];
  const step = Math.max(1, heldOut.count / MOST);
  for (let next = 0; next < heldOut.count; next += step) {
    const at = Math.floor(next);
    const [user, item] = [heldOut.users.rawAt(heldOut.user[at]), heldOut.items.rawAt(heldOut.item[at])];
    if (model.users.indexOf(user) < 0 || model.items.indexOf(item) < 0) continue;
    const { mean, deviation } = model.predictive(user, item);
    standardized.push((heldOut.value[at] - mean) / deviation);
  }
  return calibrationOf(standardized, levels);
}

/**
 * The same of standardized residuals (r − r̂) / deviation, which are to be standard normal.
 *
 * @throws OptionsError when there are none.
 */
export function calibrationOf(standardized: readonly number[], levels: readonly number[] = LEVELS): Calibration {
  checkArguments("calibrationOf", { standardized: [standardized, NUMBERS], levels: [levels, NUMBERS] });
  if (standardized.length === 0) throw new OptionsError("there are no ratings to measure intervals by", { remedy: "hold ratings out" });
  const sizes = Float64Array.from(standardized, Math.abs).sort();
  const within = (limit: number): number => {
    let [low, high] = [0, sizes.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sizes[middle] <= limit) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    points: levels.map((level) => ({ level, covered: within(inverseNormal(level)) / sizes.length })),
    ratings: sizes.length,
    meanSquare: sizes.reduce((sum, size) => sum + size ** 2, 0) / sizes.length,
  };
}

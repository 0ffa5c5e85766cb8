// Errors of predictions averaged over draws, float64: the plain loop that shaders/averaged-errors.wgsl parallelises.

import { type RatingColumns, weightAt } from "../../ratings/rating-columns.js";
import type { AveragedErrors, Bounds } from "../engine.js";
import type { RowState } from "./rows.js";
import { clipped, predicted, UNBOUNDED } from "./squared-errors.js";

/** Sums over the draws of each rating's prediction and density, [ratings]. */
export interface DrawSums {
  readonly predictions: Float64Array;
  readonly densities: Float64Array;
}

/**
 * Densities are taken for at least this, so that one rating that no draw expects does not
 * make the sum of logarithms infinite.
 */
const LEAST_DENSITY = 1e-30;

/**
 * Adds the present draw to the sums, then Σ w (r − r̄)², as it is and with r̄ clipped, and Σ w log p̄ at their
 * averages.
 *
 * @param draws draws in the sums, the present one included; with 0 or 1 the sums begin anew.
 */
export function averagedErrors(
  { predictions, densities }: DrawSums,
  ratings: RatingColumns,
  K: number,
  globalMean: number,
  { lambda, draws, clip = UNBOUNDED }: { readonly lambda: number; readonly draws: number; readonly clip?: Bounds | undefined },
  users: RowState,
  items: RowState,
): AveragedErrors {
  const count = Math.max(1, draws);
  let squares = 0;
  let clippedSquares = 0;
  let logDensity = 0;
  for (let at = 0; at < ratings.value.length; at++) {
    const value = ratings.value[at];
    const prediction = predicted(users, items, ratings.user[at], ratings.item[at], K, globalMean);
    const density = Math.sqrt(lambda / (2 * Math.PI)) * Math.exp(-0.5 * lambda * (value - prediction) ** 2);
    predictions[at] = prediction + (draws <= 1 ? 0 : predictions[at]);
    densities[at] = density + (draws <= 1 ? 0 : densities[at]);
    const weight = weightAt(ratings, at);
    squares += weight * (value - predictions[at] / count) ** 2;
    clippedSquares += weight * (value - clipped(predictions[at] / count, clip)) ** 2;
    logDensity += weight * Math.log(Math.max(densities[at] / count, LEAST_DENSITY));
  }
  return { squares, clippedSquares, logDensity };
}

// Squared errors, float64: the plain loop that shaders/squared-errors.wgsl parallelises.

import { type RatingColumns, weightAt } from "../../ratings/rating-columns.js";
import type { Bounds } from "../engine.js";
import type { RowState } from "./rows.js";

/** r̂ = μ + b_m + b_n + u·v of one pair. */
export function predicted(users: RowState, items: RowState, user: number, item: number, K: number, globalMean: number): number {
  let sum = globalMean + users.biases[user] + items.biases[item];
  for (let k = 0; k < K; k++) sum += users.factors[user * K + k] * items.factors[item * K + k];
  return sum;
}

/** A prediction, at least and at most so much. */
export const clipped = (prediction: number, { least, most }: Bounds): number => Math.min(most, Math.max(least, prediction));

/** No bounds at all. */
export const UNBOUNDED: Bounds = { least: -Infinity, most: Infinity };

/** Σ w (r − r̂)² over some ratings, r̂ clipped to the bounds. */
export function squaredErrors(
  ratings: RatingColumns,
  K: number,
  globalMean: number,
  users: RowState,
  items: RowState,
  clip: Bounds = UNBOUNDED,
): number {
  let sum = 0;
  for (let at = 0; at < ratings.value.length; at++) {
    const prediction = predicted(users, items, ratings.user[at], ratings.item[at], K, globalMean);
    sum += weightAt(ratings, at) * (ratings.value[at] - clipped(prediction, clip)) ** 2;
  }
  return sum;
}

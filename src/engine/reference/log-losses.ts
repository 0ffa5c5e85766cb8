// Log-losses, float64: the plain loop that shaders/log-losses.wgsl parallelises.

import { logLoss } from "../../sigmoid.js";
import { type RatingColumns, weightAt } from "../../ratings/rating-columns.js";
import type { RowState } from "./rows.js";
import { predicted } from "./squared-errors.js";

/** Weighted sum of the log-losses of some 0/1 ratings. */
export function logLosses(ratings: RatingColumns, K: number, globalMean: number, users: RowState, items: RowState): number {
  let sum = 0;
  for (let at = 0; at < ratings.value.length; at++)
    sum += weightAt(ratings, at) * logLoss(ratings.value[at], predicted(users, items, ratings.user[at], ratings.item[at], K, globalMean));
  return sum;
}

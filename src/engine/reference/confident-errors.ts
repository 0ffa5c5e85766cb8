// Errors of implicit feedback, float64: the plain loop that shaders/confident-errors.wgsl parallelises.
// Hu, Koren and Volinsky 2008.

import { type RatingColumns, weightAt } from "../../ratings/rating-columns.js";
import type { RowState } from "./rows.js";

/** Σ c (p − u·v)² − (u·v)² over the feedback, p = 1 where r > 0, else 0, and c = 1 + α w|r|. */
export function confidentErrors(confidence: number, ratings: RatingColumns, K: number, users: RowState, items: RowState): number {
  const { user, item, value } = ratings;
  let sum = 0;
  for (let at = 0; at < value.length; at++) {
    let score = 0;
    for (let k = 0; k < K; k++) score += users.factors[user[at] * K + k] * items.factors[item[at] * K + k];
    const preference = value[at] > 0 ? 1 : 0;
    sum += (1 + weightAt(ratings, at) * confidence * Math.abs(value[at])) * (preference - score) ** 2 - score ** 2;
  }
  return sum;
}

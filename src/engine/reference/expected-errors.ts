// Errors of uncertain rows, float64: the plain loop that shaders/expected-errors.wgsl parallelises.
// docs/models.md, "Variational Bayes".

import { type RatingColumns, weightAt } from "../../ratings/rating-columns.js";
import type { ExpectedErrors } from "../engine.js";
import { triangle } from "./cholesky.js";
import { entry, type RowState } from "./rows.js";
import { predicted } from "./squared-errors.js";

/** The factors' means [K] of an entity, and its covariance of (factors, bias) as a packed lower triangle. */
export interface UncertainRow {
  readonly factors: ArrayLike<number>;
  readonly covariance: ArrayLike<number>;
}

/** Var r̂ = E[x]ᵀ Γ_y E[x] + E[y]ᵀ Γ_x E[y] + tr(Γ_x Γ_y), with x = (u, b_u, 1) and y = (v, 1, b_v). */
export function varianceOf(user: UncertainRow, item: UncertainRow): number {
  const K = user.factors.length;
  let variance = 0;
  for (let i = 0; i <= K; i++) {
    for (let j = 0; j <= i; j++) {
      // The bias of one side meets the constant 1 of the other, which has no variance.
      const xx = (i < K ? user.factors[i] : 1) * (j < K ? user.factors[j] : 1);
      const yy = (i < K ? item.factors[i] : 1) * (j < K ? item.factors[j] : 1);
      const c = user.covariance[entry(i, j)];
      const d = item.covariance[entry(i, j)];
      variance += (i === j ? 1 : 2) * (d * xx + c * yy + (i < K ? c * d : 0));
    }
  }
  return variance;
}

/** Σ w (r − E r̂)², Σ w Var r̂ and Σ w log N(r; E r̂, 1/λ + Var r̂) over some ratings. */
export function expectedErrors(
  ratings: RatingColumns,
  K: number,
  globalMean: number,
  lambda: number,
  users: RowState,
  items: RowState,
): ExpectedErrors {
  const T = triangle(K + 1);
  const at = ({ factors, covariances }: RowState, row: number): UncertainRow => ({
    factors: factors.subarray(row * K, (row + 1) * K),
    covariance: covariances!.packed.subarray(row * T, (row + 1) * T),
  });
  let squares = 0;
  let variances = 0;
  let logDensity = 0;
  for (let rating = 0; rating < ratings.value.length; rating++) {
    const [user, item] = [ratings.user[rating], ratings.item[rating]];
    const variance = varianceOf(at(users, user), at(items, item));
    const square = (ratings.value[rating] - predicted(users, items, user, item, K, globalMean)) ** 2;
    const spread = 1 / lambda + variance;
    const weight = weightAt(ratings, rating);
    squares += weight * square;
    variances += weight * variance;
    logDensity -= weight * 0.5 * (Math.log(2 * Math.PI * spread) + square / spread);
  }
  return { squares, variances, logDensity };
}

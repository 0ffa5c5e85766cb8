// The normal equations of one row, float64, rating by rating: what shaders/gram-solve.wgsl accumulates.
// Half-sweeps, fold-in and explanations all take them from here. docs/models.md, "Alternating least squares".

import type { Prior, System } from "../engine.js";
import { entry, type RowState } from "./rows.js";

/** A x = h of D = K + 1 unknowns: A [D, D] row-major, of which the lower triangle is used, and h [D]. */
export interface NormalEquations {
  readonly matrix: Float64Array;
  readonly rhs: Float64Array;
}

export const equationsOf = (D: number): NormalEquations => ({ matrix: new Float64Array(D * D), rhs: new Float64Array(D) });

/** Σ x xᵀ over rows of K numbers, such as the factors of a side, [K, K] row-major, the lower triangle. */
export function rowGram(factors: ArrayLike<number>, K: number): Float64Array {
  const gram = new Float64Array(K * K);
  for (let row = 0; row < factors.length; row += K) {
    for (let i = 0; i < K; i++) for (let j = 0; j <= i; j++) gram[i * K + j] += factors[row + i] * factors[row + j];
  }
  return gram;
}

/**
 * T x̄, or Λ x̄: the pulls of rows whose priors have the means x̄, [count, D] row-major;
 * those of a drawn system are beyond the mean of its shared prior.
 */
export function pullsTowards(system: System, means: Float64Array, D: number): Float64Array {
  if (system.kind !== "drawn") {
    const precisions = Float64Array.from({ length: D }, (_, k) =>
      system.kind === "confident" ? (k < D - 1 ? system.tau : 0) : k < D - 1 || system.biases ? system.precisions[k] : 0,
    );
    return means.map((value, at) => precisions[at % D] * value);
  }
  const { precision } = system.prior;
  const pulls = new Float64Array(means.length);
  for (let at = 0; at < means.length; at += D) {
    for (let i = 0; i < D; i++) {
      for (let j = 0; j < i; j++) {
        const value = precision[entry(i, j)];
        pulls[at + i] += value * means[at + j];
        pulls[at + j] += value * means[at + i];
      }
      pulls[at + i] += precision[entry(i, i)] * means[at + i];
    }
  }
  return pulls;
}

/** Λ m, [D]: what a prior adds to an entity's right-hand side. */
export function priorRhs({ mean, precision }: Prior): number[] {
  return mean.map((_, i) => mean.reduce((sum, value, j) => sum + precision[j <= i ? entry(i, j) : entry(j, i)] * value, 0));
}

/**
 * Sets a row's equations to those of its prior alone.
 *
 * @param weight of the row's ratings together, which weighted precisions are multiplied by.
 * @param pull  what the row has on its right-hand side beside its ratings, [D]; left out, 0.
 * @param gram  YᵀY of the other side's factors, [K, K], of systems over all pairs.
 */
export function addPrior(
  { matrix, rhs }: NormalEquations,
  system: System,
  weight: number,
  pull?: ArrayLike<number>,
  gram?: Float64Array,
): void {
  const D = rhs.length;
  const K = D - 1;
  matrix.fill(0);
  rhs.fill(0);
  if (system.kind === "drawn") {
    for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) matrix[i * D + j] = system.prior.precision[entry(i, j)];
    rhs.set(priorRhs(system.prior));
  } else if (system.kind === "confident") {
    for (let i = 0; i < K; i++) for (let j = 0; j <= i; j++) matrix[i * D + j] = gram![i * K + j] + (i === j ? system.tau : 0);
    matrix[K * D + K] = 1;
  } else {
    const times = system.weighted ? weight : 1;
    for (let k = 0; k < D; k++) matrix[k * D + k] = system.precisions[k] * times;
    // Without biases the last equation is b = 0.
    if (!system.biases) matrix[K * D + K] = 1;
  }
  if (pull) for (let k = 0; k < D; k++) rhs[k] += pull[k];
}

/**
 * Adds one rating to a row's equations.
 *
 * @param fixed  the other side, whose row `other` was rated `value`.
 * @param weight how often the rating counts.
 */
export function addRating(
  { matrix, rhs }: NormalEquations,
  system: System,
  fixed: RowState,
  other: number,
  value: number,
  globalMean: number,
  weight = 1,
): void {
  const D = rhs.length;
  const K = D - 1;
  const y = fixed.factors.subarray(other * K, (other + 1) * K);
  if (system.kind === "confident") {
    const excess = weight * system.confidence * Math.abs(value);
    const preferred = value > 0 ? 1 + excess : 0;
    for (let i = 0; i < K; i++) {
      for (let j = 0; j <= i; j++) matrix[i * D + j] += excess * y[i] * y[j];
      rhs[i] += preferred * y[i];
    }
    return;
  }
  const lambda = weight * system.lambda;
  const e = value - globalMean - fixed.biases[other];
  for (let i = 0; i < K; i++) {
    const scaled = lambda * y[i];
    for (let j = 0; j <= i; j++) matrix[i * D + j] += scaled * y[j];
    rhs[i] += scaled * e;
  }
  if (system.kind === "drawn" || system.biases) {
    for (let j = 0; j < K; j++) matrix[K * D + j] += lambda * y[j];
    matrix[K * D + K] += lambda;
    rhs[K] += lambda * e;
  }
  if (!fixed.covariances) return;
  // The bias of the other side meets the constant 1, so its covariances go to the right-hand side.
  const T = entry(D, 0);
  const spread = fixed.covariances.packed.subarray(other * T, (other + 1) * T);
  for (let i = 0; i < K; i++) {
    for (let j = 0; j <= i; j++) matrix[i * D + j] += lambda * spread[entry(i, j)];
    rhs[i] -= lambda * spread[entry(K, i)];
  }
}

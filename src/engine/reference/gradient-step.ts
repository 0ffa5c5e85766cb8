// A batch step of gradient descent, float64: the plain loop that shaders/gradient-step.wgsl and
// shaders/take-step.wgsl parallelise.

import { type Csr, rowWeights } from "../../ratings/csr.js";
import { weightAt } from "../../ratings/rating-columns.js";
import type { BatchStep, RowSlice, Side } from "../engine.js";
import type { RowState } from "./rows.js";
import { predicted } from "./squared-errors.js";

/** Below this the curvature of a row without ratings and without a precision is taken for it. */
const LEAST_CURVATURE = 1e-6;

/**
 * The new velocities of a side: v ← ω v − η ∂L/∂x / (λ n + τ), ∂L/∂x = −λ Σ w e y + τ x, biases alike with γ, n = Σ w.
 * The division by λ n + τ, what a coordinate's curvature is for |y| = 1, lets rows of very different length share one
 * η.
 */
export function gradientStep(
  step: BatchStep,
  side: Side,
  rows: Csr,
  globalMean: number,
  own: RowState,
  other: RowState,
  slice: RowSlice,
): void {
  const { lambda, precisions, biases, step: eta, momentum } = step;
  const K = precisions[side].length - 1;
  const velocity = own.velocity!;
  const gradient = new Float64Array(K + 1);
  const take = (velocities: Float64Array, at: number, slope: number, weight: number, precision: number): void => {
    velocities[at] = momentum * velocities[at] - (eta * slope) / Math.max(lambda * weight + precision, LEAST_CURVATURE);
  };
  const weights = rowWeights(rows);
  for (let row = slice.from; row < slice.to; row++) {
    const weight = weights[row];
    for (let k = 0; k < K; k++) gradient[k] = precisions[side][k] * own.factors[row * K + k];
    gradient[K] = precisions[side][K] * own.biases[row];
    for (let at = rows.start[row]; at < rows.start[row + 1]; at++) {
      const e = weightAt(rows, at) * (rows.value[at] - predicted(own, other, row, rows.index[at], K, globalMean));
      for (let k = 0; k < K; k++) gradient[k] -= lambda * e * other.factors[rows.index[at] * K + k];
      gradient[K] -= lambda * e;
    }
    for (let k = 0; k < K; k++) take(velocity.factors, row * K + k, gradient[k], weight, precisions[side][k]);
    if (biases) take(velocity.biases, row, gradient[K], weight, precisions[side][K]);
  }
}

/** x ← x + v, of a slice of rows. */
export function takeStep({ factors, biases, velocity }: RowState, K: number, { from, to }: RowSlice): void {
  for (let at = from * K; at < to * K; at++) factors[at] += velocity!.factors[at];
  for (let row = from; row < to; row++) biases[row] += velocity!.biases[row];
}

// One half-sweep of `als`, float64: the plain loop that shaders/gram-solve.wgsl parallelises. Spec §2.

import { NotPositiveDefiniteError } from "../../errors.js";
import type { AlsHyperparameters } from "../../models/als.js";
import type { Csr } from "../../ratings/csr.js";
import type { RowSlice, Side } from "../engine.js";
import { solveCholesky } from "./cholesky.js";

/** Factors [count, K] row-major and biases [count] of one side, float64. */
export interface SideState {
  readonly factors: Float64Array;
  readonly biases: Float64Array;
  /** Prior means of the factors, [count, K] row-major, where the side has features; else they are 0. */
  readonly means?: Float64Array | undefined;
}

/**
 * Solves the normal equations of every row of a slice: (λ Σ ỹ ỹᵀ + diag(τ…, γ)) x̃ = λ Σ ỹ (r − μ − b), ỹ = (y, 1).
 * `update: "sequential"` solves the factors at the old bias, then the bias at the new factors. Empty rows become their
 * prior mean, 0 without features.
 *
 * @param side   which side `solved` is; its precisions are used.
 * @param solved overwritten in the rows of the slice.
 * @param fixed  factors of the other side, row-major [fixedCount, K], with biases [fixedCount].
 * @throws NotPositiveDefiniteError naming the first row whose pivot is not positive (τ = 0 and too few ratings).
 */
export function gramSolve(
  h: AlsHyperparameters,
  side: Side,
  rows: Csr,
  globalMean: number,
  solved: SideState,
  fixed: SideState,
  slice: RowSlice = { from: 0, to: rows.count },
): void {
  const K = h.factors;
  const D = K + 1;
  const tau = side === "users" ? h.tauUsers : h.tauItems;
  const gamma = side === "users" ? h.gammaUsers : h.gammaItems;
  const joint = h.biases && h.update === "joint";
  const gram = new Float64Array(D * D);
  const rhs = new Float64Array(D);

  for (let row = slice.from; row < slice.to; row++) {
    const x = solved.factors.subarray(row * K, row * K + K);
    const count = rows.start[row + 1] - rows.start[row];
    if (count === 0) {
      x.set(solved.means?.subarray(row * K, row * K + K) ?? new Float64Array(K));
      solved.biases[row] = 0;
      continue;
    }
    gram.fill(0);
    rhs.fill(0);
    for (let at = rows.start[row]; at < rows.start[row + 1]; at++) {
      const other = rows.index[at];
      const residual = rows.value[at] - globalMean - fixed.biases[other];
      accumulate(gram, rhs, fixed.factors.subarray(other * K, other * K + K), residual, h.lambda);
    }
    const weight = h.regularization === "weighted" ? count : 1;
    for (let k = 0; k < K; k++) {
      gram[k * D + k] += tau * weight;
      if (solved.means) rhs[k] += tau * weight * solved.means[row * K + k];
    }

    if (joint) {
      gram[K * D + K] += gamma * weight;
      if (solveCholesky(gram, rhs, D) >= 0) throw new NotPositiveDefiniteError(side, row);
      x.set(rhs.subarray(0, K));
      solved.biases[row] = rhs[K];
      continue;
    }

    // The bias leaves the system: its column goes to the right-hand side at the old value and its equation is kept aside.
    const factorSums = gram.slice(K * D, K * D + K);
    const residualSum = rhs[K];
    const biasPrecision = gram[K * D + K] + gamma * weight;
    for (let k = 0; k < K; k++) {
      rhs[k] -= factorSums[k] * solved.biases[row];
      gram[K * D + k] = 0;
    }
    gram[K * D + K] = 1;
    if (solveCholesky(gram, rhs, D) >= 0) throw new NotPositiveDefiniteError(side, row);
    x.set(rhs.subarray(0, K));
    if (h.biases) {
      let sum = residualSum;
      for (let k = 0; k < K; k++) sum -= factorSums[k] * x[k];
      solved.biases[row] = sum / biasPrecision;
    }
  }
}

/** Adds one rating: gram += λ ỹ ỹᵀ (lower triangle), rhs += λ ỹ e, with ỹ = (y, 1). */
function accumulate(gram: Float64Array, rhs: Float64Array, y: Float64Array, residual: number, lambda: number): void {
  const K = y.length;
  const D = K + 1;
  for (let i = 0; i < K; i++) {
    const scaled = lambda * y[i];
    for (let j = 0; j <= i; j++) gram[i * D + j] += scaled * y[j];
    gram[K * D + i] += scaled;
    rhs[i] += scaled * residual;
  }
  gram[K * D + K] += lambda;
  rhs[K] += lambda * residual;
}

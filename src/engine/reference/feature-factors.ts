// Feature factors, float64: the plain loops that shaders/feature-factors.wgsl parallelises.

import type { SparseRows } from "../../ratings/features.js";
import { factorize, solveLower, solveUpper, symmetricInverse } from "./cholesky.js";

/** SᵀS + ρ I, [F, F] row-major, with ρ = τ_f / τ_v. */
export function featureSystem({ count, columns: F, start, index, value }: SparseRows, ratio: number): Float64Array {
  const matrix = new Float64Array(F * F);
  for (let row = 0; row < count; row++) {
    for (let a = start[row]; a < start[row + 1]; a++)
      for (let b = start[row]; b < start[row + 1]; b++) matrix[index[a] * F + index[b]] += value[a] * value[b];
  }
  for (let i = 0; i < F; i++) matrix[i * F + i] += ratio;
  return matrix;
}

/** (SᵀS + ρ I)⁻¹, which is the same in every sweep. */
export const featureInverse = (rows: SparseRows, ratio: number): Float64Array => symmetricInverse(featureSystem(rows, ratio), rows.columns);

/**
 * All feature factors at once: (SᵀS + (τ_f/τ_v) I) F = Sᵀ V, the objective's minimum over them.
 *
 * @param factors V, [count, K] row-major.
 * @returns F, [features, K] row-major.
 */
export function featureFactors(rows: SparseRows, ratio: number, factors: Float64Array, K: number): Float64Array {
  const F = rows.columns;
  const matrix = featureSystem(rows, ratio);
  factorize(matrix, F);
  const solved = new Float64Array(F * K);
  for (let row = 0; row < rows.count; row++) {
    for (let at = rows.start[row]; at < rows.start[row + 1]; at++)
      for (let k = 0; k < K; k++) solved[rows.index[at] * K + k] += rows.value[at] * factors[row * K + k];
  }
  const column = new Float64Array(F);
  for (let k = 0; k < K; k++) {
    for (let i = 0; i < F; i++) column[i] = solved[i * K + k];
    solveLower(matrix, column, F);
    solveUpper(matrix, column, F);
    for (let i = 0; i < F; i++) solved[i * K + k] = column[i];
  }
  return solved;
}

/** Prior means v̄ = S F, [count, K] row-major. */
export function featureMeans(rows: SparseRows, features: Float64Array, K: number): Float64Array {
  const means = new Float64Array(rows.count * K);
  for (let row = 0; row < rows.count; row++) {
    for (let at = rows.start[row]; at < rows.start[row + 1]; at++)
      for (let k = 0; k < K; k++) means[row * K + k] += rows.value[at] * features[rows.index[at] * K + k];
  }
  return means;
}

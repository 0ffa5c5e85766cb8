// One half-sweep, float64: the plain loop that shaders/gram-solve.wgsl parallelises.
// docs/models.md, "Alternating least squares".

import { NotPositiveDefiniteError } from "../../errors.js";
import { counterNormals } from "../../random-counter.js";
import { type Csr, rowWeights } from "../../ratings/csr.js";
import type { RowSlice, Side, System } from "../engine.js";
import { choleskyInverse, factorize, solveLower, solveUpper } from "./cholesky.js";
import { addPrior, addRating, equationsOf, type NormalEquations, rowGram } from "./normal-equations.js";
import { entry, type RowState } from "./rows.js";

/**
 * Solves the system of every row of a slice. Where the side carries covariances they are written too:
 * the inverse of the matrix, or of its diagonal, which is the optimum of that family.
 *
 * @param side   which side `solved` is, for the error.
 * @param solved overwritten in the rows of the slice.
 * @param fixed  the other side.
 * @param gram   YᵀY of all rows of the other side when it is known, of systems over all pairs.
 * @throws NotPositiveDefiniteError naming the first row whose pivot is not positive (τ = 0 and too few ratings).
 */
export function gramSolve(
  system: System,
  side: Side,
  rows: Csr,
  globalMean: number,
  solved: RowState,
  fixed: RowState,
  slice: RowSlice = { from: 0, to: rows.count },
  gram?: Float64Array,
): void {
  const K = solved.biases.length === 0 ? 0 : solved.factors.length / solved.biases.length;
  const shared = system.kind === "confident" ? (gram ?? rowGram(fixed.factors, K)) : undefined;
  const equations = equationsOf(K + 1);
  const weights = rowWeights(rows);
  for (let row = slice.from; row < slice.to; row++) {
    const pull = solved.pulls?.subarray(row * (K + 1), (row + 1) * (K + 1));
    const count = rows.start[row + 1] - rows.start[row];
    if (count === 0 && !pull && !solved.covariances && (system.kind === "joint" || system.kind === "sequential")) {
      // Whatever the precisions are, 0 among them.
      putRow(solved, row, new Float64Array(K), 0);
      continue;
    }
    addPrior(equations, system, weights[row], pull, shared);
    for (let at = rows.start[row]; at < rows.start[row + 1]; at++)
      addRating(equations, system, fixed, rows.index[at], rows.value[at], globalMean, rows.weight?.[at]);
    if (system.kind === "sequential" && system.biases) solveInTurn(equations, solved, side, row);
    else solveAtOnce(equations, system, solved, side, row);
  }
}

function solveAtOnce({ matrix, rhs }: NormalEquations, system: System, solved: RowState, side: Side, row: number): void {
  const D = rhs.length;
  const diagonal = Float64Array.from({ length: D }, (_, k) => matrix[k * D + k]);
  if (factorize(matrix, D) >= 0) throw new NotPositiveDefiniteError(side, row);
  solveLower(matrix, rhs, D);
  if (system.kind === "drawn" && system.noise) {
    const { seed, draw } = system.noise;
    for (let k = 0; k < D; k++) rhs[k] += counterNormals(row, Math.floor(k / 4), draw, seed)[k % 4];
  }
  solveUpper(matrix, rhs, D);
  putRow(solved, row, rhs.subarray(0, D - 1), rhs[D - 1]);
  if (solved.covariances) putCovariance(solved, row, matrix, diagonal);
}

/** The factors at the old bias, then the bias at the new factors. */
function solveInTurn({ matrix, rhs }: NormalEquations, solved: RowState, side: Side, row: number): void {
  const D = rhs.length;
  const K = D - 1;
  // The bias leaves the system: its column goes to the right-hand side at the old value and its equation is kept aside.
  const factorSums = matrix.slice(K * D, K * D + K);
  const residualSum = rhs[K];
  const biasPrecision = matrix[K * D + K];
  for (let k = 0; k < K; k++) {
    rhs[k] -= factorSums[k] * solved.biases[row];
    matrix[K * D + k] = 0;
  }
  matrix[K * D + K] = 1;
  if (factorize(matrix, D) >= 0) throw new NotPositiveDefiniteError(side, row);
  solveLower(matrix, rhs, D);
  solveUpper(matrix, rhs, D);
  let sum = residualSum;
  for (let k = 0; k < K; k++) sum -= factorSums[k] * rhs[k];
  putRow(solved, row, rhs.subarray(0, K), sum / biasPrecision);
}

function putRow(solved: RowState, row: number, factors: Float64Array, bias: number): void {
  solved.factors.set(factors, row * factors.length);
  solved.biases[row] = bias;
}

/** @param factor L of the row's matrix, and its diagonal before it was factored. */
function putCovariance({ covariances }: RowState, row: number, factor: Float64Array, diagonal: Float64Array): void {
  const { family, packed, logDeterminants } = covariances!;
  const D = diagonal.length;
  const spread = packed.subarray(row * entry(D, 0), (row + 1) * entry(D, 0));
  let sum = 0;
  if (family === "full") {
    for (let k = 0; k < D; k++) sum -= 2 * Math.log(factor[k * D + k]);
    choleskyInverse(factor, D, spread);
  } else {
    spread.fill(0);
    for (let k = 0; k < D; k++) {
      spread[entry(k, k)] = 1 / diagonal[k];
      sum -= Math.log(diagonal[k]);
    }
  }
  logDeterminants[row] = sum;
}

// One half-sweep by conjugate gradients, float64: the plain loop that shaders/conjugate-gradients.wgsl parallelises.
// The matrix of a row's system is never formed. docs/models.md, "Conjugate gradients".

import { type Csr, rowWeights } from "../../ratings/csr.js";
import { weightAt } from "../../ratings/rating-columns.js";
import type { ConfidentSystem, PointSystem, RowSlice } from "../engine.js";
import { rowGram } from "./normal-equations.js";
import type { RowState } from "./rows.js";

/** The square of the share of its first residual below which a row stops. */
const SMALLEST_RESIDUAL_SHARE = 1e-12;

/**
 * Moves every row of a slice by a few steps from its present values. Each step lowers the row's part of the objective.
 * A row without ratings becomes what its prior and its pull make of it at once; where all pairs count, one with a pull
 * takes steps like any other.
 *
 * @param gram YᵀY of all rows of the other side when it is known, of systems over all pairs.
 */
export function conjugateGradients(
  system: PointSystem | ConfidentSystem,
  steps: number,
  rows: Csr,
  globalMean: number,
  solved: RowState,
  fixed: RowState,
  slice: RowSlice = { from: 0, to: rows.count },
  gram?: Float64Array,
): void {
  const K = solved.biases.length === 0 ? 0 : solved.factors.length / solved.biases.length;
  const shared = system.kind === "confident" ? (gram ?? rowGram(fixed.factors, K)) : undefined;
  const weights = rowWeights(rows);
  for (let row = slice.from; row < slice.to; row++) {
    const pull = solved.pulls?.subarray(row * (K + 1), (row + 1) * (K + 1));
    const x = new Float64Array(K + 1);
    if (rows.start[row + 1] > rows.start[row] || (pull && system.kind === "confident")) {
      x.set(solved.factors.subarray(row * K, (row + 1) * K));
      x[K] = solved.biases[row];
      descend(system, steps, rows, row, weights[row], globalMean, x, fixed, pull, shared);
    } else if (pull && system.kind !== "confident") pull.forEach((value, k) => (x[k] = value === 0 ? 0 : value / system.precisions[k]));
    solved.factors.set(x.subarray(0, K), row * K);
    solved.biases[row] = x[K];
  }
}

/** Moves one row, x = (factors, bias), towards the solution of its system A x = h. */
function descend(
  system: PointSystem | ConfidentSystem,
  steps: number,
  rows: Csr,
  row: number,
  rowWeight: number,
  globalMean: number,
  x: Float64Array,
  fixed: RowState,
  pull: Float64Array | undefined,
  shared: Float64Array | undefined,
): void {
  const D = x.length;
  const K = D - 1;
  const [first, last] = [rows.start[row], rows.start[row + 1]];
  const weight = system.kind !== "confident" && system.weighted ? rowWeight : 1;
  const prior = (k: number): number => (system.kind === "confident" ? system.tau : system.precisions[k] * weight);
  const hasBias = system.kind !== "confident" && system.biases;
  // In turn: the factors at the old bias, which stands with the mean.
  const held = hasBias && system.kind === "sequential" ? x[K] : 0;
  const joint = hasBias && system.kind === "joint";
  if (!joint) x[K] = 0;

  const y = (at: number, k: number): number => (k < K ? fixed.factors[rows.index[at] * K + k] : joint ? 1 : 0);
  const lambdaOf = (at: number): number =>
    weightAt(rows, at) * (system.kind === "confident" ? system.confidence * Math.abs(rows.value[at]) : system.lambda);
  const targetOf = (at: number): number => {
    if (system.kind === "confident") return rows.value[at] > 0 ? 1 + lambdaOf(at) : 0;
    return lambdaOf(at) * (rows.value[at] - globalMean - fixed.biases[rows.index[at]] - held);
  };
  const product = (at: number, p: Float64Array): number => {
    let sum = 0;
    for (let k = 0; k < D; k++) sum += y(at, k) * p[k];
    return sum;
  };
  /** What the prior and all pairs add to A p. */
  const addBase = (sum: Float64Array, p: Float64Array, sign: number): void => {
    for (let k = 0; k < D; k++) sum[k] += sign * prior(k) * p[k];
    if (!shared) return;
    for (let i = 0; i < K; i++) {
      for (let j = 0; j < i; j++) {
        const value = sign * shared[i * K + j];
        sum[i] += value * p[j];
        sum[j] += value * p[i];
      }
      sum[i] += sign * shared[i * K + i] * p[i];
    }
  };
  const squared = (vector: Float64Array): number => vector.reduce((sum, value) => sum + value * value, 0);

  // r = h − A x
  const r = new Float64Array(D);
  for (let at = first; at < last; at++) {
    const share = targetOf(at) - lambdaOf(at) * product(at, x);
    for (let k = 0; k < D; k++) r[k] += share * y(at, k);
  }
  addBase(r, x, -1);
  if (pull) for (let k = 0; k < D; k++) r[k] += pull[k];
  if (!joint) r[K] = 0;

  const p = r.slice();
  let residual = squared(r);
  const smallest = residual * SMALLEST_RESIDUAL_SHARE;
  for (let step = 0; step < steps && residual > smallest; step++) {
    const Ap = new Float64Array(D);
    for (let at = first; at < last; at++) {
      const share = lambdaOf(at) * product(at, p);
      for (let k = 0; k < D; k++) Ap[k] += share * y(at, k);
    }
    addBase(Ap, p, 1);
    const curvature = Ap.reduce((sum, value, k) => sum + value * p[k], 0);
    if (!(curvature > 0)) break;
    const length = residual / curvature;
    for (let k = 0; k < D; k++) {
      x[k] += length * p[k];
      r[k] -= length * Ap[k];
    }
    const next = squared(r);
    for (let k = 0; k < D; k++) p[k] = r[k] + (next / residual) * p[k];
    residual = next;
  }

  if (!hasBias || joint) return;
  // The bias at the new factors.
  let sum = 0;
  for (let at = first; at < last; at++) sum += targetOf(at) + lambdaOf(at) * (held - product(at, x));
  x[K] = (sum + (pull?.[K] ?? 0)) / (system.lambda * rowWeight + prior(K));
}

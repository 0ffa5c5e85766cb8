// Fold-in: factors and biases of new users or items from their ratings, the other side fixed.

import { otherSide, type Side, type System } from "../engine/engine.js";
import { solveCholesky, symmetricInverse, triangle } from "../engine/reference/cholesky.js";
import { gramSolve } from "../engine/reference/gram-solve.js";
import { addPrior, addRating, equationsOf, pullsTowards, rowGram } from "../engine/reference/normal-equations.js";
import { type RowState, rowState } from "../engine/reference/rows.js";
import { NotPositiveDefiniteError, OptionsError } from "../errors.js";
import { ALS_DEFAULTS, type AlsHyperparameters, alsSystem } from "../models/als.js";
import { countedFeedback, implicitSystem } from "../models/implicit.js";
import type { LogisticHyperparameters } from "../models/logistic.js";
import { type GibbsDraw, type Parameters, rowsOf, sampleOf, sampleShare, samplesOf } from "../models/parameters.js";
import type { Hyperparameters } from "../models/registry.js";
import { vbSystem } from "../models/vb.js";
import type { Csr } from "../ratings/csr.js";
import { sigmoid } from "../sigmoid.js";

/** Ratings of one new user (of `index` items) or of one new item (by `index` users). */
export interface FewRatings {
  readonly index: Uint32Array;
  readonly value: Float32Array;
}

/**
 * One user or item: factors [K], bias, under `vb` the covariance of (factors, bias), a packed lower triangle, and under
 * `gibbs` what is known at each of its samples, whose factors stand side by side.
 */
export interface Entity {
  readonly factors: Float64Array;
  readonly bias: number;
  readonly covariance?: Float64Array;
  readonly drawn?: DrawnEntity;
}

/** What is known of an entity at each of S samples beside its factors. */
export interface DrawnEntity {
  /** By how much its bias is above the mean over the samples, [S]. */
  readonly biases: Float64Array;
  /** Covariances of (factors, bias) given each sample, packed lower triangles, of whom was not drawn in training. */
  readonly covariances?: Float64Array;
}

/**
 * New rows of one side: factors [count, K], biases [count], under `vb` covariances as packed lower triangles,
 * [count, D (D + 1) / 2], and under `gibbs` how far the biases at each sample are from their mean, [count, S].
 */
export interface FoldedRows {
  readonly factors: Float64Array;
  readonly biases: Float64Array;
  readonly covariances?: Float64Array;
  readonly drawnBiases?: Float64Array;
}

/**
 * The solve of one new row, as `foldInRows` solves many.
 *
 * @throws NotPositiveDefiniteError when τ or γ is 0 and the ratings are too few.
 */
export function foldIn(
  { index, value }: FewRatings,
  side: Side,
  parameters: Parameters,
  h: Hyperparameters,
  means?: readonly Float64Array[],
  gram?: Float64Array,
): Entity {
  const rows = { count: 1, start: Uint32Array.of(0, index.length), index, value };
  const { factors, biases, covariances, drawnBiases } = foldInRows(rows, side, parameters, h, means, gram);
  return {
    factors,
    bias: biases[0],
    ...(covariances && { covariance: covariances }),
    ...(drawnBiases && { drawn: { biases: drawnBiases, covariances: drawnCovariances(index, side, parameters) } }),
  };
}

/** P⁻¹ of a new row, rated with the rows `index` of the other side: at each sample one packed lower triangle. */
export function drawnCovariances(index: Uint32Array, side: Side, parameters: Parameters): Float64Array {
  const { K, S } = samplesOf(parameters);
  const D = K + 1;
  const rated = rowsOf(parameters, otherSide(side)).factors;
  const scale = S * sampleShare(side, S);
  const packed: number[] = [];
  parameters.draws!.forEach(({ lambda, [side]: prior }, s) => {
    const system = { kind: "drawn", lambda, prior } as const;
    const equations = equationsOf(D);
    addPrior(equations, system, 1);
    const factors = new Float64Array(index.length * K);
    for (let at = 0; at < factors.length; at++) factors[at] = scale * rated[(index[Math.floor(at / K)] * S + s) * K + (at % K)];
    const fixed = { factors, biases: new Float64Array(index.length) };
    for (let at = 0; at < index.length; at++) addRating(equations, system, fixed, at, 0, 0);
    const inverse = symmetricInverse(equations.matrix, D);
    for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) packed.push(inverse[i * D + j]);
  });
  return Float64Array.from(packed);
}

/**
 * The equations that a new row of a side is solved by; undefined where there is more than one system,
 * or none that is linear (`gibbs`, `logistic`).
 */
export function foldInSystem(side: Side, parameters: Parameters, h: Hyperparameters): System | undefined {
  if (parameters.posterior) return vbSystem(parameters.posterior.precisions, side);
  if ("burnIn" in h || "positiveThreshold" in h) return undefined;
  // Exactly, however it was trained.
  if ("confidence" in h) return { ...implicitSystem(h, side), steps: undefined };
  return { ...alsSystem({ ...ALS_DEFAULTS, ...(h as AlsHyperparameters) }, side), kind: "joint", steps: undefined };
}

/**
 * Solves new rows, float64: the joint solve of `als`, the posterior of `vb`, the confident one of `implicit`, the
 * posterior mean at each of `gibbs`' samples, the optimum of `logistic`. A row without ratings becomes 0, or its prior.
 *
 * @param rows  ratings of the new rows; `index` is that of the other side's parameters.
 * @param side  "users" folds in users against the items' parameters, "items" the other way round.
 * @param means what the rows' features add to their prior means, as `priorMeans` gives it; left out, 0.
 * @param gram  of `implicit`, Σ y yᵀ over all of the other side, where it is known: it takes longer than all the rest.
 * @throws NotPositiveDefiniteError when τ or γ is 0 and the ratings are too few;
 *   OptionsError for a `gibbs` model without samples.
 */
export function foldInRows(
  rows: Csr,
  side: Side,
  parameters: Parameters,
  h: Hyperparameters,
  means?: readonly Float64Array[],
  gram?: Float64Array,
): FoldedRows {
  if ("counts" in h) rows = { ...rows, value: countedFeedback(h, rows.value) };
  const { own, fixed } = rowsNeeded(rows, parameters, otherSide(side));
  const { factors: K, globalMean, posterior } = parameters;
  const other = rowState(rowsOf(fixed, otherSide(side)), K, posterior?.family ?? "none");
  const system = foldInSystem(side, parameters, h);
  const solved = emptyRows(rows.count, K, posterior?.family, system && means && pullsTowards(system, means[0], K + 1));
  if (system) {
    const all = side === "users" ? parameters.itemFactors : parameters.userFactors;
    gramSolve(system, side, own, globalMean, solved, other, undefined, system.kind === "confident" ? (gram ?? rowGram(all, K)) : undefined);
  } else if (parameters.draws) {
    const drawnBiases = averageFoldIn(own, side, solved, other, fixed.drawnBiases![otherSide(side)], parameters.draws, globalMean, means);
    return { factors: solved.factors, biases: solved.biases, drawnBiases };
  } else if ("positiveThreshold" in h) {
    for (let row = 0; row < rows.count; row++) logisticFoldIn(own, row, side, solved, other, globalMean, h);
  } else
    throw new OptionsError("this gibbs model keeps no sample to fold in against", { remedy: "train for more sweeps than the burn-in" });
  return { factors: solved.factors, biases: solved.biases, ...(posterior && { covariances: solved.covariances!.packed }) };
}

function emptyRows(count: number, K: number, family: "diagonal" | "full" | undefined, pulls?: Float64Array): RowState {
  const rows = { factors: new Float64Array(count * K), biases: new Float64Array(count), pulls };
  const covariances = family && {
    family,
    packed: new Float64Array(count * triangle(K + 1)),
    logDeterminants: new Float64Array(count),
  };
  return { ...rows, covariances };
}

/** Newton steps on one new row's own convex objective, until they are small; ratings count as they do in training. */
function logisticFoldIn(
  rows: Csr,
  row: number,
  side: Side,
  solved: RowState,
  { factors, biases }: RowState,
  globalMean: number,
  h: LogisticHyperparameters,
): void {
  const K = h.factors;
  const D = K + 1;
  const [tau, gamma] = side === "users" ? [h.tauUsers, h.gammaUsers] : [h.tauItems, h.gammaItems];
  const x = new Float64Array(D);
  for (let step = 0; step < 50; step++) {
    const hessian = new Float64Array(D * D);
    const gradient = Float64Array.from(x, (value, k) => (k < K ? tau : gamma) * value);
    for (let at = rows.start[row]; at < rows.start[row + 1]; at++) {
      const other = rows.index[at];
      const y = (k: number): number => (k < K ? factors[other * K + k] : Number(h.biases));
      let score = globalMean + biases[other];
      for (let k = 0; k < D; k++) score += x[k] * y(k);
      const p = sigmoid(score);
      const d = Number(h.positiveThreshold === null ? rows.value[at] > 0 : rows.value[at] >= h.positiveThreshold);
      for (let i = 0; i < D; i++) {
        gradient[i] += (p - d) * y(i);
        for (let j = 0; j <= i; j++) hessian[i * D + j] += p * (1 - p) * y(i) * y(j);
      }
    }
    // A precision of 0 with few ratings is not curved enough to solve.
    for (let k = 0; k < D; k++) hessian[k * D + k] += Math.max(k < K ? tau : gamma, 1e-6);
    if (solveCholesky(hessian, gradient, D) >= 0) throw new NotPositiveDefiniteError(side, row);
    let change = 0;
    for (let k = 0; k < D; k++) {
      x[k] -= gradient[k];
      change = Math.max(change, Math.abs(gradient[k]));
    }
    if (change < 1e-10) break;
  }
  solved.factors.set(x.subarray(0, K), row * K);
  solved.biases[row] = x[K];
}

/**
 * The posterior mean at every kept sample, side by side as in `averageOf`: predictions are the samples' mean.
 *
 * @param fixedBiases by how much those of the other side are above their mean at each sample, [count, S].
 * @returns the same of the rows that are solved.
 */
function averageFoldIn(
  rows: Csr,
  side: Side,
  averaged: RowState,
  { factors, biases }: RowState,
  fixedBiases: Float32Array,
  draws: readonly GibbsDraw[],
  globalMean: number,
  means?: readonly Float64Array[],
): Float64Array {
  const S = draws.length;
  const K = draws[0].users.mean.length - 1;
  // The fixed users' factors carry the share 1/S of each sample.
  const fixedScale = side === "users" ? 1 : S;
  const ownShare = sampleShare(side, S);
  const drawnBiases = new Float64Array(rows.count * S);
  draws.forEach((draw, s) => {
    const fixed = {
      factors: sampleOf(factors, K, S, s).map((value) => value * fixedScale),
      biases: biases.map((bias, row) => bias + fixedBiases[row * S + s]),
    };
    const system = { kind: "drawn", lambda: draw.lambda, prior: draw[side] } as const;
    const solved = emptyRows(rows.count, K, undefined, means && pullsTowards(system, means[s], K + 1));
    gramSolve(system, side, rows, globalMean, solved, fixed);
    solved.factors.forEach((value, at) => {
      const row = Math.floor(at / K);
      averaged.factors[(row * S + s) * K + (at % K)] = value * ownShare;
    });
    solved.biases.forEach((bias, row) => {
      averaged.biases[row] += bias / S;
      drawnBiases[row * S + s] = bias;
    });
  });
  return drawnBiases.map((bias, at) => bias - averaged.biases[Math.floor(at / S)]);
}

/** The ratings, and the parameters with only those rows of the fixed side that they name: what a fold-in needs. */
export function rowsNeeded(rows: Csr, parameters: Parameters, side: Side): { own: Csr; fixed: Parameters } {
  const places = new Map<number, number>();
  const index = rows.index.map((row) => {
    if (!places.has(row)) places.set(row, places.size);
    return places.get(row)!;
  });
  return { own: { ...rows, index }, fixed: onlyRows(parameters, side, Uint32Array.from(places.keys())) };
}

/** The parameters with only these rows of one side, and none of the other: what a fold-in needs. */
function onlyRows(parameters: Parameters, side: Side, rows: Uint32Array): Parameters {
  const take = (values: Float32Array, width: number): Float32Array => {
    const taken = new Float32Array(rows.length * width);
    rows.forEach((row, at) => taken.set(values.subarray(row * width, (row + 1) * width), at * width));
    return taken;
  };
  const { factors: K, posterior, globalMean, draws, drawnBiases } = parameters;
  const none = new Float32Array(0);
  const width = posterior?.family === "full" ? triangle(K + 1) : K + 1;
  const isUsers = side === "users";
  return {
    factors: K,
    globalMean,
    userFactors: isUsers ? take(parameters.userFactors, K) : none,
    userBiases: isUsers ? take(parameters.userBiases, 1) : none,
    itemFactors: isUsers ? none : take(parameters.itemFactors, K),
    itemBiases: isUsers ? none : take(parameters.itemBiases, 1),
    posterior: posterior && {
      ...posterior,
      users: isUsers ? take(posterior.users, width) : none,
      items: isUsers ? none : take(posterior.items, width),
    },
    drawnBiases: drawnBiases && {
      users: isUsers ? take(drawnBiases.users, draws!.length) : none,
      items: isUsers ? none : take(drawnBiases.items, draws!.length),
    },
  };
}

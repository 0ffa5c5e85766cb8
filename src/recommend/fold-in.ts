// Fold-in: factors and biases of new users or items from their ratings, the other side fixed.

import { otherSide, type Side, type System } from "../engine/engine.js";
import { solveCholesky, triangle } from "../engine/reference/cholesky.js";
import { gramSolve } from "../engine/reference/gram-solve.js";
import { pullsTowards, rowGram } from "../engine/reference/normal-equations.js";
import { type RowState, rowState } from "../engine/reference/rows.js";
import { NotPositiveDefiniteError, OptionsError, RatingsError } from "../errors.js";
import { ALS_DEFAULTS, type AlsHyperparameters, alsSystem } from "../models/als.js";
import { countedFeedback, implicitSystem } from "../models/implicit.js";
import type { LogisticHyperparameters } from "../models/logistic.js";
import { type GibbsDraw, type Parameters, rowsOf, sampleOf, sampleShare } from "../models/parameters.js";
import type { Hyperparameters } from "../models/registry.js";
import { vbSystem } from "../models/vb.js";
import type { Csr } from "../ratings/csr.js";
import type { RawId } from "../ratings/ids.js";
import { isWeight, LARGEST_WEIGHT } from "../ratings/largest-rating.js";
import { sigmoid } from "../sigmoid.js";

/** Ratings of one new user (of `index` items) or of one new item (by `index` users). */
export interface FewRatings {
  readonly index: Uint32Array;
  readonly value: Float32Array;
  /** How often each counts. Default: once. */
  readonly weight?: Float32Array | undefined;
}

/** An item that somebody has rated, the rating, and how often it counts: once where that is left out. */
export type RatedPair = readonly [item: RawId, rating: number, weight?: number];

/**
 * Ratings by the indices of their items. Of an item rated twice the last rating counts; one of weight 0 does not.
 *
 * @throws RatingsError for a rating or a weight that is none.
 */
export function fewRatings(rated: Iterable<RatedPair>, indexOf: (item: RawId, rating: number) => number): FewRatings {
  const values = new Map<number, readonly [rating: number, weight: number]>();
  let isWeighted = false;
  for (const [item, rating, weight = 1] of rated) {
    if (!Number.isFinite(rating)) throw new RatingsError(`the rating of item ${item} is ${rating}, not a number`);
    if (!isWeight(weight)) throw new RatingsError(`the weight of item ${item}'s rating is ${weight}, not from 0 to ${LARGEST_WEIGHT}`);
    const index = indexOf(item, rating);
    if (weight > 0) values.set(index, [rating, weight]);
    isWeighted ||= weight !== 1;
  }
  return {
    index: Uint32Array.from(values.keys()),
    value: Float32Array.from(values.values(), ([rating]) => rating),
    weight: isWeighted ? Float32Array.from(values.values(), ([, weight]) => weight) : undefined,
  };
}

/** One user or item: factors [K], bias, and under `vb` the covariance of (factors, bias), a packed lower triangle. */
export interface Entity {
  readonly factors: Float64Array;
  readonly bias: number;
  readonly covariance?: Float64Array;
}

/**
 * New rows of one side: factors [count, K], biases [count], and under `vb` covariances as packed lower triangles,
 * [count, D (D + 1) / 2].
 */
export interface FoldedRows {
  readonly factors: Float64Array;
  readonly biases: Float64Array;
  readonly covariances?: Float64Array;
}

/**
 * The solve of one new row, as `foldInRows` solves many.
 *
 * @throws NotPositiveDefiniteError when τ or γ is 0 and the ratings are too few.
 */
export function foldIn(
  { index, value, weight }: FewRatings,
  side: Side,
  parameters: Parameters,
  h: Hyperparameters,
  means?: readonly Float64Array[],
  gram?: Float64Array,
): Entity {
  const rows = { count: 1, start: Uint32Array.of(0, index.length), index, value, weight };
  const { factors, biases, covariances } = foldInRows(rows, side, parameters, h, means, gram);
  return { factors, bias: biases[0], ...(covariances && { covariance: covariances }) };
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
  } else if (parameters.draws) averageFoldIn(own, side, solved, other, parameters.draws, globalMean, means);
  else if ("positiveThreshold" in h) {
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
      const weight = rows.weight ? rows.weight[at] : 1;
      const d = Number(h.positiveThreshold === null ? rows.value[at] > 0 : rows.value[at] >= h.positiveThreshold);
      for (let i = 0; i < D; i++) {
        gradient[i] += weight * (p - d) * y(i);
        for (let j = 0; j <= i; j++) hessian[i * D + j] += weight * p * (1 - p) * y(i) * y(j);
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

/** The posterior mean at every kept sample, side by side as in `averageOf`: predictions are the samples' mean. */
function averageFoldIn(
  rows: Csr,
  side: Side,
  averaged: RowState,
  { factors, biases }: RowState,
  draws: readonly GibbsDraw[],
  globalMean: number,
  means?: readonly Float64Array[],
): void {
  const S = draws.length;
  const K = draws[0].users.mean.length - 1;
  // The fixed users' factors carry the share 1/S of each sample.
  const fixedScale = side === "users" ? 1 : S;
  const ownShare = sampleShare(side, S);
  draws.forEach((draw, s) => {
    const fixed = { factors: sampleOf(factors, K, S, s).map((value) => value * fixedScale), biases };
    const system = { kind: "drawn", lambda: draw.lambda, prior: draw[side] } as const;
    const solved = emptyRows(rows.count, K, undefined, means && pullsTowards(system, means[s], K + 1));
    gramSolve(system, side, rows, globalMean, solved, fixed);
    solved.factors.forEach((value, at) => {
      const row = Math.floor(at / K);
      averaged.factors[(row * S + s) * K + (at % K)] = value * ownShare;
    });
    solved.biases.forEach((bias, row) => (averaged.biases[row] += bias / S));
  });
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
  const { factors: K, posterior, globalMean } = parameters;
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
  };
}

// Fold-in: factors and biases of new users or items from their ratings, the other side fixed.

import { otherSide, type Side, type System } from "../engine/engine.js";
import { packedTriangle, solveCholesky, symmetricInverse, triangle } from "../engine/reference/cholesky.js";
import { gramSolve } from "../engine/reference/gram-solve.js";
import { addPrior, addRating, equationsOf, pullsTowards, rowGram } from "../engine/reference/normal-equations.js";
import { type RowState, rowState } from "../engine/reference/rows.js";
import { NotPositiveDefiniteError } from "../errors.js";
import type { ConvexRows } from "../models/new-rows.js";
import { type Parameters, rowsOf, sampleOf, samplesOf, sampleShare } from "../models/parameters.js";
import { type Configured, definitionOf, type Hyperparameters } from "../models/registry.js";
import type { Csr } from "../ratings/csr.js";
import { howMany } from "../shown.js";
import { weightAt } from "../ratings/rating-columns.js";

/** Ratings of one new user (of `index` items) or of one new item (by `index` users). */
export interface FewRatings {
  readonly index: Uint32Array;
  readonly value: Float32Array;
  /** How often each counts. Default: once. */
  readonly weight?: Float32Array | undefined;
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
interface DrawnEntity {
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
  { index, value, weight }: FewRatings,
  side: Side,
  parameters: Parameters,
  configured: Configured,
  means?: readonly Float64Array[],
  gram?: Float64Array,
): Entity {
  const rows = { count: 1, start: Uint32Array.of(0, index.length), index, value, weight };
  try {
    const { factors, biases, covariances, drawnBiases } = foldInRows(rows, side, parameters, configured, means, gram);
    return {
      factors,
      bias: biases[0],
      ...(covariances && { covariance: covariances }),
      ...(drawnBiases && { drawn: { biases: drawnBiases, covariances: openCovariances({ index, weight }, side, parameters, configured) } }),
    };
  } catch (error) {
    throw ofSomeoneNew(error, side, index.length);
  }
}

/** An error of the solve of one new row, as it is told: that row has no id, and its place says nothing. */
export function ofSomeoneNew(error: unknown, side: Side, ratings: number): unknown {
  if (!(error instanceof NotPositiveDefiniteError)) return error;
  const [who, what, own] = side === "users" ? ["someone", "items", "Users"] : ["something", "users", "Items"];
  return new NotPositiveDefiniteError(side, error.row, {
    whose: `${who} new with ${howMany(ratings, "rating")}`,
    remedy: `give ratings of more ${what}, or train with tau${own} above 0, and gamma${own} where there are biases`,
  });
}

/** A⁻¹ of a new row, rated with the rows `index` of the other side: at each sample one packed lower triangle. */
export function openCovariances(
  { index, weight }: Omit<FewRatings, "value">,
  side: Side,
  parameters: Parameters,
  { model, hyperparameters: h }: Configured,
): Float64Array {
  const { newRows } = definitionOf(model);
  if (newRows.by !== "equations") throw new TypeError(`rows of ${model} are solved by no equations`);
  const { K, S } = samplesOf(parameters);
  const D = K + 1;
  const ones = { count: 1, start: Uint32Array.of(0, index.length), index, value: new Float32Array(index.length) };
  const { own, fixed } = rowsNeeded(ones, parameters, otherSide(side));
  const other = rowState(rowsOf(fixed, otherSide(side)), parameters.factors, "none");
  const packed = newRows.systems(h, side, parameters).map((system, s) => {
    const equations = equationsOf(D);
    const state = sampleState(other, otherSide(side), K, S, s);
    addPrior(equations, system, weight ? weight.reduce((sum, each) => sum + each, 0) : index.length);
    // What the ratings are does not matter.
    own.index.forEach((row, at) => addRating(equations, system, state, row, 0, 0, weight?.[at]));
    return packedTriangle(symmetricInverse(equations.matrix, D), D);
  });
  return Float64Array.from(packed.flat());
}

/** The equations that a new row of a side is solved by; undefined where there are several, or none that are linear. */
export function foldInSystem(side: Side, parameters: Parameters, { model, hyperparameters: h }: Configured): System | undefined {
  const { newRows } = definitionOf(model);
  if (newRows.by !== "equations" || parameters.draws) return undefined;
  return newRows.systems(h, side, parameters)[0];
}

/**
 * Solves new rows, float64, as the model says: by linear equations, the solutions at several samples averaged,
 * or at the optimum of a convex objective. A row without ratings becomes 0, or its prior.
 *
 * @param rows  ratings of the new rows; `index` is that of the other side's parameters.
 * @param side  "users" folds in users against the items' parameters, "items" the other way round.
 * @param means what the rows' features add to their prior means, as `priorMeans` gives it; left out, 0.
 * @param gram  of models over all pairs, Σ y yᵀ over all of the other side, where it is known: it takes longer than all
 *   the rest.
 * @throws NotPositiveDefiniteError when τ or γ is 0 and the ratings are too few;
 *   OptionsError for a `gibbs` model without samples.
 */
export function foldInRows(
  rows: Csr,
  side: Side,
  parameters: Parameters,
  { model, hyperparameters: h }: Configured,
  means?: readonly Float64Array[],
  gram?: Float64Array,
): FoldedRows {
  const definition = definitionOf(model);
  const { newRows } = definition;
  const { own, fixed } = rowsNeeded(definition.rows?.(h, rows) ?? rows, parameters, otherSide(side));
  const { globalMean, posterior } = parameters;
  const other = rowState(rowsOf(fixed, otherSide(side)), parameters.factors, posterior?.family ?? "none");
  if (newRows.by === "descent") {
    const solved = emptyRows(rows.count, parameters.factors);
    const pull = (rating: number, sum: number): Pull => newRows.pull(h, rating, sum);
    const hasBias = definition.hasBiases?.(h) ?? true;
    for (let row = 0; row < rows.count; row++)
      descend(own, row, side, solved, other, globalMean, newRows.precisions(h, side), pull, hasBias);
    return { factors: solved.factors, biases: solved.biases };
  }
  const { K, S } = samplesOf(parameters);
  const all = side === "users" ? parameters.itemFactors : parameters.userFactors;
  const fixedBiases = fixed.drawnBiases?.[otherSide(side)];
  const solved = newRows.systems(h, side, parameters).map((system, s) => {
    const ofSample = emptyRows(rows.count, K, posterior?.family, means && pullsTowards(system, means[s], K + 1));
    const shared = system.kind === "confident" ? (gram ?? rowGram(all, K)) : undefined;
    gramSolve(system, side, own, globalMean, ofSample, sampleState(other, otherSide(side), K, S, s, fixedBiases), undefined, shared);
    return ofSample;
  });
  const { factors, biases, covariances } = S === 1 ? solved[0] : averaged(solved, side, K);
  return {
    factors,
    biases,
    ...(covariances && { covariances: covariances.packed }),
    ...(parameters.draws && {
      drawnBiases: Float64Array.from(
        { length: rows.count * S },
        (_, at) => solved[at % S].biases[Math.floor(at / S)] - biases[Math.floor(at / S)],
      ),
    }),
  };
}

/**
 * One sample of rows of a side as their parameters hold it, side by side with the others.
 *
 * @param drawnBiases by how much the biases of each sample are above their mean, where that matters.
 */
export const sampleState = (rows: RowState, side: Side, K: number, S: number, s: number, drawnBiases?: Float32Array): RowState =>
  S === 1
    ? rows
    : {
        ...rows,
        factors: sampleOf(rows.factors, K, S, s).map((value) => value / sampleShare(side, S)),
        biases: drawnBiases ? rows.biases.map((bias, row) => bias + drawnBiases[row * S + s]) : rows.biases,
      };

function emptyRows(count: number, K: number, family?: "diagonal" | "full", pulls?: Float64Array): RowState {
  const rows = { factors: new Float64Array(count * K), biases: new Float64Array(count), pulls };
  const covariances = family && {
    family,
    packed: new Float64Array(count * triangle(K + 1)),
    logDeterminants: new Float64Array(count),
  };
  return { ...rows, covariances };
}

type Pull = ReturnType<ConvexRows<Hyperparameters>["pull"]>;

/** Newton steps on one new row's own convex objective, until they are small. */
function descend(
  rows: Csr,
  row: number,
  side: Side,
  solved: RowState,
  { factors, biases }: RowState,
  globalMean: number,
  precisions: readonly number[],
  pull: (rating: number, sum: number) => Pull,
  hasBias: boolean,
): void {
  const D = precisions.length;
  const K = D - 1;
  const x = new Float64Array(D);
  for (let step = 0; step < 50; step++) {
    const hessian = new Float64Array(D * D);
    const gradient = Float64Array.from(x, (value, k) => precisions[k] * value);
    for (let at = rows.start[row]; at < rows.start[row + 1]; at++) {
      const other = rows.index[at];
      const y = (k: number): number => (k < K ? factors[other * K + k] : Number(hasBias));
      let sum = globalMean + biases[other];
      for (let k = 0; k < D; k++) sum += x[k] * y(k);
      const { force, curvature } = pull(rows.value[at], sum);
      const weight = weightAt(rows, at);
      for (let i = 0; i < D; i++) {
        gradient[i] -= weight * force * y(i);
        for (let j = 0; j <= i; j++) hessian[i * D + j] += weight * curvature * y(i) * y(j);
      }
    }
    // A precision of 0 with few ratings is not curved enough to solve.
    for (let k = 0; k < D; k++) hessian[k * D + k] += Math.max(precisions[k], 1e-6);
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

/** The rows of all samples side by side, as in `averageOf`: predictions are the samples' mean. */
function averaged(samples: readonly RowState[], side: Side, K: number): RowState {
  const S = samples.length;
  const wide = emptyRows(samples[0].biases.length, S * K);
  const share = sampleShare(side, S);
  samples.forEach(({ factors, biases }, s) => {
    factors.forEach((value, at) => (wide.factors[(Math.floor(at / K) * S + s) * K + (at % K)] = value * share));
    biases.forEach((bias, row) => (wide.biases[row] += bias / S));
  });
  return wide;
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

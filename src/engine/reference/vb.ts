// Variational Bayes, float64: the plain loops that gram-solve.wgsl (with covariances), expected-errors.wgsl and posterior-sums.wgsl
// parallelise. Spec §5.

import { NotPositiveDefiniteError } from "../../errors.js";
import type { Parameters, Posterior } from "../../models/parameters.js";
import {
  type CovarianceFamily,
  elbo,
  initialPosterior,
  learnedPrecisions,
  type PosteriorSums,
  type Precisions,
  triangle,
  type VbHyperparameters,
} from "../../models/vb.js";
import { rowOfEach, type Csr } from "../../ratings/csr.js";
import type { RatingColumns } from "../../ratings/ratings.js";
import type { Problem, RowSlice, Side, VbMeasurement, VbSession } from "../engine.js";
import { ReferenceSession } from "./session.js";
import { choleskyInverse, logDeterminant, solveCholesky } from "./cholesky.js";

/** The posteriors of one side: means [count, D] and covariances as packed lower triangles [count, D (D + 1) / 2], D = K + 1. */
export interface PosteriorState {
  readonly D: number;
  readonly means: Float64Array;
  readonly covariances: Float64Array;
  /** log|Γ|, [count]. */
  readonly logDeterminants: Float64Array;
}

/** Where entry (i, j), i ≥ j, of a packed lower triangle stands. */
const at = (i: number, j: number): number => (i * (i + 1)) / 2 + j;

/**
 * Half-sweep: the posterior of every row of a slice against the other side's. With y = (v, 1) and e = r − μ − b,
 * Γ⁻¹ = T + λ Σ (E[y] E[y]ᵀ + Γ_vv) and Γ⁻¹ m = λ Σ (e E[y] − Γ_vb). The diagonal family keeps the same m and c_k = 1 / [Γ⁻¹]_kk,
 * which is its own optimum. Rows without ratings get their prior.
 *
 * @param precisions T of the side that is solved, [D].
 * @throws NotPositiveDefiniteError when rounding defeats the factorization.
 */
export function vbSolve(
  family: CovarianceFamily,
  lambda: number,
  precisions: readonly number[],
  side: Side,
  rows: Csr,
  globalMean: number,
  solved: PosteriorState,
  fixed: PosteriorState,
  slice: RowSlice = { from: 0, to: rows.count },
): void {
  const { D } = solved;
  const K = D - 1;
  const T = triangle(D);
  const matrix = new Float64Array(D * D);
  const rhs = new Float64Array(D);
  for (let row = slice.from; row < slice.to; row++) {
    matrix.fill(0);
    rhs.fill(0);
    for (let rating = rows.start[row]; rating < rows.start[row + 1]; rating++) {
      const v = fixed.means.subarray(rows.index[rating] * D, (rows.index[rating] + 1) * D);
      const spread = fixed.covariances.subarray(rows.index[rating] * T, (rows.index[rating] + 1) * T);
      const e = rows.value[rating] - globalMean - v[K];
      for (let i = 0; i < K; i++) {
        for (let j = 0; j <= i; j++) matrix[i * D + j] += lambda * (v[i] * v[j] + spread[at(i, j)]);
        matrix[K * D + i] += lambda * v[i];
        rhs[i] += lambda * (e * v[i] - spread[at(K, i)]);
      }
      matrix[K * D + K] += lambda;
      rhs[K] += lambda * e;
    }
    for (let k = 0; k < D; k++) matrix[k * D + k] += precisions[k];
    const diagonal = Float64Array.from({ length: D }, (_, k) => matrix[k * D + k]);
    if (solveCholesky(matrix, rhs, D) >= 0) throw new NotPositiveDefiniteError(side, row);
    solved.means.set(rhs, row * D);
    const spread = solved.covariances.subarray(row * T, (row + 1) * T);
    let sum = 0;
    if (family === "full") {
      for (let k = 0; k < D; k++) sum -= 2 * Math.log(matrix[k * D + k]);
      choleskyInverse(matrix, D, spread);
    } else {
      spread.fill(0);
      for (let k = 0; k < D; k++) {
        spread[at(k, k)] = 1 / diagonal[k];
        sum -= Math.log(diagonal[k]);
      }
    }
    solved.logDeterminants[row] = sum;
  }
}

/** The factors' means [K] of an entity, and its covariance of (factors, bias) as a packed lower triangle. */
interface Spread {
  readonly factors: ArrayLike<number>;
  readonly covariance: ArrayLike<number>;
}

/** Var r̂ = E[x]ᵀ Γ_y E[x] + E[y]ᵀ Γ_x E[y] + tr(Γ_x Γ_y), with x = (u, b_u, 1) and y = (v, 1, b_v). Spec §5. */
export function varianceOf(user: Spread, item: Spread): number {
  const K = user.factors.length;
  let variance = 0;
  for (let i = 0; i <= K; i++) {
    for (let j = 0; j <= i; j++) {
      // The bias of one side meets the constant 1 of the other, which has no variance.
      const xx = (i < K ? user.factors[i] : 1) * (j < K ? user.factors[j] : 1);
      const yy = (i < K ? item.factors[i] : 1) * (j < K ? item.factors[j] : 1);
      const c = user.covariance[at(i, j)];
      const d = item.covariance[at(i, j)];
      variance += (i === j ? 1 : 2) * (d * xx + c * yy + (i < K ? c * d : 0));
    }
  }
  return variance;
}

/** E r̂ and Var r̂ of one pair. */
export function predictive(
  globalMean: number,
  users: PosteriorState,
  items: PosteriorState,
  m: number,
  n: number,
): { mean: number; variance: number } {
  const { D } = users;
  const K = D - 1;
  const T = triangle(D);
  const u = users.means.subarray(m * D, (m + 1) * D);
  const v = items.means.subarray(n * D, (n + 1) * D);
  const spreadU = users.covariances.subarray(m * T, (m + 1) * T);
  const spreadV = items.covariances.subarray(n * T, (n + 1) * T);
  let mean = globalMean + u[K] + v[K];
  for (let k = 0; k < K; k++) mean += u[k] * v[k];
  const variance = varianceOf({ factors: u.subarray(0, K), covariance: spreadU }, { factors: v.subarray(0, K), covariance: spreadV });
  return { mean, variance };
}

/** Σ (r − E r̂)², Σ Var r̂ and Σ log N(r; E r̂, 1/λ + Var r̂) over some ratings. */
export function expectedErrors(
  ratings: RatingColumns,
  globalMean: number,
  lambda: number,
  users: PosteriorState,
  items: PosteriorState,
): { squares: number; variances: number; logDensity: number } {
  let squares = 0;
  let variances = 0;
  let logDensity = 0;
  for (let rating = 0; rating < ratings.value.length; rating++) {
    const { mean, variance } = predictive(globalMean, users, items, ratings.user[rating], ratings.item[rating]);
    const square = (ratings.value[rating] - mean) ** 2;
    const spread = 1 / lambda + variance;
    squares += square;
    variances += variance;
    logDensity -= 0.5 * (Math.log(2 * Math.PI * spread) + square / spread);
  }
  return { squares, variances, logDensity };
}

/** E[Σ x_k²] a coordinate, and Σ log|Γ|. */
export function posteriorSums(state: PosteriorState): PosteriorSums {
  const { D, means, covariances } = state;
  const count = state.logDeterminants.length;
  const secondMoments = Array<number>(D).fill(0);
  let logDeterminants = 0;
  for (let row = 0; row < count; row++) {
    for (let k = 0; k < D; k++) secondMoments[k] += means[row * D + k] ** 2 + covariances[row * triangle(D) + at(k, k)];
    logDeterminants += state.logDeterminants[row];
  }
  return { count, secondMoments, logDeterminants };
}

export class ReferenceVbSession extends ReferenceSession implements VbSession {
  readonly #problem: Problem<"vb">;
  readonly #h: VbHyperparameters;
  #precisions: Precisions;
  readonly #users: PosteriorState;
  readonly #items: PosteriorState;
  /** The last measurement, while nothing has been solved since. */
  #measured: VbMeasurement | undefined;

  constructor(problem: Problem<"vb">) {
    super();
    this.#problem = problem;
    this.#h = problem.hyperparameters;
    const posterior = problem.initial.posterior ?? initialPosterior(this.#h, problem.initial);
    this.#precisions = posterior.precisions;
    this.#users = posteriorState({ ...problem.initial, posterior }, "users");
    this.#items = posteriorState({ ...problem.initial, posterior }, "items");
    this.keep();
  }

  async sweep(number: number): Promise<void> {
    if (this.#h.learn && number > this.#h.warmUp) this.learn(this.#measured ?? (await this.measure()));
    await this.solve("users");
    await this.solve("items");
  }

  async solve(side: Side, slice?: RowSlice): Promise<void> {
    this.#measured = undefined;
    const { byUser, byItem, initial } = this.#problem;
    const { lambda, users, items } = this.#precisions;
    this.attempt(() => {
      if (side === "users") vbSolve(this.#h.covariance, lambda, users, side, byUser, initial.globalMean, this.#users, this.#items, slice);
      else vbSolve(this.#h.covariance, lambda, items, side, byItem, initial.globalMean, this.#items, this.#users, slice);
    });
  }

  learn(measured: VbMeasurement): void {
    this.#measured = undefined;
    this.#precisions = learnedPrecisions(this.#precisions, measured);
  }

  async measure(): Promise<VbMeasurement> {
    this.throwFailure();
    const { byUser, heldOut, initial } = this.#problem;
    const errors = (ratings: RatingColumns) =>
      expectedErrors(ratings, initial.globalMean, this.#precisions.lambda, this.#users, this.#items);
    const train = errors({ user: rowOfEach(byUser), item: byUser.index, value: byUser.value });
    const held = heldOut && errors(heldOut);
    const sums = {
      ratings: byUser.index.length,
      expectedSquares: train.squares + train.variances,
      trainSquares: train.squares,
      users: posteriorSums(this.#users),
      items: posteriorSums(this.#items),
    };
    return (this.#measured = {
      ...sums,
      precisions: this.#precisions,
      elbo: elbo(this.#precisions, sums),
      heldOutSquares: held?.squares ?? 0,
      heldOutLogDensity: held?.logDensity ?? 0,
    });
  }

  protected override parameters(): Parameters {
    const { factors } = this.#h;
    const users = unpack(this.#users, this.#h.covariance);
    const items = unpack(this.#items, this.#h.covariance);
    return {
      factors,
      userFactors: users.factors,
      userBiases: users.biases,
      itemFactors: items.factors,
      itemBiases: items.biases,
      globalMean: this.#problem.initial.globalMean,
      posterior: { family: this.#h.covariance, precisions: this.#precisions, users: users.spread, items: items.spread },
    };
  }
}

/** One side's posteriors in float64. */
export function posteriorState(parameters: Parameters & { readonly posterior: Posterior }, side: Side): PosteriorState {
  const K = parameters.factors;
  const D = K + 1;
  const [factors, biases] =
    side === "users" ? [parameters.userFactors, parameters.userBiases] : [parameters.itemFactors, parameters.itemBiases];
  const count = biases.length;
  const T = triangle(D);
  const { family, [side]: spread } = parameters.posterior;
  const means = new Float64Array(count * D);
  const covariances = new Float64Array(count * T);
  const logDeterminants = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    for (let k = 0; k < K; k++) means[row * D + k] = factors[row * K + k];
    means[row * D + K] = biases[row];
    if (family === "full") covariances.set(spread.subarray(row * T, (row + 1) * T), row * T);
    else for (let k = 0; k < D; k++) covariances[row * T + at(k, k)] = spread[row * D + k];
    logDeterminants[row] = logDeterminant(covariances.subarray(row * T, (row + 1) * T), D);
  }
  return { D, means, covariances, logDeterminants };
}

function unpack({ D, means, covariances }: PosteriorState, family: CovarianceFamily) {
  const count = means.length / D;
  const K = D - 1;
  const factors = new Float32Array(count * K);
  const biases = new Float32Array(count);
  for (let row = 0; row < count; row++) {
    for (let k = 0; k < K; k++) factors[row * K + k] = means[row * D + k];
    biases[row] = means[row * D + K];
  }
  if (family === "full") return { factors, biases, spread: Float32Array.from(covariances) };
  const spread = new Float32Array(count * D);
  for (let row = 0; row < count; row++) for (let k = 0; k < D; k++) spread[row * D + k] = covariances[row * triangle(D) + at(k, k)];
  return { factors, biases, spread };
}

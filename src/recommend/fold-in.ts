// Fold-in: the factors and bias of a new user or item from a few ratings, the other side fixed. Spec §7.

import { gibbsDraw } from "../engine/reference/gibbs.js";
import { implicitSolve, rowGram } from "../engine/reference/implicit.js";
import { gramSolve } from "../engine/reference/gram-solve.js";
import { type PosteriorState, posteriorState, vbSolve } from "../engine/reference/vb.js";
import { solveCholesky } from "../engine/reference/cholesky.js";
import { NotPositiveDefiniteError, OptionsError } from "../errors.js";
import { ALS_DEFAULTS, type AlsHyperparameters } from "../models/als.js";
import { type LogisticHyperparameters, sigmoid } from "../models/gradient.js";
import type { GibbsDraw } from "../models/gibbs.js";
import type { Parameters, Posterior } from "../models/parameters.js";
import type { Hyperparameters } from "../models/registry.js";
import type { Csr } from "../ratings/csr.js";
import { triangle } from "../models/vb.js";

/** Ratings of one new user (of `index` items) or of one new item (by `index` users). */
export interface FewRatings {
  readonly index: Uint32Array;
  readonly value: Float32Array;
}

/** One user or item: factors [K], bias, and under `vb` the covariance of (factors, bias), a packed lower triangle. */
export interface Entity {
  readonly factors: Float64Array;
  readonly bias: number;
  readonly covariance?: Float64Array;
}

/**
 * The solve of one new row, float64: the joint one of `als`, the posterior of `vb`, the confident one of `implicit`, the posterior mean at each
 * of `gibbs`' samples. No ratings give zeros, or the prior.
 *
 * @param side "users" folds in a user against the items' parameters, "items" the other way round.
 * @throws NotPositiveDefiniteError when τ or γ is 0 and the ratings are too few.
 */
export function foldIn(rated: FewRatings, side: "users" | "items", parameters: Parameters, h: Hyperparameters): Entity {
  const fixed = rowsOf(parameters, side === "users" ? "items" : "users", rated.index);
  const rows = { count: 1, start: Uint32Array.of(0, rated.index.length), index: rated.index.map((_, at) => at), value: rated.value };
  const { factors: K, globalMean, posterior } = parameters;
  const [factors, biases] = side === "users" ? [fixed.itemFactors, fixed.itemBiases] : [fixed.userFactors, fixed.userBiases];
  if (parameters.draws) return averageFoldIn(rows, side, factors, biases, parameters.draws, globalMean);
  if ("positiveThreshold" in h) return logisticFoldIn(rows, side, factors, biases, globalMean, h);
  if ("burnIn" in h) {
    throw new OptionsError("this gibbs model keeps no sample to fold in against", { remedy: "train for more sweeps than the burn-in" });
  }
  if ("confidence" in h) {
    const solved = new Float64Array(K);
    const gram = rowGram(Float64Array.from(side === "users" ? parameters.itemFactors : parameters.userFactors), K);
    implicitSolve(h, side, rows, solved, Float64Array.from(factors), gram);
    return { factors: solved, bias: 0 };
  }
  if (posterior) {
    const D = K + 1;
    const solved: PosteriorState = {
      D,
      means: new Float64Array(D),
      covariances: new Float64Array(triangle(D)),
      logDeterminants: new Float64Array(1),
    };
    const other = posteriorState(fixed as Parameters & { posterior: Posterior }, side === "users" ? "items" : "users");
    const { lambda, [side]: precisions } = posterior.precisions;
    vbSolve(posterior.family, lambda, precisions, side, rows, globalMean, solved, other);
    return { factors: solved.means.subarray(0, K), bias: solved.means[K], covariance: solved.covariances };
  }
  const solved = { factors: new Float64Array(K), biases: new Float64Array(1) };
  const other = { factors: Float64Array.from(factors), biases: Float64Array.from(biases) };
  gramSolve({ ...ALS_DEFAULTS, ...(h as AlsHyperparameters), update: "joint" }, side, rows, globalMean, solved, other);
  return { factors: solved.factors, bias: solved.biases[0] };
}

/** Newton steps on the new row's own convex objective, until they are small; ratings count as they do in training. Spec §6, §7. */
function logisticFoldIn(
  rows: Csr,
  side: "users" | "items",
  factors: Float32Array,
  biases: Float32Array,
  globalMean: number,
  h: LogisticHyperparameters,
): Entity {
  const K = h.factors;
  const D = K + 1;
  const [tau, gamma] = side === "users" ? [h.tauUsers, h.gammaUsers] : [h.tauItems, h.gammaItems];
  const x = new Float64Array(D);
  for (let step = 0; step < 50; step++) {
    const hessian = new Float64Array(D * D);
    const gradient = Float64Array.from(x, (value, k) => (k < K ? tau : gamma) * value);
    for (let at = 0; at < rows.value.length; at++) {
      const y = (k: number): number => (k < K ? factors[at * K + k] : Number(h.biases));
      let score = globalMean + biases[at];
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
    if (solveCholesky(hessian, gradient, D) >= 0) throw new NotPositiveDefiniteError(side, 0);
    let change = 0;
    for (let k = 0; k < D; k++) {
      x[k] -= gradient[k];
      change = Math.max(change, Math.abs(gradient[k]));
    }
    if (change < 1e-10) break;
  }
  return { factors: x.subarray(0, K), bias: x[K] };
}

/** The mean of the posterior at every kept sample, side by side as in `averageOf`: the mean of the samples' predictions. */
function averageFoldIn(
  rows: Csr,
  side: "users" | "items",
  factors: Float32Array,
  biases: Float32Array,
  draws: readonly GibbsDraw[],
  globalMean: number,
): Entity {
  const S = draws.length;
  const K = draws[0].users.mean.length - 1;
  const averaged = { factors: new Float64Array(S * K), bias: 0 };
  draws.forEach((draw, s) => {
    // The users' factors carry the share 1/S of each sample.
    const scale = side === "users" ? 1 : S;
    const own = new Float64Array(biases.length * K);
    for (let row = 0; row < biases.length; row++) for (let k = 0; k < K; k++) own[row * K + k] = factors[(row * S + s) * K + k] * scale;
    const solved = { factors: new Float64Array(K), biases: new Float64Array(1) };
    gibbsDraw(draw.lambda, draw[side], side, rows, globalMean, solved, { factors: own, biases: Float64Array.from(biases) });
    averaged.factors.set(side === "users" ? solved.factors.map((value) => value / S) : solved.factors, s * K);
    averaged.bias += solved.biases[0] / S;
  });
  return averaged;
}

/** The parameters with only these rows of one side, and none of the other: what a fold-in needs. */
function rowsOf(parameters: Parameters, side: "users" | "items", rows: Uint32Array): Parameters {
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

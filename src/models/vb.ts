// Mean-field variational Bayes (`vb`): hyperparameters, the evidence lower bound (ELBO), and the precisions that maximise it. Spec §5.

import { OptionsError } from "../errors.js";
import type { Parameters, Posterior } from "./parameters.js";
import type { Figures } from "./figures.js";
import { checkChoice, checkFactors, checkPositive, checkWhole, completed } from "./hyperparameters.js";

/** Covariance of an entity's posterior: one variance a coordinate, or the whole matrix. */
export type CovarianceFamily = "diagonal" | "full";

/** Of `vb`. The precisions are where learning starts from, or stays with `learn` off. Spec §5. */
export interface VbHyperparameters {
  /** K, from 0 (biases only) to 128. Default 10. */
  readonly factors: number;
  /** λ to start from, noise precision, > 0. Default 1. */
  readonly lambda: number;
  /** τ_u and τ_v to start from, precisions of the factors, > 0. Default 10. τ_v is never learned: the scale of U against V is free. */
  readonly tauUsers: number;
  readonly tauItems: number;
  /** γ_u and γ_v to start from, precisions of the biases, > 0. Default 5. */
  readonly gammaUsers: number;
  readonly gammaItems: number;
  /** Whether μ is the training mean (default) or 0. */
  readonly mean: boolean;
  /** Default "full". "diagonal" needs K + 1 numbers an entity beside its factors instead of (K + 1)(K + 2)/2. */
  readonly covariance: CovarianceFamily;
  /** Whether λ, τ_u (one a factor) and γ are learned. Default true. */
  readonly learn: boolean;
  /** Sweeps at the starting precisions before they are learned: learned from a cold start, λ falls into the noise. Default 5. */
  readonly warmUp: number;
}

/** Of `vb`, where nothing is given. */
export const VB_DEFAULTS: VbHyperparameters = {
  factors: 10,
  lambda: 1,
  tauUsers: 10,
  tauItems: 10,
  gammaUsers: 5,
  gammaItems: 5,
  mean: true,
  covariance: "full",
  learn: true,
  warmUp: 5,
};

/** @throws OptionsError naming the hyperparameter and its value. */
export function vbHyperparameters(given: Partial<VbHyperparameters> = {}): VbHyperparameters {
  const h = completed(VB_DEFAULTS, given);
  checkFactors(h.factors);
  checkPositive(h, "lambda", "tauUsers", "tauItems", "gammaUsers", "gammaItems");
  checkWhole(h, 0, "warmUp");
  checkChoice("covariance", h.covariance, ["diagonal", "full"]);
  if (typeof h.learn !== "boolean") throw new OptionsError(`learn is ${String(h.learn)}: it must be true or false`);
  return h;
}

/** λ, and for each side the prior precisions T of (factors, bias), [K + 1]. */
export interface Precisions {
  readonly lambda: number;
  readonly users: readonly number[];
  readonly items: readonly number[];
}

/** Standard deviation of every coordinate before the first sweep: that of the random starting means. */
const INITIAL_DEVIATION = 0.1;

/** The posterior's covariances that training starts from, around the means given. */
export function initialPosterior(
  h: VbHyperparameters,
  { userBiases, itemBiases }: Pick<Parameters, "userBiases" | "itemBiases">,
): Posterior {
  const D = h.factors + 1;
  const side = (count: number): Float32Array => {
    if (h.covariance === "diagonal") return new Float32Array(count * D).fill(INITIAL_DEVIATION ** 2);
    const values = new Float32Array(count * triangle(D));
    for (let row = 0; row < count; row++) for (let k = 0; k < D; k++) values[row * triangle(D) + triangle(k) + k] = INITIAL_DEVIATION ** 2;
    return values;
  };
  return { family: h.covariance, precisions: initialPrecisions(h), users: side(userBiases.length), items: side(itemBiases.length) };
}

/** The precisions that training starts from. */
function initialPrecisions(h: VbHyperparameters): Precisions {
  const side = (tau: number, gamma: number): number[] => [...Array<number>(h.factors).fill(tau), gamma];
  return { lambda: h.lambda, users: side(h.tauUsers, h.gammaUsers), items: side(h.tauItems, h.gammaItems) };
}

/** Of one side's posterior: E[Σ x_k²] for each of the K + 1 coordinates, and Σ log|Γ|. */
export interface PosteriorSums {
  readonly count: number;
  readonly secondMoments: readonly number[];
  readonly logDeterminants: number;
}

/** Sums over ratings and entities from which ELBO, errors and precisions are put together in float64. */
export interface VbSums {
  /** L, ratings trained on. */
  readonly ratings: number;
  /** Σ_Ω (r − E r̂)² + Var r̂. */
  readonly expectedSquares: number;
  /** Σ_Ω (r − E r̂)². */
  readonly trainSquares: number;
  readonly users: PosteriorSums;
  readonly items: PosteriorSums;
}

/**
 * The evidence lower bound with its constants, a bound on log p(R) that can be compared between K, λ and τ:
 * Σ_Ω [½ log(λ/2π) − ½λ((r − E r̂)² + Var r̂)] − Σ KL(q ‖ prior). Spec §5.
 */
export function elbo(precisions: Precisions, sums: VbSums): number {
  const { lambda } = precisions;
  const fit = 0.5 * sums.ratings * Math.log(lambda / (2 * Math.PI)) - 0.5 * lambda * sums.expectedSquares;
  return fit - divergence(precisions.users, sums.users) - divergence(precisions.items, sums.items);
}

/** Σ KL(N(m, Γ) ‖ N(0, T⁻¹)) = ½ Σ [tr(TΓ) + mᵀTm − d − log|Γ| − log|T|]. */
function divergence(precisions: readonly number[], { count, secondMoments, logDeterminants }: PosteriorSums): number {
  let sum = -logDeterminants;
  precisions.forEach((precision, k) => (sum += precision * secondMoments[k] - count * (1 + Math.log(precision))));
  return 0.5 * sum;
}

/**
 * The precisions at which the ELBO is largest for the posterior as it is: 1/λ = Σ E[(r − r̂)²] / L, τ_u,k = M / Σ_m E[u_mk²] (automatic
 * relevance determination: factors that explain nothing are pruned), γ alike; τ_v is kept. Spec §5.
 */
export function learnedPrecisions(before: Precisions, sums: VbSums): Precisions {
  const { users, items } = sums;
  const K = before.users.length - 1;
  return {
    lambda: sums.ratings / sums.expectedSquares,
    users: users.secondMoments.map((moment) => users.count / moment),
    items: before.items.map((precision, k) => (k < K ? precision : items.count / items.secondMoments[K])),
  };
}

/** ELBO, errors and predictive density from one measurement. */
export function vbFigures(
  _h: VbHyperparameters,
  sums: VbSums & { precisions: Precisions; elbo: number; heldOutSquares: number; heldOutLogDensity: number },
  { ratings, heldOut }: { ratings: number; heldOut: number },
): Figures {
  return {
    objective: -sums.elbo,
    elbo: sums.elbo,
    trainRmse: Math.sqrt(sums.trainSquares / ratings),
    heldOutRmse: heldOut > 0 ? Math.sqrt(sums.heldOutSquares / heldOut) : null,
    heldOutLogDensity: heldOut > 0 ? sums.heldOutLogDensity / heldOut : null,
    lambda: sums.precisions.lambda,
  };
}

/** Number of entries of a packed lower triangle of order D: entry (i, j), i ≥ j, stands at i (i + 1) / 2 + j. */
export const triangle = (D: number): number => (D * (D + 1)) / 2;

// The learned numbers of a factor model, in the layout that every room shares:
// row-major float32, users and items in index order.

import type { CovarianceFamily, Prior, Rows, Side } from "../engine/engine.js";

/** λ, and for each side the prior precisions T of (factors, bias), [K + 1]. */
export interface Precisions {
  readonly lambda: number;
  readonly users: readonly number[];
  readonly items: readonly number[];
}

/** The precision of the noise and the priors that one kept sample was drawn at. */
export interface GibbsDraw {
  readonly lambda: number;
  readonly users: Prior;
  readonly items: Prior;
}

/** Factors [M, K] and [N, K] row-major, biases [M] and [N], and the global mean μ. */
export interface Parameters {
  readonly factors: number;
  readonly userFactors: Float32Array;
  readonly itemFactors: Float32Array;
  readonly userBiases: Float32Array;
  readonly itemBiases: Float32Array;
  readonly globalMean: number;
  /** What `vb` knows beyond the means, which the factors and biases then are. */
  readonly posterior?: Posterior | undefined;
  /**
   * Weights B of the features of each side that has some, [F, K + 1] row-major, the last column that of biases;
   * of `gibbs` those of its draws one after the other.
   */
  readonly features?: { readonly users?: Float32Array | undefined; readonly items?: Float32Array | undefined } | undefined;
  /** What the samples were drawn at that `gibbs` averages: `factors` is then K times their number, sample by sample. */
  readonly draws?: readonly GibbsDraw[] | undefined;
  /** By how much the biases of each sample are above their mean, which the biases are: [M, S] and [N, S]. */
  readonly drawnBiases?: Readonly<Record<Side, Float32Array>> | undefined;
  /** Rows that are no draws but their means at each sample, ascending: those that were solved after the training. */
  readonly meanRows?: Readonly<Record<Side, Uint32Array>> | undefined;
}

/**
 * Covariances of the posteriors of (factors, bias), D = K + 1 coordinates per entity. "diagonal":
 * variances [count, D]. "full": packed lower triangles [count, D (D + 1) / 2], entry (i, j) at i (i + 1) / 2 + j.
 */
export interface Posterior {
  readonly family: CovarianceFamily;
  readonly precisions: Precisions;
  readonly users: Float32Array;
  readonly items: Float32Array;
}

/** K of one sample, and how many samples stand side by side in the parameters; 1 but for `gibbs`. */
export function samplesOf({ factors, draws }: Pick<Parameters, "factors" | "draws">): { K: number; S: number } {
  const S = draws?.length ?? 1;
  return { K: factors / S, S };
}

/** The factors [count, K] of sample s out of S samples side by side, [count, S K]. */
export function sampleOf(wide: ArrayLike<number>, K: number, S: number, s: number): Float64Array {
  return Float64Array.from({ length: wide.length / S }, (_, at) => wide[(Math.floor(at / K) * S + s) * K + (at % K)]);
}

/** What factors are multiplied by to stand side by side: u·v is then the mean of the samples' u·v. */
export const sampleShare = (side: Side, S: number): number => (side === "users" ? 1 / S : 1);

/** One side's rows. */
export function rowsOf(parameters: Parameters, side: Side): Rows {
  const { userFactors, userBiases, itemFactors, itemBiases, posterior } = parameters;
  const rows = side === "users" ? { factors: userFactors, biases: userBiases } : { factors: itemFactors, biases: itemBiases };
  return posterior ? { ...rows, covariances: posterior[side] } : rows;
}

/** Point estimates out of both sides' rows. */
export function parametersOf({ factors, globalMean }: Pick<Parameters, "factors" | "globalMean">, users: Rows, items: Rows): Parameters {
  return {
    factors,
    userFactors: users.factors,
    userBiases: users.biases,
    itemFactors: items.factors,
    itemBiases: items.biases,
    globalMean,
  };
}

/** r̂ = μ + b_m + b_n + u_m·v_n, summed in float64 from the float32 parameters. */
export function predictRating(parameters: Parameters, user: number, item: number): number {
  const { factors: K, userFactors, itemFactors, userBiases, itemBiases, globalMean } = parameters;
  let sum = globalMean + userBiases[user] + itemBiases[item];
  for (let k = 0; k < K; k++) sum += userFactors[user * K + k] * itemFactors[item * K + k];
  return sum;
}

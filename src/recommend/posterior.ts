// What the posteriors of `vb` say of a single rating or of a list:
// variances, and scores drawn by Thompson sampling. docs/models.md, "Variational Bayes".

import { factorize, triangle, unpackedTriangle } from "../engine/reference/cholesky.js";
import { OptionsError } from "../errors.js";
import type { Parameters, Posterior } from "../models/parameters.js";
import { seededRandom } from "../random.js";
import type { Entity } from "./fold-in.js";

/** Covariance of one entity's (factors, bias), D = K + 1, as a packed lower triangle. */
export function covarianceAt({ family, ...sides }: Posterior, side: "users" | "items", row: number, D: number): Float64Array {
  const values = sides[side];
  if (family === "full") return Float64Array.from(values.subarray(row * triangle(D), (row + 1) * triangle(D)));
  const packed = new Float64Array(triangle(D));
  for (let k = 0; k < D; k++) packed[triangle(k) + k] = values[row * D + k];
  return packed;
}

/** Scores drawn for one user. */
export interface SampledScores {
  /** Of all items, [N]. */
  readonly scores: Float64Array;
  /** Draws that of an item of which only the prior is known, for the same draw of the user. */
  of(item: Entity): number;
}

/**
 * Scores u·v_n + α b_n with u drawn from the user's posterior and each item drawn from its own:
 * given u, the score is normal.
 *
 * @throws OptionsError when the parameters hold no posterior.
 */
export function sampleScores(user: Entity, parameters: Parameters, alpha: number, seed: number): SampledScores {
  const { factors: K, itemFactors, itemBiases, posterior } = parameters;
  if (!posterior || !user.covariance) {
    throw new OptionsError("the model keeps no posterior to draw scores from", { remedy: "train a model of vb" });
  }
  if (!Number.isSafeInteger(seed)) throw new OptionsError(`thompsonSeed is ${seed}: it must be a whole number`);
  const random = seededRandom(seed);
  const u = drawn(user, () => random.normal());
  const scoreOf = (factors: ArrayLike<number>, bias: number, covariance: Float64Array): number => {
    let score = alpha * bias;
    for (let k = 0; k < K; k++) score += u[k] * factors[k];
    let variance = 0;
    for (let i = 0, at = 0; i <= K; i++) {
      for (let j = 0; j <= i; j++, at++) {
        variance += (i === j ? 1 : 2) * covariance[at] * (i < K ? u[i] : alpha) * (j < K ? u[j] : alpha);
      }
    }
    return score + Math.sqrt(Math.max(0, variance)) * random.normal();
  };
  return {
    scores: Float64Array.from(itemBiases, (bias, n) =>
      scoreOf(itemFactors.subarray(n * K, (n + 1) * K), bias, covarianceAt(posterior, "items", n, K + 1)),
    ),
    of: ({ factors, bias, covariance }) => scoreOf(factors, bias, covariance!),
  };
}

/** A draw of (factors, bias) from N(mean, Γ) by the Cholesky factor of Γ. */
function drawn({ factors, bias, covariance }: Entity, normal: () => number): Float64Array {
  const D = factors.length + 1;
  const matrix = unpackedTriangle(covariance!, D);
  factorize(matrix, D);
  const z = Float64Array.from({ length: D }, normal);
  return Float64Array.from({ length: D }, (_, i) => {
    let value = i < D - 1 ? factors[i] : bias;
    for (let j = 0; j <= i; j++) value += matrix[i * D + j] * z[j];
    return value;
  });
}

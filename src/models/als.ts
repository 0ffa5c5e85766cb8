// MAP matrix factorization by alternating least squares (`als`): hyperparameters, their checks, and the objective. Spec §2.

import { OptionsError } from "../errors.js";

/** The largest number of factors that the kernels solve. */
export const MAX_FACTORS = 128;

/**
 * Hyperparameters of `als`. λ is the noise precision, τ and γ are the prior precisions of factors and biases; all are
 * precisions in the spec's sense, not scaled by the number of ratings unless `regularization` is "weighted".
 */
export interface AlsHyperparameters {
  /** K, from 0 (bias-only) to 128. Default 10. */
  readonly factors: number;
  /** λ, noise precision, > 0. Default 1. */
  readonly lambda: number;
  /** τ_u, precision of user factors, ≥ 0. Default 10. */
  readonly tauUsers: number;
  /** τ_v, precision of item factors, ≥ 0. Default 10. */
  readonly tauItems: number;
  /** γ_u, precision of user biases, ≥ 0. Default 5. */
  readonly gammaUsers: number;
  /** γ_v, precision of item biases, ≥ 0. Default 5. */
  readonly gammaItems: number;
  /** Whether μ is the training mean (default) or 0. */
  readonly mean: boolean;
  /** Whether users and items have biases. Default true. */
  readonly biases: boolean;
  /** "weighted" multiplies an entity's τ and γ by its number of ratings (ALS-WR). Default "plain". */
  readonly regularization: "plain" | "weighted";
  /** "joint" solves factors and bias of an entity at once (default); "sequential" one after the other. */
  readonly update: "joint" | "sequential";
}

export const ALS_DEFAULTS: AlsHyperparameters = {
  factors: 10,
  lambda: 1,
  tauUsers: 10,
  tauItems: 10,
  gammaUsers: 5,
  gammaItems: 5,
  mean: true,
  biases: true,
  regularization: "plain",
  update: "joint",
};

/** Sums over the parameters and the residuals, from which the objective and the errors are put together in float64. */
export interface Measurement {
  /** Σ (r − r̂)² over the training ratings. */
  readonly trainSquares: number;
  /** Σ (r − r̂)² over the held-out ratings; 0 when there are none. */
  readonly heldOutSquares: number;
  /** Σ w|u|², Σ w|v|², Σ w b_m², Σ w b_n²: w = 1, or the entity's number of ratings under weighted regularization. */
  readonly userFactors: number;
  readonly itemFactors: number;
  readonly userBiases: number;
  readonly itemBiases: number;
}

/** ½λ Σ e² + ½τ_u Σ|u|² + ½τ_v Σ|v|² + ½γ_u Σ b² + ½γ_v Σ b². Spec §2. */
export function alsObjective(h: AlsHyperparameters, sums: Measurement): number {
  return (
    0.5 *
    (h.lambda * sums.trainSquares +
      h.tauUsers * sums.userFactors +
      h.tauItems * sums.itemFactors +
      h.gammaUsers * sums.userBiases +
      h.gammaItems * sums.itemBiases)
  );
}

/**
 * Completes partial hyperparameters with the defaults and checks every one.
 *
 * @throws OptionsError naming the hyperparameter and its value.
 */
export function alsHyperparameters(given: Partial<AlsHyperparameters> = {}): AlsHyperparameters {
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const h: AlsHyperparameters = { ...ALS_DEFAULTS, ...set };
  if (!Number.isInteger(h.factors) || h.factors < 0 || h.factors > MAX_FACTORS) {
    throw new OptionsError(`factors is ${h.factors}: it must be a whole number from 0 to ${MAX_FACTORS}`, {
      remedy: "0 trains the bias-only model; 10 to 64 suit most data",
    });
  }
  if (h.factors === 0 && !h.biases) throw new OptionsError("factors is 0 and biases are off: nothing is left to train");
  if (!(h.lambda > 0) || !Number.isFinite(h.lambda)) throw new OptionsError(`lambda is ${h.lambda}: it must be greater than 0`);
  for (const name of ["tauUsers", "tauItems", "gammaUsers", "gammaItems"] as const) {
    if (!(h[name] >= 0) || !Number.isFinite(h[name])) throw new OptionsError(`${name} is ${h[name]}: a precision must be 0 or greater`);
  }
  if (h.regularization !== "plain" && h.regularization !== "weighted") {
    throw new OptionsError(`regularization is "${String(h.regularization)}": it must be "plain" or "weighted"`);
  }
  if (h.update !== "joint" && h.update !== "sequential") {
    throw new OptionsError(`update is "${String(h.update)}": it must be "joint" or "sequential"`);
  }
  return h;
}

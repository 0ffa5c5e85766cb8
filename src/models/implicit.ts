// Implicit feedback (`implicit`): weighted least squares over all pairs, with confidences. Hu, Koren and Volinsky 2008; spec §2.

import type { Figures } from "./figures.js";
import { checkFactors, checkNotNegative, completed } from "./hyperparameters.js";

/**
 * Every pair of a user and an item counts: p = 1 with confidence c = 1 + α r where there is a rating (a count, a playing time), and p = 0
 * with c = 1 where there is none. There is no mean and there are no biases.
 */
export interface ImplicitHyperparameters {
  /** K, from 1 to 128. Default 10. */
  readonly factors: number;
  /** α, what a unit of feedback adds to the confidence, ≥ 0. Default 1; 0 is the fully observed 0/1 matrix. */
  readonly confidence: number;
  /** τ_u and τ_v, precisions of the factors, ≥ 0. Default 10. */
  readonly tauUsers: number;
  readonly tauItems: number;
}

/** Of `implicit`, where nothing is given. */
export const IMPLICIT_DEFAULTS: ImplicitHyperparameters = { factors: 10, confidence: 1, tauUsers: 10, tauItems: 10 };

/** @throws OptionsError naming the hyperparameter and its value. */
export function implicitHyperparameters(given: Partial<ImplicitHyperparameters> = {}): ImplicitHyperparameters {
  const h = completed(IMPLICIT_DEFAULTS, given);
  checkFactors(h.factors, 1);
  checkNotNegative(h, "confidence", "tauUsers", "tauItems");
  return h;
}

/** Sums from which the objective is put together. */
export interface ImplicitSums {
  /** Σ over all pairs of (u·v)² = tr(UᵀU VᵀV). */
  readonly allSquares: number;
  /** Σ over the pairs with feedback of c (1 − u·v)² − (u·v)². */
  readonly seenSquares: number;
  /** Σ|u|² and Σ|v|². */
  readonly userFactors: number;
  readonly itemFactors: number;
}

/** ½ Σ_all c (p − u·v)² + ½τ_u Σ|u|² + ½τ_v Σ|v|². */
export function implicitFigures(h: ImplicitHyperparameters, sums: ImplicitSums): Figures {
  const fit = sums.allSquares + sums.seenSquares;
  return { objective: 0.5 * (fit + h.tauUsers * sums.userFactors + h.tauItems * sums.itemFactors), trainRmse: null, heldOutRmse: null };
}

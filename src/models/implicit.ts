// Implicit feedback (`implicit`): weighted least squares over all pairs, with confidences. Hu, Koren and Volinsky 2008; spec §2.

import { RatingsError } from "../errors.js";
import type { Ratings } from "../ratings/ratings.js";
import type { Figures } from "./figures.js";
import { checkFactors, checkNotNegative, completed } from "./hyperparameters.js";

/**
 * Every pair of a user and an item counts: p = 1 where there is a rating above 0 (a count, a playing time), else p = 0, with confidence
 * c = 1 + α|r|. A rating below 0 is thus a dislike, the surer the further it is from 0, and a rating of 0 is as good as none, whose c is 1. So do
 * Spark and Python's implicit. There is no mean and there are no biases.
 */
export interface ImplicitHyperparameters {
  /** K, from 1 to 128. Default 10. */
  readonly factors: number;
  /** α, what a unit of feedback, of either sign, adds to the confidence, ≥ 0. Default 1; 0 is the fully observed 0/1 matrix. */
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

/** @throws RatingsError when no rating is above 0: the best model would then be nothing at all. */
export function checkFeedback(ratings: Ratings): void {
  const { maximum } = ratings.statistics();
  if (maximum > 0) return;
  throw new RatingsError(`no rating is above 0, the largest is ${maximum}: implicit takes only those above 0 for liked`, {
    remedy: "give counts, or other feedback that is above 0 where something is liked",
  });
}

/** Sums from which the objective is put together. */
export interface ImplicitSums {
  /** Σ over all pairs of (u·v)² = tr(UᵀU VᵀV). */
  readonly allSquares: number;
  /** Σ over the pairs with feedback of c (p − u·v)² − (u·v)². */
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

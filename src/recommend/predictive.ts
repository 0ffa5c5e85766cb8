// How sure a prediction is: of `vb` by its posteriors, of `gibbs` by its draws.
// docs/models.md, "Predictive distributions".

import { type UncertainRow, varianceOf } from "../engine/reference/expected-errors.js";
import { triangle } from "../engine/reference/cholesky.js";
import type { GibbsDraw, Parameters } from "../models/parameters.js";
import type { Entity } from "./fold-in.js";

/** Mean of a rating, and its standard deviation around it; NaN where the model does not know it. */
export interface Predictive {
  readonly mean: number;
  readonly deviation: number;
}

/** The distribution of a user's rating of an item; of models without a spread its mean alone. */
export function predictiveBetween(parameters: Parameters, user: Entity, item: Entity): Predictive {
  const { globalMean, posterior, draws } = parameters;
  const mean = user.factors.reduce((sum, value, k) => sum + value * item.factors[k], globalMean + user.bias + item.bias);
  if (draws && user.drawn && item.drawn) return { mean, deviation: Math.sqrt(varianceOverDraws(draws, user, item)) };
  if (!posterior || !user.covariance || !item.covariance) return { mean, deviation: NaN };
  const variance = varianceOf({ ...user, covariance: user.covariance }, { ...item, covariance: item.covariance });
  return { mean, deviation: Math.sqrt(1 / posterior.precisions.lambda + variance) };
}

/**
 * The variance of the draws' predictions, and the mean of what each leaves open: its noise, and rows that are no draws.
 */
function varianceOverDraws(draws: readonly GibbsDraw[], user: Entity, item: Entity): number {
  const S = draws.length;
  const K = user.factors.length / S;
  const size = triangle(K + 1);
  const certain = new Float64Array(size);
  const rowAt = ({ factors, drawn }: Entity, s: number, share: number): UncertainRow => ({
    factors: factors.subarray(s * K, (s + 1) * K).map((value) => share * value),
    covariance: drawn!.covariances?.subarray(s * size, (s + 1) * size) ?? certain,
  });
  const isOpen = user.drawn!.covariances !== undefined || item.drawn!.covariances !== undefined;
  const apart = draws.map((_, s) => {
    let score = 0;
    for (let k = s * K; k < (s + 1) * K; k++) score += user.factors[k] * item.factors[k];
    return S * score + user.drawn!.biases[s] + item.drawn!.biases[s];
  });
  const mean = apart.reduce((sum, value) => sum + value, 0) / S;
  return draws.reduce((sum, { lambda }, s) => {
    const open = isOpen ? varianceOf(rowAt(user, s, S), rowAt(item, s, 1)) : 0;
    return sum + ((apart[s] - mean) ** 2 + 1 / lambda + open) / S;
  }, 0);
}

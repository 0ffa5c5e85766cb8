// Squared errors and norms, float64: the plain loops that shaders/squared-errors.wgsl and shaders/squared-norms.wgsl parallelise.

import type { RatingColumns } from "../../ratings/ratings.js";
import type { SideState } from "./gram-solve.js";

/** Σ (r − r̂)² over some ratings. */
export function squaredErrors(ratings: RatingColumns, K: number, globalMean: number, users: SideState, items: SideState): number {
  let sum = 0;
  for (let at = 0; at < ratings.value.length; at++) {
    const user = ratings.user[at];
    const item = ratings.item[at];
    let predicted = globalMean + users.biases[user] + items.biases[item];
    for (let k = 0; k < K; k++) predicted += users.factors[user * K + k] * items.factors[item * K + k];
    sum += (ratings.value[at] - predicted) ** 2;
  }
  return sum;
}

/** Σ w|x − x̄|² and Σ w b² over the rows of a side; w is the row's number of ratings when `weighted`, else 1. */
export function squaredNorms(state: SideState, K: number, start: Uint32Array, weighted: boolean): { factors: number; biases: number } {
  let factors = 0;
  let biases = 0;
  for (let row = 0; row < state.biases.length; row++) {
    const weight = weighted ? start[row + 1] - start[row] : 1;
    for (let k = 0; k < K; k++) factors += weight * (state.factors[row * K + k] - (state.means?.[row * K + k] ?? 0)) ** 2;
    biases += weight * state.biases[row] ** 2;
  }
  return { factors, biases };
}

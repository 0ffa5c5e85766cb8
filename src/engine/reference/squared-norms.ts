// Squared norms, float64: the plain loop that shaders/squared-norms.wgsl parallelises.

import type { Norms } from "../engine.js";
import type { RowState } from "./rows.js";

/** Σ n|x|² and Σ n b² over the rows of a side. @param weights n of each row. Default: 1. */
export function squaredNorms(state: RowState, K: number, weights?: ArrayLike<number>): Norms {
  let factors = 0;
  let biases = 0;
  for (let row = 0; row < state.biases.length; row++) {
    const weight = weights ? weights[row] : 1;
    for (let k = 0; k < K; k++) factors += weight * state.factors[row * K + k] ** 2;
    biases += weight * state.biases[row] ** 2;
  }
  return { factors, biases };
}

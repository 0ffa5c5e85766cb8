// Sums over the posteriors of a side, float64: the plain loop that shaders/posterior-sums.wgsl parallelises.

import type { PosteriorSums } from "../engine.js";
import { triangle } from "./cholesky.js";
import { entry, type RowState } from "./rows.js";

/** E[Σ x_k²] a coordinate of (factors, bias), and Σ log|Γ|. */
export function posteriorSums({ factors, biases, covariances }: RowState, K: number): PosteriorSums {
  const { packed, logDeterminants: each } = covariances!;
  const D = K + 1;
  const secondMoments = Array<number>(D).fill(0);
  let logDeterminants = 0;
  for (let row = 0; row < biases.length; row++) {
    for (let k = 0; k < D; k++) {
      const mean = k < K ? factors[row * K + k] : biases[row];
      secondMoments[k] += mean ** 2 + packed[row * triangle(D) + entry(k, k)];
    }
    logDeterminants += each[row];
  }
  return { count: biases.length, secondMoments, logDeterminants };
}

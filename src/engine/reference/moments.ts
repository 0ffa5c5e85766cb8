// Moments of a side's rows, float64: what the Gram-and-solve kernel's segments over the rows themselves
// and shaders/add-partials.wgsl add up.

import type { Moments } from "../engine.js";
import type { RowState } from "./rows.js";

/** Σ x and Σ x xᵀ over the rows of a side, x = (factors, bias). */
export function momentsOf({ factors, biases }: RowState, K: number): Moments {
  const D = K + 1;
  const sums = new Float64Array(D);
  const gram = new Float64Array(D * D);
  const x = new Float64Array(D);
  for (let row = 0; row < biases.length; row++) {
    x.set(factors.subarray(row * K, (row + 1) * K));
    x[K] = biases[row];
    for (let i = 0; i < D; i++) {
      sums[i] += x[i];
      for (let j = 0; j <= i; j++) gram[i * D + j] += x[i] * x[j];
    }
  }
  return { count: biases.length, sums, gram };
}

// Errors of implicit feedback, float64: the plain loop that shaders/confident-errors.wgsl parallelises.
// Hu, Koren and Volinsky 2008.

import type { Csr } from "../../ratings/csr.js";
import type { RowState } from "./rows.js";

/** Σ c (p − u·v)² − (u·v)² over the feedback, p = 1 where r > 0, else 0, and c = 1 + α|r|. */
export function confidentErrors(confidence: number, rows: Csr, K: number, users: RowState, items: RowState): number {
  let sum = 0;
  for (let row = 0; row < rows.count; row++) {
    for (let at = rows.start[row]; at < rows.start[row + 1]; at++) {
      let score = 0;
      for (let k = 0; k < K; k++) score += users.factors[row * K + k] * items.factors[rows.index[at] * K + k];
      const preference = rows.value[at] > 0 ? 1 : 0;
      sum += (1 + confidence * Math.abs(rows.value[at])) * (preference - score) ** 2 - score ** 2;
    }
  }
  return sum;
}

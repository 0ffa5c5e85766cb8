// E[Σ x_k²] of each coordinate of (factors, bias), and Σ log|Γ|, in float64.
// Twin: src/engine/reference/posterior-sums.ts.

import { D, rowBytes, spreadBytes } from "./shape";

const DIAGONAL: i32 = 1;

/** @param sums the D + 1 sums so far, which are added to. */
export function posteriorSums(rows: usize, spreads: usize, logDeterminants: usize, count: i32, spread: i32, sums: usize): void {
  for (let row = 0; row < count; row++) {
    let variance = spreads;
    for (let k = 0; k < D; k++) {
      const mean = <f64>load<f32>(rows + (<usize>k << 2));
      const to = sums + (<usize>k << 3);
      store<f64>(to, load<f64>(to) + mean * mean + <f64>load<f32>(variance));
      // Down the diagonal of a packed triangle, or along the variances.
      variance += spread === DIAGONAL ? 4 : <usize>(k + 2) << 2;
    }
    const to = sums + (<usize>D << 3);
    store<f64>(to, load<f64>(to) + <f64>load<f32>(logDeterminants));
    rows += rowBytes;
    spreads += spreadBytes;
    logDeterminants += 4;
  }
}

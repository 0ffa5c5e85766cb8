// Σ n|x|² and Σ n b² over rows; n is the weight of the row's ratings, or 1.
// Twin: src/engine/reference/squared-norms.ts.

import { multiplyAdd, sumOf, zeros } from "./lanes";
import { factorLanes, K, rowBytes } from "./shape";

/**
 * @param weights n of the rows; 0: 1 each.
 * @param sums  the two sums so far, which are added to.
 */
export function squaredNorms(rows: usize, weights: usize, count: i32, sums: usize): void {
  let factors = load<f64>(sums), biases = load<f64>(sums, 8);
  for (let row = 0; row < count; row++) {
    let sum = zeros();
    for (let at: usize = 0; at < rowBytes; at += 16) {
      let x = v128.load(rows + at);
      if (at + 16 === rowBytes) x = v128.and(x, factorLanes());
      sum = multiplyAdd(x, x, sum);
    }
    const bias = <f64>load<f32>(rows + (<usize>K << 2));
    let weight: f64 = 1;
    if (weights !== 0) {
      weight = <f64>load<f32>(weights);
      weights += 4;
    }
    factors += weight * <f64>sumOf(sum);
    biases += weight * bias * bias;
    rows += rowBytes;
  }
  store<f64>(sums, factors);
  store<f64>(sums, biases, 8);
}

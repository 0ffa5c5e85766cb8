// Σ (r − r̂)² over some ratings, one after the other, in float64. Twin: src/engine/reference/squared-errors.ts.

import { itemRow, predicted, userRow } from "./predict";

/** @param sums the sum so far, which is added to. */
export function squaredErrors(user: usize, item: usize, value: usize, count: i32, sums: usize): void {
  let sum = load<f64>(sums);
  for (let rating = 0; rating < count; rating++) {
    const error = <f64>(load<f32>(value) - predicted(userRow(user), itemRow(item)));
    sum += error * error;
    user += 4;
    item += 4;
    value += 4;
  }
  store<f64>(sums, sum);
}

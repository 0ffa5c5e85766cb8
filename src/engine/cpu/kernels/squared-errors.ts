// Σ w (r − r̂)² over some ratings, r̂ clipped, one after the other, in float64. Twin:
// src/engine/reference/squared-errors.ts.

import { itemRow, predicted, userRow } from "./predict";
import { summedBytes, weightAt } from "./shape";

/** @param sums the sum so far, which is added to. */
export function squaredErrors(user: usize, item: usize, value: usize, count: i32, sums: usize, least: f32, most: f32): void {
  let sum = load<f64>(sums);
  for (let rating = 0; rating < count; rating++) {
    const prediction = min<f32>(most, max<f32>(least, predicted(userRow(user), itemRow(item))));
    const error = <f64>(load<f32>(value) - prediction);
    sum += <f64>weightAt(value, summedBytes) * error * error;
    user += 4;
    item += 4;
    value += summedBytes;
  }
  store<f64>(sums, sum);
}

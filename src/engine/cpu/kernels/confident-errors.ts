// Σ c (p − u·v)² − (u·v)² over the feedback: Hu, Koren and Volinsky 2008.
// Twin: src/engine/reference/confident-errors.ts.

import { itemRow, productOf, userRow } from "./predict";
import { summedBytes, weightAt } from "./shape";

/** @param sums the sum so far, which is added to. */
export function confidentErrors(user: usize, item: usize, value: usize, count: i32, sums: usize, confidence: f64): void {
  let sum = load<f64>(sums);
  for (let rating = 0; rating < count; rating++) {
    const r = <f64>load<f32>(value);
    const score = <f64>productOf(userRow(user), itemRow(item));
    const error = (r > 0 ? 1 : 0) - score;
    sum += (1 + <f64>weightAt(value, summedBytes) * confidence * abs<f64>(r)) * error * error - score * score;
    user += 4;
    item += 4;
    value += summedBytes;
  }
  store<f64>(sums, sum);
}

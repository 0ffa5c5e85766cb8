// Σ −w log p of some 0/1 ratings, by softplus, which does not overflow. Twin: src/engine/reference/log-losses.ts.

import { itemRow, predicted, userRow } from "./predict";
import { summedBytes, weightAt } from "./shape";

/** @param sums the sum so far, which is added to. */
export function logLosses(user: usize, item: usize, value: usize, count: i32, sums: usize): void {
  let sum = load<f64>(sums);
  for (let rating = 0; rating < count; rating++) {
    const score = <f64>predicted(userRow(user), itemRow(item));
    const loss = max<f64>((1 - 2 * <f64>load<f32>(value)) * score, 0) + Math.log1p(Math.exp(-abs<f64>(score)));
    sum += <f64>weightAt(value, summedBytes) * loss;
    user += 4;
    item += 4;
    value += summedBytes;
  }
  store<f64>(sums, sum);
}

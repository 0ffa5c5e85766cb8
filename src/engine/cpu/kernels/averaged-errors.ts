// Adds the present draw to each rating's sums of predictions and densities, then Σ w (r − r̄)², as it is and with r̄
// clipped, and Σ w log p̄ of their averages. Twin: src/engine/reference/averaged-errors.ts.

import { itemRow, predicted, userRow } from "./predict";
import { summedBytes, weightAt } from "./shape";

/**
 * Densities are taken for at least this, so that one rating that no draw expects does not
 * make the sum of logarithms infinite.
 */
const LEAST_DENSITY: f64 = 1e-30;

/**
 * @param sums      Σ (r − r̄)², the same with r̄ clipped, and Σ log p̄ so far, which are added to.
 * @param draws     draws in the sums, the present one included; with 0 or 1 they begin anew.
 * @param densities sums of each rating, float64, as are `predictions`.
 */
export function averagedErrors(
  user: usize, item: usize, value: usize, count: i32, sums: usize, lambda: f64, draws: f64, predictions: usize, densities: usize,
  least: f64, most: f64,
): void {
  let squares = load<f64>(sums), clippedSquares = load<f64>(sums, 8), logDensity = load<f64>(sums, 16);
  const peak = Math.sqrt(lambda / (2 * Math.PI));
  const anew = draws <= 1;
  const divisor = max<f64>(draws, 1);
  for (let rating = 0; rating < count; rating++) {
    const r = <f64>load<f32>(value);
    let prediction = <f64>predicted(userRow(user), itemRow(item));
    const error = r - prediction;
    let density = peak * Math.exp(-0.5 * lambda * error * error);
    if (!anew) {
      prediction += load<f64>(predictions);
      density += load<f64>(densities);
    }
    store<f64>(predictions, prediction);
    store<f64>(densities, density);
    const apart = r - prediction / divisor;
    const weight = <f64>weightAt(value, summedBytes);
    squares += weight * apart * apart;
    const clipped = r - min<f64>(most, max<f64>(least, prediction / divisor));
    clippedSquares += weight * clipped * clipped;
    logDensity += weight * Math.log(max<f64>(density / divisor, LEAST_DENSITY));
    user += 4;
    item += 4;
    value += summedBytes;
    predictions += 8;
    densities += 8;
  }
  store<f64>(sums, squares);
  store<f64>(sums, clippedSquares, 8);
  store<f64>(sums, logDensity, 16);
}

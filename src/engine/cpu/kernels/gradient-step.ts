// A batch step of gradient descent: v ← ω v − η ∂/∂x / (λ n + τ) of every row of a side, ∂/∂x = −λ Σ w e y + τ x,
// biases alike with γ; then x ← x + v. Errors of STAGE ratings are taken first, then their products with y in float32,
// which are added up in float64. Twin: src/engine/reference/gradient-step.ts.

import { fixedRows, ownRows, ownVelocity } from "./half-sweep";
import { multiplyAdd, zeros } from "./lanes";
import { predicted } from "./predict";
import { D, K, rowBlocks, rowBytes, STAGE, valueBytes, weightAt } from "./shape";

/** Below this the curvature of a row without ratings and without a precision is taken for it. */
const LEAST_CURVATURE: f64 = 1e-6;

// Σ w e y of the row, float64 [D and padding], with Σ w e in the place of the bias; Σ w; errors of a stage; precisions
// [D].
let slopes: usize, errors: usize, precisions: usize, weightSum: f64;
let lambda: f64, step: f64, momentum: f64, biases: bool;

export function setSlopes(
  slopesAt: usize, errorsAt: usize, precisionsAt: usize, lambdaValue: f64, stepSize: f64, momentumShare: f64, hasBiases: bool,
): void {
  slopes = slopesAt;
  errors = errorsAt;
  precisions = precisionsAt;
  lambda = lambdaValue;
  step = stepSize;
  momentum = momentumShare;
  biases = hasBiases;
}

export function beginSlopes(): void {
  memory.fill(slopes, 0, rowBytes << 1);
  weightSum = 0;
}

/** Ratings of the row; one that comes in parts is cut at multiples of STAGE. */
export function addSlopes(local: i32, index: usize, value: usize, count: i32): void {
  const own = ownRows + <usize>local * rowBytes;
  const bias = slopes + (<usize>K << 3);
  while (count > 0) {
    const n = min(count, STAGE);
    let errorSum: f64 = 0;
    for (let rating = 0; rating < n; rating++) {
      const at = <usize>rating << 2;
      const rated = value + <usize>rating * valueBytes;
      const weight = weightAt(rated, valueBytes);
      const error = weight * (load<f32>(rated) - predicted(own, fixedRows + <usize>load<u32>(index + at) * rowBytes));
      store<f32>(errors + at, error);
      errorSum += <f64>error;
      weightSum += <f64>weight;
    }
    const sumSoFar = load<f64>(bias);
    for (let block = 0; block < rowBlocks; block++) {
      let sum = zeros();
      for (let rating = 0; rating < n; rating++) {
        const at = <usize>rating << 2;
        const y = fixedRows + <usize>load<u32>(index + at) * rowBytes + (<usize>block << 4);
        sum = multiplyAdd(v128.load32_splat(errors + at), v128.load(y), sum);
      }
      const to = slopes + (<usize>block << 5);
      v128.store(to, v128.add<f64>(v128.load(to), f64x2.promote_low_f32x4(sum)));
      const high = v128.shuffle<f32>(sum, sum, 2, 3, 2, 3);
      v128.store(to, v128.add<f64>(v128.load(to, 16), f64x2.promote_low_f32x4(high)), 16);
    }
    store<f64>(bias, sumSoFar + errorSum);
    index += <usize>n << 2;
    value += <usize>n * valueBytes;
    count -= n;
  }
}

/** The row's new velocity. */
export function finishSlopes(local: i32): void {
  const own = ownRows + <usize>local * rowBytes, velocity = ownVelocity + <usize>local * rowBytes;
  const last = biases ? D : K;
  for (let k = 0; k < last; k++) {
    const at = <usize>k << 2;
    const precision = <f64>load<f32>(precisions + at);
    const slope = precision * <f64>load<f32>(own + at) - lambda * load<f64>(slopes + (at << 1));
    const curvature = max<f64>(lambda * weightSum + precision, LEAST_CURVATURE);
    store<f32>(velocity + at, <f32>(momentum * <f64>load<f32>(velocity + at) - (step * slope) / curvature));
  }
}

/** x ← x + v. @param blocks blocks of four numbers. */
export function takeStep(rows: usize, velocity: usize, blocks: i32): void {
  for (; blocks > 0; blocks--) {
    v128.store(rows, v128.add<f32>(v128.load(rows), v128.load(velocity)));
    rows += 16;
    velocity += 16;
  }
}

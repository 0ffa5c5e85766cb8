// Σ w (r − E r̂)², Σ w Var r̂ and Σ w log N(r; E r̂, 1/λ + Var r̂) over some ratings, with
//   Var r̂ = E[x]ᵀ Γ_y E[x] + E[y]ᵀ Γ_x E[y] + tr(Γ_x Γ_y),  x = (u, b_u, 1), y = (v, 1, b_v).
// Packed triangles are read row by row; entries off the diagonal count twice.
// Twin: src/engine/reference/expected-errors.ts.

import { multiplyAdd, sumOf, zeros } from "./lanes";
import { itemRow, itemSpread, predicted, userRow, userSpread } from "./predict";
import { biasLane, D, factorLanes, K, rowBytes, spreadBytes, summedBytes, weightAt } from "./shape";

const DIAGONAL: i32 = 1;

/** Lanes that a row of a triangle still has in its last block: 1 to 4 of them. */
const tails: usize = memory.data(64, 16);

export function setTails(): void {
  for (let count = 1; count <= 4; count++) {
    for (let lane = 0; lane < 4; lane++) store<i32>(tails + <usize>((count - 1) * 16 + lane * 4), lane < count ? -1 : 0);
  }
}

/** The variances meet (factors², 1) of the other side, and each other where both sides have factors. */
function diagonalVariance(u: usize, v: usize, c: usize, d: usize): f32 {
  let sum = zeros();
  const last = rowBytes - 16;
  for (let at: usize = 0; at < last; at += 16) {
    const x = v128.load(u + at), y = v128.load(v + at), cu = v128.load(c + at), dv = v128.load(d + at);
    sum = multiplyAdd(dv, multiplyAdd(x, x, cu), sum);
    sum = multiplyAdd(cu, v128.mul<f32>(y, y), sum);
  }
  const x = v128.load(u + last), y = v128.load(v + last), cu = v128.load(c + last), dv = v128.load(d + last);
  const both = multiplyAdd(dv, multiplyAdd(x, x, cu), v128.mul<f32>(cu, v128.mul<f32>(y, y)));
  const biases = v128.and(v128.add<f32>(cu, dv), biasLane());
  return sumOf(v128.add<f32>(sum, v128.add<f32>(v128.and(both, factorLanes()), biases)));
}

// Row i of a triangle adds x_i (2 Σ_{j ≤ i} Γ_ij x_j − Γ_ii x_i), the bias being taken for 1.
function fullVariance(u: usize, v: usize, c: usize, d: usize): f32 {
  let off = zeros();
  let onDiagonal: f32 = 0;
  for (let i = 0; i < K; i++) {
    const xi = load<f32>(u + (<usize>i << 2)), yi = load<f32>(v + (<usize>i << 2));
    const xs = v128.splat<f32>(xi), ys = v128.splat<f32>(yi);
    const whole = (<usize>i >> 2) << 4;
    for (let at: usize = 0; at < whole; at += 16) {
      const cu = v128.load(c + at), dv = v128.load(d + at);
      off = multiplyAdd(dv, multiplyAdd(xs, v128.load(u + at), cu), off);
      off = multiplyAdd(cu, v128.mul<f32>(ys, v128.load(v + at)), off);
    }
    const tail = v128.load(tails + (<usize>(i & 3) << 4));
    const cu = v128.and(v128.load(c + whole), tail), dv = v128.and(v128.load(d + whole), tail);
    off = multiplyAdd(dv, multiplyAdd(xs, v128.load(u + whole), cu), off);
    off = multiplyAdd(cu, v128.mul<f32>(ys, v128.load(v + whole)), off);
    const cii = load<f32>(c + (<usize>i << 2)), dii = load<f32>(d + (<usize>i << 2));
    onDiagonal += dii * (xi * xi + cii) + cii * yi * yi;
    c += <usize>(i + 1) << 2;
    d += <usize>(i + 1) << 2;
  }
  // The biases' row: the bias of one side meets the constant 1 of the other, which has no variance.
  const last = rowBytes - 16;
  for (let at: usize = 0; at < last; at += 16) {
    off = multiplyAdd(v128.load(d + at), v128.load(u + at), off);
    off = multiplyAdd(v128.load(c + at), v128.load(v + at), off);
  }
  const cu = v128.and(v128.load(c + last), factorLanes()), dv = v128.and(v128.load(d + last), factorLanes());
  off = multiplyAdd(dv, v128.load(u + last), off);
  off = multiplyAdd(cu, v128.load(v + last), off);
  const bias = <usize>K << 2;
  return 2 * sumOf(off) - onDiagonal + load<f32>(c + bias) + load<f32>(d + bias);
}

/** @param sums the three sums so far, which are added to. */
export function expectedErrors(user: usize, item: usize, value: usize, count: i32, sums: usize, lambda: f64, spread: i32): void {
  let squares = load<f64>(sums), variances = load<f64>(sums, 8), logDensity = load<f64>(sums, 16);
  for (let rating = 0; rating < count; rating++) {
    const u = userRow(user), v = itemRow(item), c = userSpread(user, spreadBytes), d = itemSpread(item, spreadBytes);
    const variance = <f64>(spread === DIAGONAL ? diagonalVariance(u, v, c, d) : fullVariance(u, v, c, d));
    const error = <f64>(load<f32>(value) - predicted(u, v));
    const width = 1 / lambda + variance;
    const weight = <f64>weightAt(value, summedBytes);
    squares += weight * error * error;
    variances += weight * variance;
    logDensity -= weight * 0.5 * (Math.log(2 * Math.PI * width) + (error * error) / width);
    user += 4;
    item += 4;
    value += summedBytes;
  }
  store<f64>(sums, squares);
  store<f64>(sums, variances, 8);
  store<f64>(sums, logDensity, 16);
}

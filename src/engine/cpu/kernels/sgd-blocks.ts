// Stochastic steps, rating by rating: u ← u + η w (λ e v − (τ_u / n_m) u) and v with the old u in the same way,
// biases alike. Rows that carry squares take η / √(1 + G) for η, and G grows by w times the mean square of the slope.
// Blocks that are worked on side by side share no row. Twin: src/engine/reference/sgd-blocks.ts.

import { multiplyAdd, sumOf, zeros } from "./lanes";
import { itemRow, predicted, userRow } from "./predict";
import { biasLane, factorLanes, K, rowBytes, valueBytes, weightAt } from "./shape";

// 1 / n of every row, n = Σ w; G of factors and bias of every row, 0 where rows carry none.
let userShares: usize, itemShares: usize, userSquares: usize, itemSquares: usize;
// η and λ; τ and γ of each side.
let rate: f32, noise: f32, userShrink: f32, itemShrink: f32, userBiasShrink: f32, itemBiasShrink: f32;
let logistic: bool, biases: bool;

export function setEpoch(
  usersSharesAt: usize, itemsSharesAt: usize, usersSquaresAt: usize, itemsSquaresAt: usize, step: f32, lambda: f32,
  tauUsers: f32, tauItems: f32, gammaUsers: f32, gammaItems: f32, isLogistic: bool, hasBiases: bool,
): void {
  userShares = usersSharesAt;
  itemShares = itemsSharesAt;
  userSquares = usersSquaresAt;
  itemSquares = itemsSquaresAt;
  rate = step;
  noise = lambda;
  userShrink = tauUsers;
  itemShrink = tauItems;
  userBiasShrink = hasBiases ? gammaUsers : 0;
  itemBiasShrink = hasBiases ? gammaItems : 0;
  logistic = isLogistic;
  biases = hasBiases;
}

// @ts-ignore: decorator
@inline
function sigmoid(x: f32): f32 {
  return <f32>(1 / (1 + Math.exp(-<f64>x)));
}

export function stepRatings(user: usize, item: usize, value: usize, count: i32): void {
  if (userSquares !== 0) stepByOwnRates(user, item, value, count);
  else stepByOneRate(user, item, value, count);
}

function stepByOneRate(user: usize, item: usize, value: usize, count: i32): void {
  const last = rowBytes - 16;
  const factors = factorLanes();
  // What a bias is multiplied with: 1, or 0 where there are none.
  const one = v128.and(biasLane(), v128.splat<f32>(biases ? 1 : 0));
  for (; count > 0; count--) {
    const u = userRow(user), v = itemRow(item);
    const score = predicted(u, v);
    const step = rate * weightAt(value, valueBytes);
    const e = step * noise * (load<f32>(value) - (logistic ? sigmoid(score) : score));
    const userShare = step * load<f32>(userShares + (<usize>load<u32>(user) << 2));
    const itemShare = step * load<f32>(itemShares + (<usize>load<u32>(item) << 2));
    const es = v128.splat<f32>(e);
    const us = v128.splat<f32>(1 - userShrink * userShare), vs = v128.splat<f32>(1 - itemShrink * itemShare);
    for (let at: usize = 0; at < last; at += 16) {
      const x = v128.load(u + at), y = v128.load(v + at);
      v128.store(u + at, multiplyAdd(es, y, v128.mul<f32>(x, us)));
      v128.store(v + at, multiplyAdd(es, x, v128.mul<f32>(y, vs)));
    }
    const x = v128.load(u + last), y = v128.load(v + last);
    const ub = v128.splat<f32>(1 - userBiasShrink * userShare), vb = v128.splat<f32>(1 - itemBiasShrink * itemShare);
    v128.store(u + last, multiplyAdd(es, v128.or(v128.and(y, factors), one), v128.mul<f32>(x, v128.bitselect(us, ub, factors))));
    v128.store(v + last, multiplyAdd(es, v128.or(v128.and(x, factors), one), v128.mul<f32>(y, v128.bitselect(vs, vb, factors))));
    user += 4;
    item += 4;
    value += valueBytes;
  }
}

function stepByOwnRates(user: usize, item: usize, value: usize, count: i32): void {
  const last = rowBytes - 16;
  const factors = factorLanes(), bias = biasLane();
  const one = v128.and(bias, v128.splat<f32>(biases ? 1 : 0));
  const perFactor: f32 = K > 0 ? <f32>1 / <f32>K : 0;
  for (; count > 0; count--) {
    const u = userRow(user), v = itemRow(item);
    const score = predicted(u, v);
    const weight = weightAt(value, valueBytes);
    const es = v128.splat<f32>(noise * (load<f32>(value) - (logistic ? sigmoid(score) : score)));
    // Negative, so that one multiply-add gives a slope.
    const userShare = -load<f32>(userShares + (<usize>load<u32>(user) << 2));
    const itemShare = -load<f32>(itemShares + (<usize>load<u32>(item) << 2));
    const us = v128.splat<f32>(userShrink * userShare), vs = v128.splat<f32>(itemShrink * itemShare);
    const ownSquares = userSquares + (<usize>load<u32>(user) << 3), otherSquares = itemSquares + (<usize>load<u32>(item) << 3);
    const step = weight * rate;
    const ur = v128.splat<f32>(ownRate(step, ownSquares)), vr = v128.splat<f32>(ownRate(step, otherSquares));
    let uu = zeros(), vv = zeros();
    for (let at: usize = 0; at < last; at += 16) {
      const x = v128.load(u + at), y = v128.load(v + at);
      const p = multiplyAdd(es, y, v128.mul<f32>(x, us)), q = multiplyAdd(es, x, v128.mul<f32>(y, vs));
      v128.store(u + at, multiplyAdd(ur, p, x));
      v128.store(v + at, multiplyAdd(vr, q, y));
      uu = multiplyAdd(p, p, uu);
      vv = multiplyAdd(q, q, vv);
    }
    const x = v128.load(u + last), y = v128.load(v + last);
    const ub = v128.splat<f32>(userBiasShrink * userShare), vb = v128.splat<f32>(itemBiasShrink * itemShare);
    const p = multiplyAdd(es, v128.or(v128.and(y, factors), one), v128.mul<f32>(x, v128.bitselect(us, ub, factors)));
    const q = multiplyAdd(es, v128.or(v128.and(x, factors), one), v128.mul<f32>(y, v128.bitselect(vs, vb, factors)));
    const br = v128.splat<f32>(ownRate(step, ownSquares + 4)), cr = v128.splat<f32>(ownRate(step, otherSquares + 4));
    v128.store(u + last, multiplyAdd(v128.bitselect(ur, br, factors), p, x));
    v128.store(v + last, multiplyAdd(v128.bitselect(vr, cr, factors), q, y));
    addSquares(ownSquares, weight, uu, v128.mul<f32>(p, p), perFactor);
    addSquares(otherSquares, weight, vv, v128.mul<f32>(q, q), perFactor);
    user += 4;
    item += 4;
    value += valueBytes;
  }
}

// @ts-ignore: decorator
@inline
function ownRate(step: f32, squares: usize): f32 {
  return step / Mathf.sqrt(1 + load<f32>(squares));
}

/** @param sum of squares before the last block. @param lastSquares those of the last block, the bias's among them. */
// @ts-ignore: decorator
@inline
function addSquares(squares: usize, weight: f32, sum: v128, lastSquares: v128, perFactor: f32): void {
  const own = sumOf(v128.add<f32>(sum, v128.and(lastSquares, factorLanes())));
  store<f32>(squares, load<f32>(squares) + weight * perFactor * own);
  store<f32>(squares, load<f32>(squares, 4) + weight * sumOf(v128.and(lastSquares, biasLane())), 4);
}

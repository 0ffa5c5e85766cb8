// Stochastic steps, rating by rating: u ← u + η w (λ e v − (τ_u / n_m) u) and v with the old u in the same way,
// biases alike. Rows that carry squares take η / √(1 + G) for η, and G grows by w times the mean square of the slope.
// Blocks that are worked on side by side share no row. Twin: src/engine/reference/sgd-blocks.ts.

import { multiplyAdd, sumOf, zeros } from "./lanes";
import { globalMean, itemRow, predicted, userRow } from "./predict";
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

/** The squares of slopes come out of |u|², |v|² and u·v, which the loop of the prediction adds up. */
function stepByOwnRates(user: usize, item: usize, value: usize, count: i32): void {
  const last = rowBytes - 16;
  const factors = factorLanes(), bias = biasLane();
  const one = v128.and(bias, v128.splat<f32>(biases ? 1 : 0));
  const perFactor: f32 = K > 0 ? <f32>1 / <f32>K : 0;
  const toBias = <usize>(K & 3) << 2;
  for (; count > 0; count--) {
    const u = userRow(user), v = itemRow(item);
    const ownSquares = userSquares + (<usize>load<u32>(user) << 3), otherSquares = itemSquares + (<usize>load<u32>(item) << 3);
    const weight = weightAt(value, valueBytes);
    // G of the user's factors and bias, and of the item's.
    const squares = v128.load_lane<u64>(otherSquares, v128.load_zero<u64>(ownSquares), 1);
    const rates = v128.div<f32>(v128.splat<f32>(weight * rate), v128.sqrt<f32>(v128.add<f32>(v128.splat<f32>(1), squares)));
    const ur = v128.extract_lane<f32>(rates, 0), vr = v128.extract_lane<f32>(rates, 2);
    let uv = zeros(), uu = zeros(), vv = zeros();
    for (let at: usize = 0; at < last; at += 16) {
      const x = v128.load(u + at), y = v128.load(v + at);
      uv = multiplyAdd(x, y, uv);
      uu = multiplyAdd(x, x, uu);
      vv = multiplyAdd(y, y, vv);
    }
    const x = v128.load(u + last), y = v128.load(v + last);
    const p = v128.and(x, factors), q = v128.and(y, factors);
    const product = sumOf(multiplyAdd(p, q, uv)), userNorm = sumOf(multiplyAdd(p, p, uu)), itemNorm = sumOf(multiplyAdd(q, q, vv));
    const userBias = load<f32>(u + last + toBias), itemBias = load<f32>(v + last + toBias);
    const score = globalMean + product + userBias + itemBias;
    const e = noise * (load<f32>(value) - (logistic ? sigmoid(score) : score));
    const userShare = load<f32>(userShares + (<usize>load<u32>(user) << 2));
    const itemShare = load<f32>(itemShares + (<usize>load<u32>(item) << 2));
    const us = userShrink * userShare, vs = itemShrink * itemShare;
    const ue = v128.splat<f32>(ur * e), ve = v128.splat<f32>(vr * e);
    const ushrink = v128.splat<f32>(1 - ur * us), vshrink = v128.splat<f32>(1 - vr * vs);
    for (let at: usize = 0; at < last; at += 16) {
      const x = v128.load(u + at), y = v128.load(v + at);
      v128.store(u + at, multiplyAdd(ue, y, v128.mul<f32>(x, ushrink)));
      v128.store(v + at, multiplyAdd(ve, x, v128.mul<f32>(y, vshrink)));
    }
    // In the bias's lane: its slope, by its rate.
    const ub = e - userBiasShrink * userShare * userBias, vb = e - itemBiasShrink * itemShare * itemBias;
    const ubr = v128.splat<f32>(v128.extract_lane<f32>(rates, 1) * ub), vbr = v128.splat<f32>(v128.extract_lane<f32>(rates, 3) * vb);
    v128.store(u + last, v128.bitselect(multiplyAdd(ue, y, v128.mul<f32>(x, ushrink)), multiplyAdd(ubr, one, x), factors));
    v128.store(v + last, v128.bitselect(multiplyAdd(ve, x, v128.mul<f32>(y, vshrink)), multiplyAdd(vbr, one, y), factors));
    let grown = v128.splat<f32>(perFactor * slopeSquares(e, us, userNorm, itemNorm, product));
    grown = v128.replace_lane<f32>(grown, 1, biases ? ub * ub : 0);
    grown = v128.replace_lane<f32>(grown, 2, perFactor * slopeSquares(e, vs, itemNorm, userNorm, product));
    grown = v128.replace_lane<f32>(grown, 3, biases ? vb * vb : 0);
    const now = multiplyAdd(v128.splat<f32>(weight), grown, squares);
    v128.store_lane<u64>(ownSquares, now, 0);
    v128.store_lane<u64>(otherSquares, now, 1);
    user += 4;
    item += 4;
    value += valueBytes;
  }
}

/** |e y − t x|², of |x|², |y|² and x·y. */
// @ts-ignore: decorator
@inline
function slopeSquares(e: f32, t: f32, xx: f32, yy: f32, xy: f32): f32 {
  return Mathf.max(0, e * e * yy - 2 * e * t * xy + t * t * xx);
}

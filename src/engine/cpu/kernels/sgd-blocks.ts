// Stochastic steps, rating by rating: u ← u + η w (λ e v − (τ_u / n_m) u) and v with the old u in the same way,
// biases alike. Blocks that are worked on side by side share no row. Twin: src/engine/reference/sgd-blocks.ts.

import { multiplyAdd } from "./lanes";
import { itemRow, predicted, userRow } from "./predict";
import { biasLane, factorLanes, rowBytes, valueBytes, weightAt } from "./shape";

// 1 / n of every row, n = Σ w; η λ; η τ and η γ of each side.
let userShares: usize, itemShares: usize;
let errorStep: f32, userShrink: f32, itemShrink: f32, userBiasShrink: f32, itemBiasShrink: f32;
let logistic: bool, biases: bool;

export function setEpoch(
  usersSharesAt: usize, itemsSharesAt: usize, step: f32, lambda: f32, tauUsers: f32, tauItems: f32, gammaUsers: f32, gammaItems: f32,
  isLogistic: bool, hasBiases: bool,
): void {
  userShares = usersSharesAt;
  itemShares = itemsSharesAt;
  errorStep = step * lambda;
  userShrink = step * tauUsers;
  itemShrink = step * tauItems;
  userBiasShrink = hasBiases ? step * gammaUsers : 0;
  itemBiasShrink = hasBiases ? step * gammaItems : 0;
  logistic = isLogistic;
  biases = hasBiases;
}

// @ts-ignore: decorator
@inline
function sigmoid(x: f32): f32 {
  return <f32>(1 / (1 + Math.exp(-<f64>x)));
}

export function stepRatings(user: usize, item: usize, value: usize, count: i32): void {
  const last = rowBytes - 16;
  const factors = factorLanes();
  // What a bias is multiplied with: 1, or 0 where there are none.
  const one = v128.and(biasLane(), v128.splat<f32>(biases ? 1 : 0));
  for (; count > 0; count--) {
    const u = userRow(user), v = itemRow(item);
    const score = predicted(u, v);
    const weight = weightAt(value, valueBytes);
    const e = weight * errorStep * (load<f32>(value) - (logistic ? sigmoid(score) : score));
    const userShare = weight * load<f32>(userShares + (<usize>load<u32>(user) << 2));
    const itemShare = weight * load<f32>(itemShares + (<usize>load<u32>(item) << 2));
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

// Predictions of ratings: the rows that a rating joins, and r̂ = μ + b_m + b_n + u·v.

import { multiplyAdd, sumOf, zeros } from "./lanes";
import { biasLane, factorLanes, rowBlocks, rowBytes } from "./shape";

let userRows: usize, itemRows: usize, userSpreads: usize, itemSpreads: usize;
export let globalMean: f32 = 0;

/** Where the rows are that ratings number, and their covariances, 0 where they have none. */
export function setRated(users: usize, items: usize, usersCovariances: usize, itemsCovariances: usize, mean: f32): void {
  userRows = users;
  itemRows = items;
  userSpreads = usersCovariances;
  itemSpreads = itemsCovariances;
  globalMean = mean;
}

// @ts-ignore: decorator
@inline
export function userRow(user: usize): usize {
  return userRows + <usize>load<u32>(user) * rowBytes;
}

// @ts-ignore: decorator
@inline
export function itemRow(item: usize): usize {
  return itemRows + <usize>load<u32>(item) * rowBytes;
}

// @ts-ignore: decorator
@inline
export function userSpread(user: usize, bytes: usize): usize {
  return userSpreads + <usize>load<u32>(user) * bytes;
}

// @ts-ignore: decorator
@inline
export function itemSpread(item: usize, bytes: usize): usize {
  return itemSpreads + <usize>load<u32>(item) * bytes;
}

/** u·v + b_m + b_n. The last block of a row holds the bias behind what factors are left. */
// @ts-ignore: decorator
@inline
function scoreOf(u: usize, v: usize): f32 {
  let sum = zeros();
  const last = rowBytes - 16;
  for (let at: usize = 0; at < last; at += 16) sum = multiplyAdd(v128.load(u + at), v128.load(v + at), sum);
  const a = v128.load(u + last), b = v128.load(v + last);
  const products = v128.and(v128.mul<f32>(a, b), factorLanes());
  const biases = v128.and(v128.add<f32>(a, b), biasLane());
  return sumOf(v128.add<f32>(sum, v128.add<f32>(products, biases)));
}

/** u·v. */
// @ts-ignore: decorator
@inline
export function productOf(u: usize, v: usize): f32 {
  let sum = zeros();
  const last = rowBytes - 16;
  for (let at: usize = 0; at < last; at += 16) sum = multiplyAdd(v128.load(u + at), v128.load(v + at), sum);
  return sumOf(v128.add<f32>(sum, v128.and(v128.mul<f32>(v128.load(u + last), v128.load(v + last)), factorLanes())));
}

/** r̂. */
// @ts-ignore: decorator
@inline
export function predicted(u: usize, v: usize): f32 {
  return globalMean + scoreOf(u, v);
}

// The one product that all dense algebra here is made of: for four columns c and some blocks of four lanes,
//   C[c, lane] ← Σ_k P[k, c] V[k, lane],
// set, added or taken away. Blocks are taken in pairs: per k two loads of V, four splat loads of P, eight multiply-adds
// into registers. Of ratings' rows it makes Gram matrices; of a factor's columns the update of a Cholesky
// factorization, its inverse, and the inverse's square.

import { multiplyAdd, zeros } from "./lanes";

export const SET: i32 = 0;
export const ADD: i32 = 1;
export const SUBTRACT: i32 = 2;

// @ts-ignore: decorator
@inline
function settle(target: usize, sum: v128, mode: i32): void {
  if (mode === SET) v128.store(target, sum);
  else if (mode === ADD) v128.store(target, v128.add<f32>(v128.load(target), sum));
  else v128.store(target, v128.sub<f32>(v128.load(target), sum));
}

// @ts-ignore: decorator
@inline
function pair(target: usize, targetBytes: usize, V: usize, vBytes: usize, P: usize, pBytes: usize, n: i32, mode: i32): void {
  let a0 = zeros(), a1 = zeros(), a2 = zeros(), a3 = zeros(), b0 = zeros(), b1 = zeros(), b2 = zeros(), b3 = zeros();
  for (; n > 0; n--) {
    const v0 = v128.load(V);
    const v1 = v128.load(V, 16);
    const p0 = v128.load32_splat(P);
    a0 = multiplyAdd(p0, v0, a0);
    b0 = multiplyAdd(p0, v1, b0);
    const p1 = v128.load32_splat(P, 4);
    a1 = multiplyAdd(p1, v0, a1);
    b1 = multiplyAdd(p1, v1, b1);
    const p2 = v128.load32_splat(P, 8);
    a2 = multiplyAdd(p2, v0, a2);
    b2 = multiplyAdd(p2, v1, b2);
    const p3 = v128.load32_splat(P, 12);
    a3 = multiplyAdd(p3, v0, a3);
    b3 = multiplyAdd(p3, v1, b3);
    V += vBytes;
    P += pBytes;
  }
  settle(target, a0, mode);
  settle(target + 16, b0, mode);
  target += targetBytes;
  settle(target, a1, mode);
  settle(target + 16, b1, mode);
  target += targetBytes;
  settle(target, a2, mode);
  settle(target + 16, b2, mode);
  target += targetBytes;
  settle(target, a3, mode);
  settle(target + 16, b3, mode);
}

// @ts-ignore: decorator
@inline
function single(target: usize, targetBytes: usize, V: usize, vBytes: usize, P: usize, pBytes: usize, n: i32, mode: i32): void {
  let a0 = zeros(), a1 = zeros(), a2 = zeros(), a3 = zeros();
  for (; n > 0; n--) {
    const v0 = v128.load(V);
    a0 = multiplyAdd(v128.load32_splat(P), v0, a0);
    a1 = multiplyAdd(v128.load32_splat(P, 4), v0, a1);
    a2 = multiplyAdd(v128.load32_splat(P, 8), v0, a2);
    a3 = multiplyAdd(v128.load32_splat(P, 12), v0, a3);
    V += vBytes;
    P += pBytes;
  }
  settle(target, a0, mode);
  target += targetBytes;
  settle(target, a1, mode);
  target += targetBytes;
  settle(target, a2, mode);
  target += targetBytes;
  settle(target, a3, mode);
}

/** Four columns by `blocks` blocks of lanes, of n products each. */
// @ts-ignore: decorator
@inline
export function tiles(
  target: usize, targetBytes: usize, V: usize, vBytes: usize, P: usize, pBytes: usize, n: i32, blocks: i32, mode: i32,
): void {
  for (; blocks > 1; blocks -= 2) {
    pair(target, targetBytes, V, vBytes, P, pBytes, n, mode);
    target += 32;
    V += 32;
  }
  if (blocks > 0) single(target, targetBytes, V, vBytes, P, pBytes, n, mode);
}

/** Lower triangle of Σ_k P[k] V[k]ᵀ by columns, of the first `columns` blocks of columns and all blocks of lanes. */
// @ts-ignore: decorator
@inline
export function triangleOf(
  target: usize, targetBytes: usize, V: usize, vBytes: usize, P: usize, pBytes: usize, n: i32, columns: i32, blocks: i32, mode: i32,
): void {
  for (let j = 0; j < columns; j++) {
    const lane = <usize>j << 4;
    tiles(target + lane * (targetBytes >> 2) + lane, targetBytes, V + lane, vBytes, P + lane, pBytes, n, blocks - j, mode);
  }
}

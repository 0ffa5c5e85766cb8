// Cholesky factorization of one row's system, stored by columns with the right-hand side as the last row, so that
// factoring it does the forward substitution too. By blocks of four columns: the products of all earlier columns are
// taken away from a block (`tiles`), its 4 × 4 corner is factored in scalars, and one pass over the rest of the block
// divides by it. Twin: src/engine/reference/cholesky.ts.

import { multiplyAdd, sumOf, zeros } from "./lanes";
import { columnBlocks, columnBytes, D } from "./shape";
import { ADD, SET, SUBTRACT, tiles } from "./tiles";

/**
 * A pivot below this share of its diagonal entry counts as not positive:
 * float32 rounding alone leaves that much of a singular system.
 */
const SMALLEST_PIVOT_SHARE: f32 = 2.4e-7;

// @ts-ignore: decorator
@inline
export function entryAt(matrix: usize, row: i32, column: i32): usize {
  return matrix + <usize>column * columnBytes + (<usize>row << 2);
}

let singular: bool = false;

/** 1 / √pivot. */
// @ts-ignore: decorator
@inline
function inverseRoot(pivot: f32, original: usize): f32 {
  if (!(pivot > load<f32>(original) * SMALLEST_PIVOT_SHARE) || !isFinite(pivot)) {
    singular = true;
    return 1;
  }
  return <f32>1 / sqrt<f32>(pivot);
}

/**
 * L over the lower triangle, and L⁻¹ rhs.
 *
 * @param diagonal of the matrix as it was, [D].
 * @returns whether all pivots are positive.
 */
export function factorize(matrix: usize, diagonal: usize): bool {
  singular = false;
  const step = columnBytes;
  for (let j = 0; j < D; j += 4) {
    const first = entryAt(matrix, j, j);
    const blocks = columnBlocks - (j >> 2);
    if (j > 0) tiles(first, step, matrix + (<usize>j << 2), step, matrix + (<usize>j << 2), step, j, blocks, SUBTRACT);
    const at = diagonal + (<usize>j << 2);
    const c1 = first + step, c2 = c1 + step, c3 = c2 + step;
    const two = j + 1 < D, three = j + 2 < D, four = j + 3 < D;
    const i0 = inverseRoot(load<f32>(first), at);
    const l10 = load<f32>(first, 4) * i0, l20 = load<f32>(first, 8) * i0, l30 = load<f32>(first, 12) * i0;
    const i1: f32 = two ? inverseRoot(load<f32>(c1, 4) - l10 * l10, at + 4) : 0;
    const l21 = (load<f32>(c1, 8) - l20 * l10) * i1, l31 = (load<f32>(c1, 12) - l30 * l10) * i1;
    const i2: f32 = three ? inverseRoot(load<f32>(c2, 8) - l20 * l20 - l21 * l21, at + 8) : 0;
    const l32 = (load<f32>(c2, 12) - l30 * l20 - l31 * l21) * i2;
    const i3: f32 = four ? inverseRoot(load<f32>(c3, 12) - l30 * l30 - l31 * l31 - l32 * l32, at + 12) : 0;
    if (singular) return false;
    const r0 = v128.splat<f32>(i0), r1 = v128.splat<f32>(i1), r2 = v128.splat<f32>(i2), r3 = v128.splat<f32>(i3);
    const m10 = v128.splat<f32>(-l10), m20 = v128.splat<f32>(-l20), m30 = v128.splat<f32>(-l30);
    const m21 = v128.splat<f32>(-l21), m31 = v128.splat<f32>(-l31), m32 = v128.splat<f32>(-l32);
    let to = first;
    for (let block = blocks; block > 0; block--) {
      const x0 = v128.mul<f32>(v128.load(to), r0);
      const x1 = v128.mul<f32>(multiplyAdd(m10, x0, v128.load(to + step)), r1);
      const x2 = v128.mul<f32>(multiplyAdd(m21, x1, multiplyAdd(m20, x0, v128.load(to + 2 * step))), r2);
      const x3 = v128.mul<f32>(multiplyAdd(m32, x2, multiplyAdd(m31, x1, multiplyAdd(m30, x0, v128.load(to + 3 * step)))), r3);
      v128.store(to, x0);
      v128.store(to + step, x1);
      v128.store(to + 2 * step, x2);
      v128.store(to + 3 * step, x3);
      to += 16;
    }
  }
  return true;
}

/** x of Lᵀ x = z, z in the last row. @param solution [padded to whole blocks]; what is beyond D becomes 0. */
export function backSubstitute(matrix: usize, solution: usize): void {
  for (let block = 0; block < columnBlocks; block++) v128.store(solution + (<usize>block << 4), zeros());
  for (let k = D - 1; k >= 0; k--) {
    const column = matrix + <usize>k * columnBytes;
    const pivot = load<f32>(column + (<usize>k << 2));
    // What is not solved yet is 0 in the solution; what is beyond D too.
    let sum = zeros();
    for (let block = k >> 2; block < columnBlocks; block++) {
      const at = <usize>block << 4;
      sum = multiplyAdd(v128.load(column + at), v128.load(solution + at), sum);
    }
    store<f32>(solution + (<usize>k << 2), (load<f32>(column + (<usize>(D) << 2)) - sumOf(sum)) / pivot);
  }
}

/**
 * A⁻¹ = L⁻ᵀ L⁻¹, its lower triangle by rows in place of L.
 *
 * @param lower scratch for L⁻¹ by rows, as large as the matrix.
 */
export function invert(matrix: usize, lower: usize): void {
  const step = columnBytes;
  for (let i = 0; i < D; i += 4) {
    const rows = min(4, D - i);
    const own = lower + <usize>i * step;
    for (let row: usize = 0; row < 4; row++) {
      for (let block = 0; block < columnBlocks; block++) v128.store(own + row * step + (<usize>block << 4), zeros());
      if (<i32>row < rows) store<f32>(own + row * step + ((<usize>i + row) << 2), 1);
    }
    // Pairs of blocks from the left, each summed from its own first row on, above which L⁻¹ is 0.
    for (let j = 0; j < i; j += 8) {
      const at = <usize>j << 2;
      tiles(own + at, step, lower + <usize>j * step + at, step, entryAt(matrix, i, j), step, i - j, min(2, (i - j) >> 2), SUBTRACT);
    }
    for (let block = 0; block <= i >> 2; block++) {
      const at = own + (<usize>block << 4);
      for (let row = 0; row < rows; row++) {
        let x = v128.load(at + <usize>row * step);
        for (let before = 0; before < row; before++) {
          const l = v128.splat<f32>(-load<f32>(entryAt(matrix, i + row, i + before)));
          x = multiplyAdd(l, v128.load(at + <usize>before * step), x);
        }
        const pivot = v128.splat<f32>(load<f32>(entryAt(matrix, i + row, i + row)));
        v128.store(at + <usize>row * step, v128.div<f32>(x, pivot));
      }
    }
  }
  for (let i = 0; i < D; i += 4) {
    const own = lower + <usize>i * step;
    tiles(matrix + <usize>i * step, step, own, step, own + (<usize>i << 2), step, D - i, (i >> 2) + 1, SET);
  }
}

/** Σ 2 log L_kk. */
export function logDeterminant(matrix: usize): f64 {
  let sum: f64 = 0;
  let product: f64 = 1;
  for (let k = 0; k < D; k++) {
    product *= <f64>load<f32>(entryAt(matrix, k, k));
    if ((k & 3) === 3 || k === D - 1) {
      sum += Math.log(product);
      product = 1;
    }
  }
  return 2 * sum;
}

/** A packed lower triangle from one by rows. */
export function packTriangle(matrix: usize, packed: usize): void {
  for (let i = 0; i < D; i++) {
    const row = matrix + <usize>i * columnBytes;
    memory.copy(packed, row, <usize>(i + 1) << 2);
    packed += <usize>(i + 1) << 2;
  }
}

/** A matrix by columns, of a packed lower triangle times `scale`, set or added. */
export function unpackTriangle(packed: usize, matrix: usize, rows: i32, mode: i32): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j <= i; j++) {
      const at = entryAt(matrix, i, j);
      const value = load<f32>(packed + (<usize>j << 2));
      store<f32>(at, mode === ADD ? load<f32>(at) + value : value);
    }
    packed += <usize>(i + 1) << 2;
  }
}

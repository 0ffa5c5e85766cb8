// Parameters between the host's layout, factors [count, K] and biases [count],
// and the device's rows of vec4s (shaders/shared/rows.wgsl).

import type { CovarianceFamily, Spread } from "../../engine.js";
import { logDeterminant, triangle } from "../../reference/cholesky.js";
import { blocksOf, fullCovarianceLayout, spreadBlocks } from "../rows/tile-plan.js";

/** Floats of a row on the device. */
export const strideOf = (K: number, spread: Spread = "none"): number => 4 * (blocksOf(K) + spreadBlocks(K, spread));

/**
 * Rows on the device.
 *
 * @param kind   what a row carries; velocities and squares start at 0.
 * @param spread the posterior covariances that go along, as `Posterior` holds them.
 */
export function packRows(
  factors: Float32Array,
  biases: Float32Array,
  K: number,
  kind: Spread = "none",
  spread?: { readonly family: CovarianceFamily; readonly values: Float32Array },
): Float32Array {
  const stride = strideOf(K, kind);
  const rows = new Float32Array(biases.length * stride);
  for (let row = 0; row < biases.length; row++) {
    const at = row * stride;
    rows.set(factors.subarray(row * K, row * K + K), at);
    rows[at + K] = biases[row];
    if (spread) {
      packSpread(rows.subarray(at, at + stride), spread.values, row, K, spread.family);
      rows[at + 4 * blocksOf(K) - 1] = logDeterminantOf(spread.values, row, K, spread.family);
    }
  }
  return rows;
}

/** @param shards rows on the device, one array per shard. */
export function unpackRows(
  shards: readonly Float32Array[],
  count: number,
  K: number,
  spread: Spread = "none",
): { factors: Float32Array; biases: Float32Array; spread: Float32Array } {
  const stride = strideOf(K, spread);
  const factors = new Float32Array(count * K);
  const biases = new Float32Array(count);
  const values = new Float32Array(count * { none: 0, velocity: 0, squares: 0, diagonal: K + 1, full: triangle(K + 1) }[spread]);
  let row = 0;
  for (const rows of shards) {
    for (let at = 0; at + stride <= rows.length && row < count; at += stride, row++) {
      // A call for a few numbers takes longer than they do.
      for (let k = 0; k < K; k++) factors[row * K + k] = rows[at + k];
      biases[row] = rows[at + K];
      if (spread === "diagonal" || spread === "full") unpackSpread(rows.subarray(at, at + stride), values, row, K, spread);
    }
  }
  return { factors, biases, spread: values };
}

/**
 * Where entry (i, j), j ≤ i, of the covariance of (factors, bias) stands in a row, and its sign there:
 * the bias is stored as −b, last.
 */
function placeOf(i: number, j: number, K: number, family: CovarianceFamily): { at: number; sign: number } {
  const blocks = blocksOf(K);
  const last = 4 * blocks - 1;
  const [row, column] = [i === K ? last : i, j === K ? last : j];
  const at = family === "diagonal" ? row : placeInTiles(row, column, K);
  return { at: 4 * blocks + at, sign: i === K && j < K ? -1 : 1 };
}

/** An entry's place among the folded tiles of a full covariance. Twin: shaders/shared/full-covariances.wgsl. */
function placeInTiles(row: number, column: number, K: number): number {
  const { factorBlocks, below, apart, biasRow } = fullCovarianceLayout(K);
  const [I, r] = [Math.floor(row / 4), row % 4];
  const [J, c] = [Math.floor(column / 4), column % 4];
  if (I === factorBlocks) return 4 * (biasRow + J) + c;
  if (I === J) {
    const [vector, component] = c < 3 ? [c, r - c] : [1, 3];
    return 4 * (vector * apart + below + J) + component;
  }
  const fromLast = factorBlocks - 1 - J;
  return 4 * (c * apart + (fromLast * (fromLast - 1)) / 2 + I - J - 1) + r;
}

function packSpread(to: Float32Array, values: Float32Array, row: number, K: number, family: CovarianceFamily): void {
  const D = K + 1;
  for (let i = 0; i < D; i++) {
    for (let j = family === "full" ? 0 : i; j <= i; j++) {
      const { at, sign } = placeOf(i, j, K, family);
      const value = family === "full" ? values[row * triangle(D) + triangle(i) + j] : values[row * D + i];
      to[at] = sign * value;
    }
  }
}

function unpackSpread(from: Float32Array, values: Float32Array, row: number, K: number, family: CovarianceFamily): void {
  const D = K + 1;
  for (let i = 0; i < D; i++) {
    for (let j = family === "full" ? 0 : i; j <= i; j++) {
      const { at, sign } = placeOf(i, j, K, family);
      values[family === "full" ? row * triangle(D) + triangle(i) + j : row * D + i] = sign * from[at];
    }
  }
}

/** log|Γ|, which the last component of a row's own blocks holds. */
function logDeterminantOf(values: Float32Array, row: number, K: number, family: CovarianceFamily): number {
  const D = K + 1;
  if (family === "full") return logDeterminant(values.subarray(row * triangle(D), (row + 1) * triangle(D)), D);
  return values.subarray(row * D, (row + 1) * D).reduce((sum, variance) => sum + Math.log(variance), 0);
}

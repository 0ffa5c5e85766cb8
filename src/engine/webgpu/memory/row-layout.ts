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
  const last = 4 * blocksOf(K) - 1;
  const rows = new Float32Array(biases.length * stride);
  const covariances = spread && covariancesOf(spread, K);
  for (let row = 0; row < biases.length; row++) {
    const at = row * stride;
    for (let k = 0; k < K; k++) rows[at + k] = factors[row * K + k];
    rows[at + K] = biases[row];
    if (!covariances) continue;
    // A training begins with one covariance for all rows: it is factored once.
    if (row > 0 && covariances.isAsBefore(row)) rows.copyWithin(at + last, at - stride + last, at);
    else {
      covariances.pack(row, rows, at);
      rows[at + last] = covariances.logDeterminant(row);
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
  const family = spread === "diagonal" || spread === "full" ? spread : undefined;
  const values = new Float32Array(family ? count * numbersOf(family, K) : 0);
  const covariances = family && covariancesOf({ family, values }, K);
  let row = 0;
  for (const rows of shards) {
    for (let at = 0; at + stride <= rows.length && row < count; at += stride, row++) {
      // A call for a few numbers takes longer than they do.
      for (let k = 0; k < K; k++) factors[row * K + k] = rows[at + k];
      biases[row] = rows[at + K];
      covariances?.unpack(row, rows, at);
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

/** Numbers of a row's covariance as `Posterior` holds it. */
const numbersOf = (family: CovarianceFamily, K: number): number => (family === "full" ? triangle(K + 1) : K + 1);

/** The covariances of rows, as `Posterior` holds them. */
function covariancesOf({ family, values }: { readonly family: CovarianceFamily; readonly values: Float32Array }, K: number) {
  const D = K + 1;
  const count = numbersOf(family, K);
  // Looked up once, for there may be a hundred million of them.
  const places = Array.from({ length: D }, (_, i) =>
    Array.from({ length: family === "full" ? i + 1 : 1 }, (_, j) => placeOf(i, family === "full" ? j : i, K, family)),
  ).flat();
  const to = Uint32Array.from(places, ({ at }) => at);
  const signs = Int8Array.from(places, ({ sign }) => sign);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return {
    /** Into a row that begins at `at`. */
    pack(row: number, rows: Float32Array, at: number): void {
      for (let n = 0, from = row * count; n < count; n++) rows[at + to[n]] = signs[n] * values[from + n];
    },
    unpack(row: number, rows: Float32Array, at: number): void {
      for (let n = 0, from = row * count; n < count; n++) values[from + n] = signs[n] * rows[at + to[n]];
    },
    /** Whether a row's covariance is that of the row before, to the bit. */
    isAsBefore(row: number): boolean {
      for (let at = row * count; at < (row + 1) * count; at++) if (bits[at] !== bits[at - count]) return false;
      return true;
    },
    /** log|Γ|, which the last component of a row's own blocks holds. */
    logDeterminant(row: number): number {
      const own = values.subarray(row * count, (row + 1) * count);
      return family === "full" ? logDeterminant(own, D) : own.reduce((sum, variance) => sum + Math.log(variance), 0);
    },
  };
}

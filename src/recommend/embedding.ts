// Principal axes of factors: the few directions in which rows differ most, for maps of items or users. Spec §7.

import { OptionsError } from "../errors.js";

export interface PrincipalAxes {
  /** Unit vectors in factor space, [axes, K] row-major, by falling variance. The largest component of each is positive. */
  readonly axes: Float64Array;
  /** Every row, less the mean of all rows, along the axes: [count, axes] row-major. */
  readonly coordinates: Float32Array;
  /** Share of the rows' variance that lies along each axis, [axes], in [0, 1]; 0 when all rows are alike. */
  readonly shares: Float64Array;
}

/**
 * The first principal axes of `count` rows of K factors: eigenvectors of their covariance, by Jacobi rotations in float64. The same rows
 * give the same axes, signs included. Takes count K² + some 10 K³ steps.
 *
 * @param rows [count, K] row-major.
 * @param axes how many, from 1 to K.
 * @throws OptionsError when there are fewer factors than axes, or `rows` has another length.
 */
export function principalAxes(rows: Float32Array, count: number, K: number, axes: number): PrincipalAxes {
  if (!Number.isInteger(axes) || axes < 1 || axes > K) {
    throw new OptionsError(`axes is ${axes}: it must be a whole number from 1 to the ${K} factors`);
  }
  if (rows.length !== count * K) throw new OptionsError(`${rows.length} numbers are not ${count} rows of ${K} factors`);
  const mean = meanOf(rows, count, K);
  const covariance = covarianceOf(rows, count, K, mean);
  const vectors = diagonalize(covariance, K);
  const variances = Float64Array.from({ length: K }, (_, k) => Math.max(0, covariance[k * K + k]));
  const order = [...variances.keys()].sort((a, b) => variances[b] - variances[a] || a - b).slice(0, axes);
  const chosen = new Float64Array(axes * K);
  order.forEach((column, axis) => {
    const vector = Float64Array.from({ length: K }, (_, k) => vectors[k * K + column]);
    const largest = vector.reduce((best, value, k) => (Math.abs(value) > Math.abs(vector[best]) ? k : best), 0);
    chosen.set(vector[largest] < 0 ? vector.map((value) => -value) : vector, axis * K);
  });
  const total = variances.reduce((sum, variance) => sum + variance, 0);
  const shares = Float64Array.from(order, (column) => (total > 0 ? variances[column] / total : 0));
  return { axes: chosen, coordinates: project(rows, count, K, mean, chosen), shares };
}

function meanOf(rows: Float32Array, count: number, K: number): Float64Array {
  const mean = new Float64Array(K);
  for (let row = 0; row < count; row++) for (let k = 0; k < K; k++) mean[k] += rows[row * K + k] / count;
  return mean;
}

/** Σ (x − x̄)(x − x̄)ᵀ / count, [K, K], both triangles. */
function covarianceOf(rows: Float32Array, count: number, K: number, mean: Float64Array): Float64Array {
  const covariance = new Float64Array(K * K);
  const centred = new Float64Array(K);
  for (let row = 0; row < count; row++) {
    for (let k = 0; k < K; k++) centred[k] = rows[row * K + k] - mean[k];
    for (let i = 0; i < K; i++) for (let j = 0; j <= i; j++) covariance[i * K + j] += (centred[i] * centred[j]) / count;
  }
  for (let i = 0; i < K; i++) for (let j = 0; j < i; j++) covariance[j * K + i] = covariance[i * K + j];
  return covariance;
}

/** Rounds of rotations after which nothing is left off the diagonal of any float64 matrix; a handful do. */
const MOST_ROUNDS = 60;

/**
 * Turns a symmetric matrix into a diagonal one, in place, by cyclic Jacobi rotations. Golub and Van Loan, Matrix Computations, §8.5.
 *
 * @returns the eigenvectors as columns, [K, K], in the order of the diagonal.
 */
function diagonalize(matrix: Float64Array, K: number): Float64Array {
  const vectors = new Float64Array(K * K);
  for (let k = 0; k < K; k++) vectors[k * K + k] = 1;
  const whole = Math.sqrt(matrix.reduce((sum, value) => sum + value ** 2, 0));
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let off = 0;
    for (let i = 0; i < K; i++) for (let j = 0; j < i; j++) off += matrix[i * K + j] ** 2;
    if (Math.sqrt(off) <= Number.EPSILON * whole) break;
    for (let p = 0; p < K; p++) for (let q = p + 1; q < K; q++) rotate(matrix, vectors, K, p, q);
  }
  return vectors;
}

/** Makes entry (p, q) zero. */
function rotate(matrix: Float64Array, vectors: Float64Array, K: number, p: number, q: number): void {
  const between = matrix[p * K + q];
  if (between === 0) return;
  const tau = (matrix[q * K + q] - matrix[p * K + p]) / (2 * between);
  const tangent = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.hypot(1, tau));
  const cosine = 1 / Math.hypot(1, tangent);
  const sine = tangent * cosine;
  const turn = (values: Float64Array, a: number, b: number): void => {
    const [x, y] = [values[a], values[b]];
    values[a] = cosine * x - sine * y;
    values[b] = sine * x + cosine * y;
  };
  for (let k = 0; k < K; k++) turn(matrix, k * K + p, k * K + q);
  for (let k = 0; k < K; k++) turn(matrix, p * K + k, q * K + k);
  for (let k = 0; k < K; k++) turn(vectors, k * K + p, k * K + q);
}

function project(rows: Float32Array, count: number, K: number, mean: Float64Array, axes: Float64Array): Float32Array {
  const width = axes.length / K;
  const coordinates = new Float32Array(count * width);
  for (let row = 0; row < count; row++) {
    for (let axis = 0; axis < width; axis++) {
      let along = 0;
      for (let k = 0; k < K; k++) along += axes[axis * K + k] * (rows[row * K + k] - mean[k]);
      coordinates[row * width + axis] = along;
    }
  }
  return coordinates;
}

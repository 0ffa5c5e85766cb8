// Principal axes of factors: the few directions in which rows differ most, for maps of items or users.

import { OptionsError } from "../errors.js";
import { howMany } from "../shown.js";
import { NUMBERS, checkArguments, wholeFrom } from "../options.js";
import { type Random, seededRandom } from "../random.js";

/** The directions in which rows differ most, and where each row lies along them. */
export interface PrincipalAxes {
  /** Unit vectors in factor space, [axes, K] row-major, by falling variance. The largest component is positive. */
  readonly axes: Float64Array;
  /** Every row, less the mean of all rows, along the axes: [count, axes] row-major. */
  readonly coordinates: Float32Array;
  /** Share of the rows' variance that lies along each axis, [axes], in [0, 1]; 0 when all rows are alike. */
  readonly shares: Float64Array;
}

/**
 * The first principal axes of `count` rows of K factors: eigenvectors of their covariance, in float64, by subspace
 * iteration with a few more vectors than are wanted. The same rows give the same axes, signs included. Takes count K²
 * steps for the covariance, and some hundred K² (axes + 8) at most for the axes.
 *
 * @param rows [count, K] row-major.
 * @param axes how many, from 1 to K.
 * @throws OptionsError when there are fewer factors than axes, or `rows` has another length.
 */
export function principalAxes(rows: Float32Array, count: number, K: number, axes: number): PrincipalAxes {
  checkArguments("principalAxes", {
    rows: [rows, NUMBERS],
    count: [count, wholeFrom(0)],
    K: [K, wholeFrom(0)],
    axes: [axes, wholeFrom(1)],
  });
  if (axes > K) throw new OptionsError(`axes is ${axes}: it must be a whole number from 1 to the ${howMany(K, "factor")}`);
  if (rows.length !== count * K)
    throw new OptionsError(`${howMany(rows.length, "number")} are not ${howMany(count, "row")} of ${howMany(K, "factor")}`);
  const mean = meanOf(rows, count, K);
  const covariance = covarianceOf(rows, count, K, mean);
  const { vectors, values } = leadingEigenvectors(covariance, K, axes);
  const chosen = new Float64Array(axes * K);
  for (let axis = 0; axis < axes; axis++) {
    const largest = vectors[axis].reduce((best, value, k) => (Math.abs(value) > Math.abs(vectors[axis][best]) ? k : best), 0);
    const sign = vectors[axis][largest] < 0 ? -1 : 1;
    for (let k = 0; k < K; k++) chosen[axis * K + k] = sign * vectors[axis][k];
  }
  let total = 0;
  for (let k = 0; k < K; k++) total += covariance[k * K + k];
  const shares = Float64Array.from({ length: axes }, (_, axis) => (total > 0 ? Math.max(0, values[axis]) / total : 0));
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

/** Vectors iterated beside the wanted ones: the larger their number, the fewer iterations. */
const SPARE = 8;
const MOST_ITERATIONS = 300;
/** Of |C x − θ x| to the largest θ: below what float32 coordinates can show. */
const RESIDUAL = 1e-9;

/**
 * Eigenvectors of the largest eigenvalues of a symmetric matrix C [K, K] without negative ones, by falling eigenvalue:
 * subspace iteration with Rayleigh and Ritz's projection. Golub and Van Loan, Matrix Computations, §8.2. The first
 * `wanted` have converged, or are the best that were found: eigenvalues so alike leave them no direction of their own.
 */
function leadingEigenvectors(matrix: Float64Array, K: number, wanted: number): { vectors: Float64Array[]; values: number[] } {
  const width = Math.min(K, wanted + SPARE);
  const random = seededRandom(1);
  let basis = orthonormal(
    Array.from({ length: width }, () => normals(K, random)),
    random,
  );
  for (let iteration = 1; ; iteration++) {
    const images = basis.map((vector) => times(matrix, vector));
    const small = new Float64Array(width * width);
    for (let i = 0; i < width; i++) for (let j = 0; j <= i; j++) small[i * width + j] = small[j * width + i] = dot(basis[i], images[j]);
    const turns = diagonalize(small, width);
    const order = Array.from({ length: width }, (_, at) => at).sort((a, b) => small[b * width + b] - small[a * width + a] || a - b);
    const turned = (vectors: Float64Array[]): Float64Array[] => order.map((column) => combined(vectors, turns, column));
    const values = order.map((column) => small[column * width + column]);
    const [vectors, turnedImages] = [turned(basis), turned(images)];
    const residual = (at: number): number => Math.hypot(...turnedImages[at].map((value, k) => value - values[at] * vectors[at][k]));
    const converged = vectors.slice(0, wanted).every((_, at) => residual(at) <= RESIDUAL * values[0]);
    if (converged || iteration === MOST_ITERATIONS) return { vectors, values };
    basis = orthonormal(turnedImages, random);
  }
}

const normals = (count: number, random: Random): Float64Array => Float64Array.from({ length: count }, () => random.normal());

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

function times(matrix: Float64Array, vector: Float64Array): Float64Array {
  const K = vector.length;
  return vector.map((_, row) => dot(matrix.subarray(row * K, (row + 1) * K), vector));
}

/** Σ_i vectors[i] turns[i, column]. */
function combined(vectors: readonly Float64Array[], turns: Float64Array, column: number): Float64Array {
  const sum = new Float64Array(vectors[0].length);
  vectors.forEach((vector, i) => vector.forEach((value, k) => (sum[k] += value * turns[i * vectors.length + column])));
  return sum;
}

/** Gram and Schmidt, twice; a vector that the ones before it span is replaced by a random one. */
function orthonormal(vectors: Float64Array[], random: Random): Float64Array[] {
  const done: Float64Array[] = [];
  for (let vector of vectors) {
    for (;;) {
      const before = Math.sqrt(dot(vector, vector));
      for (let pass = 0; pass < 2; pass++) {
        for (const other of done) {
          const along = dot(other, vector);
          vector = vector.map((value, k) => value - along * other[k]);
        }
      }
      const length = Math.sqrt(dot(vector, vector));
      if (length > 1e-10 * before) {
        done.push(vector.map((value) => value / length));
        break;
      }
      vector = normals(vector.length, random);
    }
  }
  return done;
}

/** Rounds of rotations after which nothing is left off the diagonal of any float64 matrix; a handful do. */
const MOST_ROUNDS = 60;

/**
 * Turns a symmetric matrix into a diagonal one, in place, by cyclic Jacobi rotations.
 * Golub and Van Loan, Matrix Computations, §8.5.
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

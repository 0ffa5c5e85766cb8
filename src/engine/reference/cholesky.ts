// Cholesky factorization and solve of one dense symmetric system, float64. Twin of shaders/shared/cholesky.wgsl.

/** Number of entries of a packed lower triangle of order D: entry (i, j), i ≥ j, stands at i (i + 1) / 2 + j. */
export const triangle = (D: number): number => (D * (D + 1)) / 2;

/**
 * A pivot below this share of its diagonal entry counts as not positive:
 * rounding alone leaves that much of a singular system.
 */
const SMALLEST_PIVOT_SHARE = 2 ** -44;

/**
 * Solves A x = b for a symmetric positive definite A by A = L Lᵀ.
 *
 * @param matrix A, [D, D] row-major; only the lower triangle is read, and L overwrites it.
 * @param rhs    b, [D]; overwritten with x.
 * @returns −1, or the first column whose pivot is not positive (the arguments are then spoilt).
 */
export function solveCholesky(matrix: Float64Array, rhs: Float64Array, D: number): number {
  const failed = factorize(matrix, D);
  if (failed >= 0) return failed;
  solveLower(matrix, rhs, D);
  solveUpper(matrix, rhs, D);
  return -1;
}

/** A = L Lᵀ in place; returns −1, or the first column whose pivot is not positive. */
export function factorize(matrix: Float64Array, D: number): number {
  for (let k = 0; k < D; k++) {
    const diagonal = matrix[k * D + k];
    let pivot = diagonal;
    for (let j = 0; j < k; j++) pivot -= matrix[k * D + j] ** 2;
    if (!(pivot > diagonal * SMALLEST_PIVOT_SHARE)) return k;
    const root = Math.sqrt(pivot);
    matrix[k * D + k] = root;
    for (let i = k + 1; i < D; i++) {
      let sum = matrix[i * D + k];
      for (let j = 0; j < k; j++) sum -= matrix[i * D + j] * matrix[k * D + j];
      matrix[i * D + k] = sum / root;
    }
  }
  return -1;
}

/** L⁻¹ b in place. */
export function solveLower(factor: Float64Array, rhs: Float64Array, D: number): void {
  for (let k = 0; k < D; k++) {
    for (let j = 0; j < k; j++) rhs[k] -= factor[k * D + j] * rhs[j];
    rhs[k] /= factor[k * D + k];
  }
}

/** L⁻ᵀ b in place. */
export function solveUpper(factor: Float64Array, rhs: Float64Array, D: number): void {
  for (let k = D - 1; k >= 0; k--) {
    for (let i = k + 1; i < D; i++) rhs[k] -= factor[i * D + k] * rhs[i];
    rhs[k] /= factor[k * D + k];
  }
}

/**
 * A⁻¹ = L⁻ᵀ L⁻¹ from the factor that `solveCholesky` leaves.
 *
 * @param factor  L, [D, D] row-major, lower triangle.
 * @param inverse receives the packed lower triangle of A⁻¹, [D (D + 1) / 2], entry (i, j) at i (i + 1) / 2 + j.
 */
export function choleskyInverse(factor: Float64Array, D: number, inverse: Float64Array): void {
  // Row by row: a column's numbers are far apart.
  const lower = new Float64Array(D * D);
  for (let i = 0; i < D; i++) {
    const to = i * D;
    lower[to + i] = 1;
    for (let k = 0; k < i; k++) {
      const [share, from] = [factor[to + k], k * D];
      for (let j = 0; j <= k; j++) lower[to + j] -= share * lower[from + j];
    }
    const diagonal = factor[to + i];
    for (let j = 0; j <= i; j++) lower[to + j] /= diagonal;
  }
  inverse.fill(0, 0, triangle(D));
  for (let k = 0; k < D; k++) {
    const from = k * D;
    for (let i = 0; i <= k; i++) {
      const [share, to] = [lower[from + i], triangle(i)];
      for (let j = 0; j <= i; j++) inverse[to + j] += share * lower[from + j];
    }
  }
}

/** A packed lower triangle in a matrix, [D, D] row-major, with zeros above the diagonal. */
export function unpackedTriangle(packed: ArrayLike<number>, D: number): Float64Array {
  const matrix = new Float64Array(D * D);
  for (let i = 0, at = 0; i < D; i++) for (let j = 0; j <= i; j++, at++) matrix[i * D + j] = packed[at];
  return matrix;
}

/** The lower triangle of a matrix [D, D], packed. */
export const packedTriangle = (matrix: Float64Array, D: number): number[] =>
  Array.from({ length: D }, (_, i) => Array.from(matrix.subarray(i * D, i * D + i + 1))).flat();

/** log|A| of a packed lower triangle. */
export function logDeterminant(packed: ArrayLike<number>, D: number): number {
  const matrix = unpackedTriangle(packed, D);
  factorize(matrix, D);
  let sum = 0;
  for (let k = 0; k < D; k++) sum += 2 * Math.log(matrix[k * D + k]);
  return sum;
}

/** L of A = L Lᵀ, [D, D] row-major with zeros above the diagonal; A, whose lower triangle is read, is left as it is. */
export function choleskyFactor(matrix: Float64Array, D: number): Float64Array {
  const factor = matrix.slice();
  factorize(factor, D);
  for (let i = 0; i < D; i++) factor.fill(0, i * D + i + 1, (i + 1) * D);
  return factor;
}

/** A⁻¹ of a symmetric positive definite A, [D, D] row-major, both triangles. */
export function symmetricInverse(matrix: Float64Array, D: number): Float64Array {
  const packed = new Float64Array((D * (D + 1)) / 2);
  choleskyInverse(choleskyFactor(matrix, D), D, packed);
  const inverse = new Float64Array(D * D);
  for (let i = 0, at = 0; i < D; i++) for (let j = 0; j <= i; j++, at++) inverse[i * D + j] = inverse[j * D + i] = packed[at];
  return inverse;
}

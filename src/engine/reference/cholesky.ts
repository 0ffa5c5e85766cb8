// Cholesky factorization and solve of one dense symmetric system, float64. Twin of shaders/shared/cholesky.wgsl.

/** A pivot below this share of its diagonal entry counts as not positive: rounding alone leaves that much of a singular system. */
const SMALLEST_PIVOT_SHARE = 2 ** -44;

/**
 * Solves A x = b for a symmetric positive definite A by A = L Lᵀ.
 *
 * @param matrix A, [D, D] row-major; only the lower triangle is read, and L overwrites it.
 * @param rhs    b, [D]; overwritten with x.
 * @returns −1, or the first column whose pivot is not positive (the arguments are then spoilt).
 */
export function solveCholesky(matrix: Float64Array, rhs: Float64Array, D: number): number {
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
  for (let k = 0; k < D; k++) {
    for (let j = 0; j < k; j++) rhs[k] -= matrix[k * D + j] * rhs[j];
    rhs[k] /= matrix[k * D + k];
  }
  for (let k = D - 1; k >= 0; k--) {
    for (let i = k + 1; i < D; i++) rhs[k] -= matrix[i * D + k] * rhs[i];
    rhs[k] /= matrix[k * D + k];
  }
  return -1;
}

// The dense half of feature factors: (SᵀS + ρ I) F = Sᵀ X in float64, by A = L Lᵀ, all columns of F at once. Twin:
// src/engine/reference/feature-factors.ts.

// @ts-ignore: decorator
@inline
function at(matrix: usize, row: i32, column: i32, width: i32): usize {
  return matrix + ((<usize>row * <usize>width + <usize>column) << 3);
}

/** L over the lower triangle of A, [F, F] by rows. @returns whether all pivots are positive. */
export function factorFeatures(matrix: usize, F: i32): bool {
  for (let i = 0; i < F; i++) {
    for (let j = 0; j <= i; j++) {
      let a = at(matrix, i, 0, F), b = at(matrix, j, 0, F);
      let sums = v128.splat<f64>(0);
      let k = 0;
      for (; k + 2 <= j; k += 2) {
        sums = v128.add<f64>(sums, v128.mul<f64>(v128.load(a), v128.load(b)));
        a += 16;
        b += 16;
      }
      let sum = v128.extract_lane<f64>(sums, 0) + v128.extract_lane<f64>(sums, 1);
      if (k < j) sum += load<f64>(a) * load<f64>(b);
      const entry = at(matrix, i, j, F);
      const rest = load<f64>(entry) - sum;
      if (i === j) {
        if (!(rest > load<f64>(entry) * 5.7e-14)) return false;
        store<f64>(entry, sqrt<f64>(rest));
      } else store<f64>(entry, rest / load<f64>(at(matrix, j, j, F)));
    }
  }
  return true;
}

/** Takes `factor` times a row from another. */
function takeAway(to: usize, from: usize, factor: f64, width: i32): void {
  const factors = v128.splat<f64>(factor);
  for (let k = 0; k < width; k += 2) {
    v128.store(to, v128.sub<f64>(v128.load(to), v128.mul<f64>(factors, v128.load(from))));
    to += 16;
    from += 16;
  }
}

function divide(row: usize, divisor: f64, width: i32): void {
  const divisors = v128.splat<f64>(divisor);
  for (let k = 0; k < width; k += 2) {
    v128.store(row, v128.div<f64>(v128.load(row), divisors));
    row += 16;
  }
}

/** F in place of Sᵀ X, [F, width] by rows, an even width. */
export function solveFeatures(factor: usize, F: i32, solved: usize, width: i32): void {
  for (let i = 0; i < F; i++) {
    const row = at(solved, i, 0, width);
    for (let j = 0; j < i; j++) takeAway(row, at(solved, j, 0, width), load<f64>(at(factor, i, j, F)), width);
    divide(row, load<f64>(at(factor, i, i, F)), width);
  }
  for (let i = F - 1; i >= 0; i--) {
    const row = at(solved, i, 0, width);
    for (let j = i + 1; j < F; j++) takeAway(row, at(solved, j, 0, width), load<f64>(at(factor, j, i, F)), width);
    divide(row, load<f64>(at(factor, i, i, F)), width);
  }
}

// Implicit feedback on the CPU, float64: the plain loops that gram-solve.wgsl (with confidences), row-gram and confident-errors.wgsl
// parallelise. Hu, Koren and Volinsky 2008; spec §2.

import { NotPositiveDefiniteError } from "../../errors.js";
import type { ImplicitHyperparameters, ImplicitSums } from "../../models/implicit.js";
import type { Parameters } from "../../models/parameters.js";
import type { Csr } from "../../ratings/csr.js";
import type { AlternatingSession, Problem, RowSlice, Side } from "../engine.js";
import { ReferenceSession } from "./session.js";
import { solveCholesky } from "./cholesky.js";

/** Σ x xᵀ over the rows of a side, [K, K] row-major, the lower triangle. */
export function rowGram(factors: Float64Array, K: number): Float64Array {
  const gram = new Float64Array(K * K);
  for (let row = 0; row < factors.length; row += K) {
    for (let i = 0; i < K; i++) for (let j = 0; j <= i; j++) gram[i * K + j] += factors[row + i] * factors[row + j];
  }
  return gram;
}

/**
 * Half-sweep: u = (VᵀV + Σ (c − 1) v vᵀ + τI)⁻¹ Σ c v over the row's feedback, c = 1 + α r. Rows without feedback become 0.
 *
 * @param shared VᵀV when it is known.
 * @throws NotPositiveDefiniteError naming the first row whose pivot is not positive (τ = 0 and too few rows).
 */
export function implicitSolve(
  h: ImplicitHyperparameters,
  side: Side,
  rows: Csr,
  solved: Float64Array,
  fixed: Float64Array,
  shared: Float64Array = rowGram(fixed, h.factors),
  slice: RowSlice = { from: 0, to: rows.count },
): void {
  const K = h.factors;
  const tau = side === "users" ? h.tauUsers : h.tauItems;
  const rhs = new Float64Array(K);
  for (let row = slice.from; row < slice.to; row++) {
    const gram = shared.slice();
    rhs.fill(0);
    for (let at = rows.start[row]; at < rows.start[row + 1]; at++) {
      const v = fixed.subarray(rows.index[at] * K, (rows.index[at] + 1) * K);
      const excess = h.confidence * rows.value[at];
      for (let i = 0; i < K; i++) {
        for (let j = 0; j <= i; j++) gram[i * K + j] += excess * v[i] * v[j];
        rhs[i] += (1 + excess) * v[i];
      }
    }
    for (let k = 0; k < K; k++) gram[k * K + k] += tau;
    if (solveCholesky(gram, rhs, K) >= 0) throw new NotPositiveDefiniteError(side, row);
    solved.set(rhs, row * K);
  }
}

/** Σ c (1 − u·v)² − (u·v)² over the feedback. */
export function confidentErrors(h: ImplicitHyperparameters, rows: Csr, users: Float64Array, items: Float64Array): number {
  const K = h.factors;
  let sum = 0;
  for (let row = 0; row < rows.count; row++) {
    for (let at = rows.start[row]; at < rows.start[row + 1]; at++) {
      let score = 0;
      for (let k = 0; k < K; k++) score += users[row * K + k] * items[rows.index[at] * K + k];
      sum += (1 + h.confidence * rows.value[at]) * (1 - score) ** 2 - score ** 2;
    }
  }
  return sum;
}

/** tr(A B) of two symmetric matrices given by their lower triangles, row-major [K, K]. */
export function traceOfProduct(a: ArrayLike<number>, b: ArrayLike<number>, K: number): number {
  let sum = 0;
  for (let i = 0; i < K; i++) for (let j = 0; j <= i; j++) sum += (i === j ? 1 : 2) * a[i * K + j] * b[i * K + j];
  return sum;
}

export class ReferenceImplicitSession extends ReferenceSession implements AlternatingSession<ImplicitSums> {
  readonly #problem: Problem<"implicit">;
  readonly #users: Float64Array;
  readonly #items: Float64Array;

  constructor(problem: Problem<"implicit">) {
    super();
    this.#problem = problem;
    this.#users = Float64Array.from(problem.initial.userFactors);
    this.#items = Float64Array.from(problem.initial.itemFactors);
    this.keep();
  }

  async sweep(): Promise<void> {
    await this.solve("users");
    await this.solve("items");
  }

  async solve(side: Side, slice?: RowSlice): Promise<void> {
    const { hyperparameters: h, byUser, byItem } = this.#problem;
    this.attempt(() => {
      if (side === "users") implicitSolve(h, side, byUser, this.#users, this.#items, undefined, slice);
      else implicitSolve(h, side, byItem, this.#items, this.#users, undefined, slice);
    });
  }

  async measure(): Promise<ImplicitSums> {
    this.throwFailure();
    const { hyperparameters: h, byUser } = this.#problem;
    const K = h.factors;
    const norm = (factors: Float64Array): number => factors.reduce((sum, value) => sum + value * value, 0);
    return {
      allSquares: traceOfProduct(rowGram(this.#users, K), rowGram(this.#items, K), K),
      seenSquares: confidentErrors(h, byUser, this.#users, this.#items),
      userFactors: norm(this.#users),
      itemFactors: norm(this.#items),
    };
  }

  protected override parameters(): Parameters {
    const { initial } = this.#problem;
    return { ...initial, userFactors: Float32Array.from(this.#users), itemFactors: Float32Array.from(this.#items) };
  }
}

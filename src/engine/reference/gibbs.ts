// Gibbs sampling on the CPU, float64: the plain loops that gram-solve.wgsl (with a shared matrix and noise) and averaged-errors.wgsl
// parallelise. Salakhutdinov and Mnih 2008.

import { NotPositiveDefiniteError } from "../../errors.js";
import {
  averageOf,
  drawLambda,
  drawPrior,
  type GibbsHyperparameters,
  type GibbsSums,
  type Moments,
  type PriorDraw,
  priorRhs,
  type Sample,
  Thinning,
} from "../../models/gibbs.js";
import type { Parameters } from "../../models/parameters.js";
import { triangle } from "../../models/vb.js";
import { seededRandom } from "../../random.js";
import { counterNormals, mixedWords } from "../../random-counter.js";
import { rowOfEach, type Csr } from "../../ratings/csr.js";
import type { GibbsSession, Problem, RowSlice, Side } from "../engine.js";
import { factorize, solveLower, solveUpper } from "./cholesky.js";
import type { SideState } from "./gram-solve.js";
import { pointEstimates } from "./session.js";
import { squaredErrors } from "./measure.js";

/** Numbers of the draws: users before items in every sweep. They are counters of the noise, so that every draw has its own. */
export const drawNumber = (sweep: number, side: Side): number => 2 * sweep + (side === "items" ? 1 : 0);

/** The stream that the host draws priors and λ from: one for every draw, so that a chain can go on from any sweep. */
export const hostRandom = (seed: number, draw: number) => seededRandom(mixedWords(seed >>> 0, draw, 0x6b1bb5, 0)[0]);

/** Σ x and Σ x xᵀ over the rows of a side, x = (factors, bias). */
export function momentsOf({ factors, biases }: SideState, K: number): Moments {
  const D = K + 1;
  const sums = new Float64Array(D);
  const gram = new Float64Array(D * D);
  for (let row = 0; row < biases.length; row++) {
    const x = (k: number): number => (k < K ? factors[row * K + k] : biases[row]);
    for (let i = 0; i < D; i++) {
      sums[i] += x(i);
      for (let j = 0; j <= i; j++) gram[i * D + j] += x(i) * x(j);
    }
  }
  return { count: biases.length, sums, gram };
}

/**
 * Draws every row of a slice from its conditional: with y = (v, 1), P = Λ + λ Σ y yᵀ, b = Λ μ + λ Σ (r − μ − b_other) y, and P = L Lᵀ,
 * x = L⁻ᵀ (L⁻¹ b + z) ~ N(P⁻¹ b, P⁻¹). z comes from the counters (row, block, draw, seed); without counters z is 0 and x the mean.
 *
 * @throws NotPositiveDefiniteError when rounding defeats the factorization.
 */
export function gibbsDraw(
  lambda: number,
  prior: PriorDraw,
  side: Side,
  rows: Csr,
  globalMean: number,
  solved: SideState,
  fixed: SideState,
  counters?: { readonly draw: number; readonly seed: number },
  slice: RowSlice = { from: 0, to: rows.count },
): void {
  const D = prior.mean.length;
  const K = D - 1;
  const base = priorRhs(prior);
  const matrix = new Float64Array(D * D);
  const x = new Float64Array(D);
  for (let row = slice.from; row < slice.to; row++) {
    for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) matrix[i * D + j] = prior.precision[triangle(i) + j];
    x.set(base);
    for (let at = rows.start[row]; at < rows.start[row + 1]; at++) {
      const other = rows.index[at];
      const y = (k: number): number => (k < K ? fixed.factors[other * K + k] : 1);
      const residual = rows.value[at] - globalMean - fixed.biases[other];
      for (let i = 0; i < D; i++) {
        for (let j = 0; j <= i; j++) matrix[i * D + j] += lambda * y(i) * y(j);
        x[i] += lambda * residual * y(i);
      }
    }
    if (factorize(matrix, D) >= 0) throw new NotPositiveDefiniteError(side, row);
    solveLower(matrix, x, D);
    if (counters) for (let k = 0; k < D; k++) x[k] += counterNormals(row, Math.floor(k / 4), counters.draw, counters.seed)[k % 4];
    solveUpper(matrix, x, D);
    solved.factors.set(x.subarray(0, K), row * K);
    solved.biases[row] = x[K];
  }
}

export class ReferenceGibbsSession implements GibbsSession {
  readonly #problem: Problem<"gibbs">;
  readonly #h: GibbsHyperparameters;
  readonly #users: SideState;
  readonly #items: SideState;
  readonly #samples: Thinning<Sample>;
  /** Sums over the draws, of each held-out rating's prediction and density. */
  readonly #predictions: Float64Array;
  readonly #densities: Float64Array;
  #priors: Record<Side, PriorDraw> | undefined;
  #lambda: number;
  #draws = 0;
  #measured: GibbsSums;

  constructor(problem: Problem<"gibbs">) {
    this.#problem = problem;
    this.#h = problem.hyperparameters;
    const { userFactors, userBiases, itemFactors, itemBiases } = problem.initial;
    this.#users = { factors: Float64Array.from(userFactors), biases: Float64Array.from(userBiases) };
    this.#items = { factors: Float64Array.from(itemFactors), biases: Float64Array.from(itemBiases) };
    this.#lambda = problem.initial.draws?.[0].lambda ?? 1;
    this.#samples = new Thinning(this.#h.samples);
    const heldOut = problem.heldOut?.value.length ?? 0;
    this.#predictions = new Float64Array(heldOut);
    this.#densities = new Float64Array(heldOut);
    this.#measured = this.#measure();
  }

  async sweep(number: number): Promise<void> {
    const { seed } = this.#problem;
    for (const side of ["users", "items"] as const) {
      const random = hostRandom(seed, drawNumber(number, side));
      const prior = drawPrior(this.#h, momentsOf(side === "users" ? this.#users : this.#items, this.#h.factors), random);
      this.#priors = { ...(this.#priors ?? { users: prior, items: prior }), [side]: prior };
      await this.draw(side, prior, this.#lambda, drawNumber(number, side));
    }
    const before = this.#lambda;
    this.#lambda = drawLambda(this.#problem.byUser.index.length, this.#trainSquares(), hostRandom(seed, -number >>> 0));
    if (number > this.#h.burnIn) {
      this.#draws++;
      if (this.#samples.wants()) this.#samples.keep({ parameters: this.#parameters(), draw: { lambda: before, ...this.#priors! } });
    }
    this.#measured = this.#measure();
  }

  async draw(side: Side, prior: PriorDraw, lambda: number, draw: number): Promise<void> {
    const { byUser, byItem, initial, seed } = this.#problem;
    const counters = { draw, seed };
    if (side === "users") gibbsDraw(lambda, prior, side, byUser, initial.globalMean, this.#users, this.#items, counters);
    else gibbsDraw(lambda, prior, side, byItem, initial.globalMean, this.#items, this.#users, counters);
  }

  async moments(side: Side): Promise<Moments> {
    return momentsOf(side === "users" ? this.#users : this.#items, this.#h.factors);
  }

  async measure(): Promise<GibbsSums> {
    return this.#measured;
  }

  keep(): void {}

  async read(which: "current" | "kept" = "current"): Promise<Parameters> {
    return which === "kept" && this.#samples.kept.length > 0 ? averageOf(this.#samples.kept) : this.#parameters();
  }

  destroy(): void {}

  #trainSquares(): number {
    const { byUser, initial } = this.#problem;
    const ratings = { user: rowOfEach(byUser), item: byUser.index, value: byUser.value };
    return squaredErrors(ratings, this.#h.factors, initial.globalMean, this.#users, this.#items);
  }

  #measure(): GibbsSums {
    const { heldOut, initial } = this.#problem;
    const K = this.#h.factors;
    const lambda = this.#lambda;
    let heldOutSquares = 0;
    let heldOutLogDensity = 0;
    heldOut?.value.forEach((value, at) => {
      const [user, item] = [heldOut.user[at], heldOut.item[at]];
      let predicted = initial.globalMean + this.#users.biases[user] + this.#items.biases[item];
      for (let k = 0; k < K; k++) predicted += this.#users.factors[user * K + k] * this.#items.factors[item * K + k];
      const density = Math.sqrt(lambda / (2 * Math.PI)) * Math.exp(-0.5 * lambda * (value - predicted) ** 2);
      // During the burn-in only the present draw counts.
      const first = this.#draws <= 1;
      this.#predictions[at] = predicted + (first ? 0 : this.#predictions[at]);
      this.#densities[at] = density + (first ? 0 : this.#densities[at]);
      const draws = Math.max(1, this.#draws);
      heldOutSquares += (value - this.#predictions[at] / draws) ** 2;
      heldOutLogDensity += Math.log(Math.max(this.#densities[at] / draws, 1e-30));
    });
    return { lambda, trainSquares: this.#trainSquares(), heldOutSquares, heldOutLogDensity };
  }

  #parameters(): Parameters {
    return pointEstimates(this.#h.factors, this.#problem.initial.globalMean, this.#users, this.#items);
  }
}

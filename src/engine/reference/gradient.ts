// Gradient descent, float64: the plain loops that gradient-step.wgsl, sgd-blocks.wgsl and log-losses.wgsl parallelise. Spec §3, §6.

import type { Measurement } from "../../models/als.js";
import {
  type GdHyperparameters,
  type GradientHyperparameters,
  type SteppedHyperparameters,
  logLoss,
  sigmoid,
  stepOf,
} from "../../models/gradient.js";
import type { Parameters } from "../../models/parameters.js";
import { type Csr, rowLengths, rowOfEach } from "../../ratings/csr.js";
import type { RatingColumns } from "../../ratings/ratings.js";
import { type BlockPlan, planBlocks, roundsOf, withoutUnrated } from "../blocks.js";
import type { Problem, Session, Side } from "../engine.js";
import type { SideState } from "./gram-solve.js";
import { pointEstimates, ReferenceSession } from "./session.js";
import { squaredErrors, squaredNorms } from "./measure.js";

/**
 * One batch step of a side: x ← x + v with v ← ω v − η ∂L/∂x / (λ n + τ), ∂L/∂x = −λ Σ e y + τ x, biases alike with γ. The division by
 * λ n + τ, what a coordinate's curvature is for |y| = 1, lets rows of very different length share one η.
 */
export function gradientStep(
  h: GradientHyperparameters,
  momentum: number,
  side: Side,
  rows: Csr,
  globalMean: number,
  own: SideState,
  other: SideState,
  velocity: SideState,
  step: number,
): SideState {
  const K = h.factors;
  const [tau, gamma] = side === "users" ? [h.tauUsers, h.gammaUsers] : [h.tauItems, h.gammaItems];
  const next = { factors: own.factors.slice(), biases: own.biases.slice() };
  const gradient = new Float64Array(K);
  for (let row = 0; row < rows.count; row++) {
    const x = own.factors.subarray(row * K, (row + 1) * K);
    const count = rows.start[row + 1] - rows.start[row];
    for (let k = 0; k < K; k++) gradient[k] = tau * x[k];
    let biasGradient = gamma * own.biases[row];
    for (let at = rows.start[row]; at < rows.start[row + 1]; at++) {
      const y = other.factors.subarray(rows.index[at] * K, (rows.index[at] + 1) * K);
      let e = rows.value[at] - globalMean - own.biases[row] - other.biases[rows.index[at]];
      for (let k = 0; k < K; k++) e -= x[k] * y[k];
      for (let k = 0; k < K; k++) gradient[k] -= h.lambda * e * y[k];
      biasGradient -= h.lambda * e;
    }
    for (let k = 0; k < K; k++) {
      const at = row * K + k;
      velocity.factors[at] = momentum * velocity.factors[at] - (step * gradient[k]) / Math.max(h.lambda * count + tau, 1e-6);
      next.factors[at] += velocity.factors[at];
    }
    if (h.biases) {
      velocity.biases[row] = momentum * velocity.biases[row] - (step * biasGradient) / Math.max(h.lambda * count + gamma, 1e-6);
      next.biases[row] += velocity.biases[row];
    }
  }
  return next;
}

/**
 * One epoch of stochastic steps, block by block: u ← u + η (λ e v − (τ_u / n_m) u) and v with the old u in the same way, biases alike;
 * summed over a user's ratings that is −η ∂L/∂u. `logistic` takes e = d − σ(score) and λ = 1.
 *
 * @param shares precisions over the entity's number of ratings, [count], for factors and for biases.
 */
export function sgdEpoch(
  h: SteppedHyperparameters,
  logistic: boolean,
  plan: BlockPlan,
  rounds: Uint32Array,
  globalMean: number,
  users: SideState,
  items: SideState,
  counts: { readonly users: Uint32Array; readonly items: Uint32Array },
  step: number,
): void {
  const K = h.factors;
  const lambda = "lambda" in h ? (h as GradientHyperparameters).lambda : 1;
  for (const round of rounds) {
    for (let group = 0; group < plan.groups; group++) {
      const block = group * plan.groups + ((group + round) % plan.groups);
      for (let at = plan.start[block]; at < plan.start[block + 1]; at++) {
        const [m, n] = [plan.user[at], plan.item[at]];
        const u = users.factors.subarray(m * K, (m + 1) * K);
        const v = items.factors.subarray(n * K, (n + 1) * K);
        let score = globalMean + users.biases[m] + items.biases[n];
        for (let k = 0; k < K; k++) score += u[k] * v[k];
        const e = lambda * (plan.value[at] - (logistic ? sigmoid(score) : score));
        for (let k = 0; k < K; k++) {
          const old = u[k];
          u[k] += step * (e * v[k] - (h.tauUsers / counts.users[m]) * old);
          v[k] += step * (e * old - (h.tauItems / counts.items[n]) * v[k]);
        }
        if (h.biases) {
          users.biases[m] += step * (e - (h.gammaUsers / counts.users[m]) * users.biases[m]);
          items.biases[n] += step * (e - (h.gammaItems / counts.items[n]) * items.biases[n]);
        }
      }
    }
  }
}

/** Σ of the log-losses of some 0/1 ratings. */
export function logLosses(ratings: RatingColumns, K: number, globalMean: number, users: SideState, items: SideState): number {
  let sum = 0;
  for (let at = 0; at < ratings.value.length; at++) {
    const [m, n] = [ratings.user[at], ratings.item[at]];
    let score = globalMean + users.biases[m] + items.biases[n];
    for (let k = 0; k < K; k++) score += users.factors[m * K + k] * items.factors[n * K + k];
    sum += logLoss(ratings.value[at], score);
  }
  return sum;
}

type GradientModel = "gd" | "sgd" | "logistic";

export class ReferenceGradientSession extends ReferenceSession implements Session<Measurement> {
  readonly #problem: Problem<GradientModel>;
  readonly #train: RatingColumns;
  readonly #plan: BlockPlan | undefined;
  readonly #velocity: Record<Side, SideState>;
  #users: SideState;
  #items: SideState;

  constructor(problem: Problem<"gd"> | Problem<"sgd"> | Problem<"logistic">) {
    super();
    this.#problem = problem;
    const { byUser, byItem, seed, model } = problem;
    const initial = model === "gd" ? problem.initial : withoutUnrated(problem.initial, byUser, byItem);
    this.#users = { factors: Float64Array.from(initial.userFactors), biases: Float64Array.from(initial.userBiases) };
    this.#items = { factors: Float64Array.from(initial.itemFactors), biases: Float64Array.from(initial.itemBiases) };
    const still = ({ factors, biases }: SideState): SideState => ({
      factors: new Float64Array(factors.length),
      biases: new Float64Array(biases.length),
    });
    this.#velocity = { users: still(this.#users), items: still(this.#items) };
    this.#train = { user: rowOfEach(byUser), item: byUser.index, value: byUser.value };
    this.#plan = model === "gd" ? undefined : planBlocks(this.#train, byUser.count, byItem.count, seed);
    this.keep();
  }

  async sweep(number: number): Promise<void> {
    const { model, hyperparameters: h, byUser, byItem, initial, seed } = this.#problem;
    const step = stepOf(h, number);
    const mean = initial.globalMean;
    if (this.#plan) {
      const rounds = roundsOf(this.#plan.groups, seed, number);
      const counts = { users: rowLengths(byUser), items: rowLengths(byItem) };
      sgdEpoch(h, model === "logistic", this.#plan, rounds, mean, this.#users, this.#items, counts, step);
      return;
    }
    // Both sides step from the old values.
    const gd = h as GdHyperparameters;
    const users = gradientStep(gd, gd.momentum, "users", byUser, mean, this.#users, this.#items, this.#velocity.users, step);
    this.#items = gradientStep(gd, gd.momentum, "items", byItem, mean, this.#items, this.#users, this.#velocity.items, step);
    this.#users = users;
  }

  async measure(): Promise<Measurement> {
    const { model, hyperparameters: h, byUser, byItem, heldOut, initial } = this.#problem;
    const users = squaredNorms(this.#users, h.factors, byUser.start, false);
    const items = squaredNorms(this.#items, h.factors, byItem.start, false);
    const losses = model === "logistic" ? logLosses : squaredErrors;
    const total = (ratings: RatingColumns): number => losses(ratings, h.factors, initial.globalMean, this.#users, this.#items);
    return {
      trainSquares: total(this.#train),
      heldOutSquares: heldOut ? total(heldOut) : 0,
      userFactors: users.factors,
      userBiases: users.biases,
      itemFactors: items.factors,
      itemBiases: items.biases,
      featureFactors: 0,
    };
  }

  protected override parameters(): Parameters {
    return pointEstimates(this.#problem.hyperparameters.factors, this.#problem.initial.globalMean, this.#users, this.#items);
  }
}

// An epoch of stochastic steps, float64: the plain loop that shaders/sgd-blocks.wgsl parallelises.

import { weightAt } from "../../ratings/rating-columns.js";
import { sigmoid } from "../../sigmoid.js";
import type { BlockPlan } from "../blocks.js";
import type { Epoch, RowSlice, Side } from "../engine.js";
import type { RowState } from "./rows.js";
import { predicted } from "./squared-errors.js";

/**
 * One epoch, block by block: u ← u + η w (λ e v − (τ_u / n_m) u) and v with the old u in the same way, biases alike;
 * summed over a user's ratings that is −η ∂L/∂u. The link "logistic" takes e = r − σ(score). Rows that carry squares
 * take η / √(1 + G) for η, and G grows by w times the mean square of the slope's coordinates.
 *
 * @param weights n, of the ratings of each side's rows together. @param groups of users whose blocks are taken.
 *   Default: all.
 */
export function sgdEpoch(
  epoch: Omit<Epoch, "number" | "round">,
  plan: BlockPlan,
  rounds: Uint32Array,
  K: number,
  globalMean: number,
  users: RowState,
  items: RowState,
  weights: Readonly<Record<Side, ArrayLike<number>>>,
  groups: RowSlice = { from: 0, to: plan.groups },
): void {
  const { lambda, step, link, biases, precisions } = epoch;
  for (const round of rounds) {
    for (let group = groups.from; group < groups.to; group++) {
      const block = group * plan.groups + ((group + round) % plan.groups);
      for (let at = plan.start[block]; at < plan.start[block + 1]; at++) {
        const [m, n] = [plan.user[at], plan.item[at]];
        const u = users.factors.subarray(m * K, (m + 1) * K);
        const v = items.factors.subarray(n * K, (n + 1) * K);
        const score = predicted(users, items, m, n, K, globalMean);
        const e = lambda * (plan.value[at] - (link === "logistic" ? sigmoid(score) : score));
        const [userWeight, itemWeight] = [weights.users[m], weights.items[n]];
        const weight = weightAt(plan, at);
        const [own, other] = [ratesOf(users, m, step), ratesOf(items, n, step)];
        let [userSquares, itemSquares] = [0, 0];
        for (let k = 0; k < K; k++) {
          const slope = e * v[k] - (precisions.users.factors / userWeight) * u[k];
          const otherSlope = e * u[k] - (precisions.items.factors / itemWeight) * v[k];
          u[k] += weight * own.factors * slope;
          v[k] += weight * other.factors * otherSlope;
          userSquares += slope ** 2 / K;
          itemSquares += otherSlope ** 2 / K;
        }
        addSquares(users, m, weight * userSquares, 0);
        addSquares(items, n, weight * itemSquares, 0);
        if (!biases) continue;
        const slope = e - (precisions.users.biases / userWeight) * users.biases[m];
        const otherSlope = e - (precisions.items.biases / itemWeight) * items.biases[n];
        users.biases[m] += weight * own.bias * slope;
        items.biases[n] += weight * other.bias * otherSlope;
        addSquares(users, m, weight * slope ** 2, 1);
        addSquares(items, n, weight * otherSlope ** 2, 1);
      }
    }
  }
}

/** What a row's factors and its bias step by. */
function ratesOf({ squares }: RowState, row: number, step: number): { factors: number; bias: number } {
  if (!squares) return { factors: step, bias: step };
  return { factors: step / Math.sqrt(1 + squares[2 * row]), bias: step / Math.sqrt(1 + squares[2 * row + 1]) };
}

/** @param of 0: those of the factors; 1: those of the bias. */
function addSquares({ squares }: RowState, row: number, sum: number, of: 0 | 1): void {
  if (squares) squares[2 * row + of] += sum;
}

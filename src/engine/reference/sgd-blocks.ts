// An epoch of stochastic steps, float64: the plain loop that shaders/sgd-blocks.wgsl parallelises.

import { weightAt } from "../../ratings/rating-columns.js";
import { sigmoid } from "../../sigmoid.js";
import type { BlockPlan } from "../blocks.js";
import type { Epoch, RowSlice, Side } from "../engine.js";
import type { RowState } from "./rows.js";
import { predicted } from "./squared-errors.js";

/**
 * One epoch, block by block: u ← u + η w (λ e v − (τ_u / n_m) u) and v with the old u in the same way, biases alike;
 * summed over a user's ratings that is −η ∂L/∂u. The link "logistic" takes e = r − σ(score).
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
        const own = step * weightAt(plan, at);
        for (let k = 0; k < K; k++) {
          const old = u[k];
          u[k] += own * (e * v[k] - (precisions.users.factors / userWeight) * old);
          v[k] += own * (e * old - (precisions.items.factors / itemWeight) * v[k]);
        }
        if (biases) {
          users.biases[m] += own * (e - (precisions.users.biases / userWeight) * users.biases[m]);
          items.biases[n] += own * (e - (precisions.items.biases / itemWeight) * items.biases[n]);
        }
      }
    }
  }
}

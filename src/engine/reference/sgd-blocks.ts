// An epoch of stochastic steps, float64: the plain loop that shaders/sgd-blocks.wgsl parallelises.

import { sigmoid } from "../../sigmoid.js";
import type { BlockPlan } from "../blocks.js";
import type { Epoch, RowSlice, Side } from "../engine.js";
import type { RowState } from "./rows.js";
import { predicted } from "./squared-errors.js";

/**
 * One epoch, block by block: u ← u + η (λ e v − (τ_u / n_m) u) and v with the old u in the same way, biases alike;
 * summed over a user's ratings that is −η ∂L/∂u. The link "logistic" takes e = r − σ(score).
 *
 * @param counts numbers of ratings of each side's rows. @param groups of users whose blocks are taken. Default: all.
 */
export function sgdEpoch(
  epoch: Omit<Epoch, "number" | "round">,
  plan: BlockPlan,
  rounds: Uint32Array,
  K: number,
  globalMean: number,
  users: RowState,
  items: RowState,
  counts: Readonly<Record<Side, Uint32Array>>,
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
        const [userCount, itemCount] = [counts.users[m], counts.items[n]];
        for (let k = 0; k < K; k++) {
          const old = u[k];
          u[k] += step * (e * v[k] - (precisions.users.factors / userCount) * old);
          v[k] += step * (e * old - (precisions.items.factors / itemCount) * v[k]);
        }
        if (biases) {
          users.biases[m] += step * (e - (precisions.users.biases / userCount) * users.biases[m]);
          items.biases[n] += step * (e - (precisions.items.biases / itemCount) * items.biases[n]);
        }
      }
    }
  }
}

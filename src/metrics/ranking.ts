// Metrics of ranked lists: every user with relevant held-out items is given the k best items not seen in training.

import { type Engine, NO_ITEM } from "../engine/engine.js";
import { OptionsError } from "../errors.js";
import type { FactorModel } from "../models/factor-model.js";
import type { Ratings } from "../ratings/ratings.js";
import { scoreItems, topScored } from "../recommend/score.js";
import { indicesIn } from "./accuracy.js";

/** How well ranked lists hit the held-out items. */
export interface RankingMetrics {
  readonly k: number;
  /** Users with at least one relevant held-out item: the means below are over these. */
  readonly users: number;
  /** Mean of |top k ∩ relevant| / k. */
  readonly precision: number;
  /** Mean of |top k ∩ relevant| / |relevant|. */
  readonly recall: number;
  /** Mean of DCG / ideal DCG with gain 1 for a relevant item at rank i and discount 1 / log₂(i + 1). */
  readonly ndcg: number;
  /** Share of the N items that stand in at least one list. */
  readonly coverage: number;
}

/** How lists are made and what counts as a hit. */
export interface RankingOptions {
  /** Length of the lists. Default 10. */
  readonly k?: number | undefined;
  /** A held-out item is relevant when its rating is at least this and it was not seen in training. Default: the training mean. */
  readonly threshold?: number | undefined;
  /** Weight of the item biases in the score. Default 1. */
  readonly alpha?: number | undefined;
}

/**
 * Means over the users that have a relevant item; NaN when none has. Users and items unknown to the model are left out.
 *
 * @param train the ratings whose items are left out of each user's list.
 * @throws OptionsError when k is not a whole number of 1 or more.
 */
export function rankingMetrics(model: FactorModel, train: Ratings, heldOut: Ratings, options: RankingOptions = {}): RankingMetrics {
  const { k, alpha } = checked(options);
  const { factors: K, userFactors } = model.parameters;
  const pairs = pairsOf(model, train, heldOut, options);
  return metricsOf(model, pairs.relevant, k, (m) => {
    const scores = scoreItems(userFactors.subarray(m * K, m * K + K), model.parameters, alpha);
    return topScored(scores, k, (item) => !pairs.seen.get(m)?.has(item));
  });
}

/**
 * The same, with the lists of all users made on an engine, in batches on a GPU.
 *
 * @throws OptionsError, DeviceError.
 */
export async function rankingMetricsOn(
  engine: Engine,
  model: FactorModel,
  train: Ratings,
  heldOut: Ratings,
  options: RankingOptions = {},
): Promise<RankingMetrics> {
  const { k, alpha } = checked(options);
  const { seen, relevant } = pairsOf(model, train, heldOut, options);
  const start = new Uint32Array(model.users.size + 1);
  for (let m = 0; m < model.users.size; m++) start[m + 1] = start[m] + (seen.get(m)?.size ?? 0);
  const items = new Uint32Array(start[model.users.size]);
  for (const [m, set] of seen)
    items.set(
      [...set].sort((a, b) => a - b),
      start[m],
    );
  const lists = await engine.topItems(model.parameters, { start, items }, k, alpha);
  return metricsOf(model, relevant, k, (m) => lists.subarray(m * k, (m + 1) * k).filter((item) => item !== NO_ITEM));
}

function checked({ k = 10, alpha = 1 }: RankingOptions): { k: number; alpha: number } {
  if (!Number.isInteger(k) || k < 1) throw new OptionsError(`k is ${k}: it must be a whole number, 1 or greater`);
  return { k, alpha };
}

/** The items that each user has seen, and those that are relevant, by the model's indices. */
function pairsOf(model: FactorModel, train: Ratings, heldOut: Ratings, { threshold = model.statistics.mean }: RankingOptions) {
  const itemsOf = (ratings: Ratings, keep: (at: number, m: number, n: number) => boolean): Map<number, Set<number>> => {
    const users = indicesIn(model.users, ratings.users);
    const items = indicesIn(model.items, ratings.items);
    const sets = new Map<number, Set<number>>();
    for (let at = 0; at < ratings.count; at++) {
      const m = users[ratings.user[at]];
      const n = items[ratings.item[at]];
      if (m < 0 || n < 0 || !keep(at, m, n)) continue;
      let set = sets.get(m);
      if (!set) sets.set(m, (set = new Set()));
      set.add(n);
    }
    return sets;
  };
  const seen = itemsOf(train, () => true);
  return { seen, relevant: itemsOf(heldOut, (at, m, n) => heldOut.value[at] >= threshold && !seen.get(m)?.has(n)) };
}

function metricsOf(
  model: FactorModel,
  relevant: ReadonlyMap<number, ReadonlySet<number>>,
  k: number,
  listOf: (m: number) => ArrayLike<number>,
): RankingMetrics {
  const listed = new Set<number>();
  let precision = 0;
  let recall = 0;
  let ndcg = 0;
  for (const [m, wanted] of relevant) {
    let hits = 0;
    let gain = 0;
    Array.from(listOf(m)).forEach((item, at) => {
      listed.add(item);
      if (!wanted.has(item)) return;
      hits++;
      gain += 1 / Math.log2(at + 2);
    });
    let ideal = 0;
    for (let at = 0; at < Math.min(k, wanted.size); at++) ideal += 1 / Math.log2(at + 2);
    precision += hits / k;
    recall += hits / wanted.size;
    ndcg += gain / ideal;
  }
  const users = relevant.size;
  const mean = (sum: number): number => (users === 0 ? NaN : sum / users);
  return { k, users, precision: mean(precision), recall: mean(recall), ndcg: mean(ndcg), coverage: listed.size / model.items.size };
}

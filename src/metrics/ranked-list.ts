// How well one user's ranked list hits the items that are relevant to them.
// The metrics of a model are means of these over users.

import { firstWhere } from "../first-where.js";

/** Of one user, or the means over users. Each lies in 0 to 1. */
export interface RankingValues {
  /** |top k ∩ relevant| / k. */
  readonly precision: number;
  /** |top k ∩ relevant| / min(k, |relevant|): 1 when the list could not be better. */
  readonly cappedPrecision: number;
  /** |top k ∩ relevant| / |relevant|. */
  readonly recall: number;
  /**
   * DCG / ideal DCG of the top k: gain 1 for a relevant item at rank i, discount 1 / log₂(i + 1).
   * Järvelin and Kekäläinen 2002.
   */
  readonly ndcg: number;
  /** Average precision of the top k: Σ over its relevant items of the precision down to each / min(k, |relevant|). */
  readonly map: number;
  /** 1 / rank of the first relevant item of the top k; 0 when there is none. */
  readonly mrr: number;
  /** 1 when a relevant item stands in the top k, else 0. */
  readonly hitRate: number;
  /**
   * Of the pairs of a relevant item and another one that was not seen in training, the share in which the
   * relevant one scores higher, ties counting half: over all items that lists may hold, whatever k. NaN where there is
   * no pair, or when it is not measured.
   */
  readonly auc: number;
}

/** All but the AUC, which a list does not tell. */
export function listValues(list: ArrayLike<number>, relevant: ReadonlySet<number>, k: number): Omit<RankingValues, "auc"> {
  let hits = 0;
  let gain = 0;
  let precisions = 0;
  let first = 0;
  for (let at = 0; at < list.length; at++) {
    if (!relevant.has(list[at])) continue;
    hits++;
    gain += 1 / Math.log2(at + 2);
    precisions += hits / (at + 1);
    if (first === 0) first = at + 1;
  }
  const possible = Math.min(k, relevant.size);
  let ideal = 0;
  for (let at = 0; at < possible; at++) ideal += 1 / Math.log2(at + 2);
  return {
    precision: hits / k,
    cappedPrecision: hits / possible,
    recall: hits / relevant.size,
    ndcg: gain / ideal,
    map: precisions / possible,
    mrr: first > 0 ? 1 / first : 0,
    hitRate: Number(hits > 0),
  };
}

/** The AUC of a user's scores of the items that may be listed. */
export function aucOfScores(scores: ArrayLike<number>, relevant: ReadonlySet<number>, listed: (item: number) => boolean): number {
  const wanted = Float64Array.from([...relevant].filter(listed), (item) => scores[item]).sort();
  /** Relevant items that score below `score`, or no higher. */
  const below = (score: number, orEqual: boolean): number =>
    firstWhere(0, wanted.length, (at) => !(wanted[at] < score || (orEqual && wanted[at] === score)));
  let others = 0;
  let won = 0;
  for (let item = 0; item < scores.length; item++) {
    if (relevant.has(item) || !listed(item)) continue;
    others++;
    won += wanted.length - (below(scores[item], false) + below(scores[item], true)) / 2;
  }
  return won / (others * wanted.length);
}

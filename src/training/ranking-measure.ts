// Ranking metrics of a training's held-out ratings after a sweep, for models and uses in which the order of the items
// matters and no rating is predicted. The numbers are those that `rankingMetrics` gives of the model at that sweep.
// Lists alone are made by the engine: where two scores differ by less than float32 tells, either may come first.

import { type Engine, NO_ITEM } from "../engine/engine.js";
import { OptionsError } from "../errors.js";
import { aucOfScores, listValues, type RankingValues } from "../metrics/ranked-list.js";
import { meansOf, nobodyLeft } from "../metrics/ranking.js";
import { isPositive, type Relevance } from "../models/predictions.js";
import type { Figures, RankingMeasure } from "../models/figures.js";
import type { Parameters } from "../models/parameters.js";
import { csrOf, rowLengths } from "../ratings/csr.js";
import { compareIds } from "../ratings/ids.js";
import { checkUsed, NUMBER, oneOf, wholeFrom } from "../options.js";
import type { Ratings } from "../ratings/ratings.js";
import { seenItems } from "../ratings/seen.js";
import { rankedLists } from "../recommend/ranked-lists.js";
import { placesAmongEquals, scoreItems, topScored } from "../recommend/score.js";
import { breather } from "./breather.js";

/** What a training is measured by between its sweeps. */
export interface MeasureOptions {
  /**
   * What says which sweep is best, when to stop early, and which trial of a search is best: the model's own held-out
   * "loss", or of ranked lists the "ndcg" or "recall" of the first ten, or the "auc". Default: "ndcg" for `implicit`,
   * which has no held-out loss, else "loss".
   */
  readonly measureBy?: "loss" | RankingMeasure | undefined;
  /** Lists are measured every so many sweeps, and after the last. Default 1. */
  readonly measureEvery?: number | undefined;
  /** As that of `rankingMetrics`, and with its default. */
  readonly relevanceThreshold?: number | undefined;
}

/** Items per list. */
const MEASURED_K = 10;
/** Scores times factors of a measurement, at most: a part of a second. Of more users so many are taken, evenly. */
const MOST_PRODUCTS = 1e8;
/** Scores that an AUC is measured from unasked: it takes longer than the lists do. */
const MOST_AUC_SCORES = 2e6;
const LEAST_USERS = 100;

type RankingFigures = Required<Pick<Figures, "heldOutNdcg" | "heldOutRecall">> & Pick<Figures, "heldOutAuc">;

/** What each of the options must be. */
export const MEASURE_KINDS = {
  measureBy: oneOf("loss", "ndcg", "recall", "auc"),
  measureEvery: wholeFrom(1),
  relevanceThreshold: NUMBER,
} as const;

/** @throws OptionsError for an option of lists where none are measured. */
export function checkMeasureUsed({ measureEvery, relevanceThreshold }: MeasureOptions, measureBy: "loss" | RankingMeasure): void {
  for (const [name, value] of Object.entries({ measureEvery, relevanceThreshold }))
    checkUsed(name, value, measureBy !== "loss", "no lists are measured", 'give measureBy: "ndcg", "recall" or "auc"');
}

/** @throws OptionsError naming the option and its value. */
export function checkMeasure({ measureBy }: MeasureOptions, heldOut: Ratings | undefined): void {
  if (measureBy !== undefined && measureBy !== "loss" && !heldOut)
    throw new OptionsError(`measureBy is "${measureBy}", and nothing is held out to measure by`, { remedy: "hold ratings out" });
}

/**
 * A function that ranks for users with a training rating and a relevant held-out item: on the engine, or where AUCs are
 * wanted or cheap, which take all scores, on the CPU.
 *
 * @param heldOut with the users and items of `train`.
 * @throws RatingsError when there is no such user.
 */
export function rankingMeasure(
  engine: Pick<Engine, "topItems">,
  train: Ratings,
  heldOut: Ratings,
  relevance: Relevance,
  factors: number,
  { mostProducts = MOST_PRODUCTS, auc: wantsAuc = false }: { readonly mostProducts?: number; readonly auc?: boolean } = {},
): (parameters: Parameters) => Promise<RankingFigures> {
  const { start, index } = csrOf(train, "users");
  const seenOf = (m: number): Set<number> => new Set(index.subarray(start[m], start[m + 1]));
  const relevant = new Map<number, Set<number>>();
  for (let at = 0; at < heldOut.count; at++) {
    const m = heldOut.user[at];
    if (start[m] === start[m + 1] || !isPositive(relevance, heldOut.value[at])) continue;
    let items = relevant.get(m);
    if (!items) relevant.set(m, (items = new Set()));
    items.add(heldOut.item[at]);
  }
  for (const [m, items] of relevant) {
    for (const item of seenOf(m)) items.delete(item);
    if (items.size === 0) relevant.delete(m);
  }
  if (relevant.size === 0) {
    const none = { users: 0, items: 0, ratings: 0 };
    const cold = heldOut.user.filter((m) => start[m] === start[m + 1]).length;
    throw nobodyLeft(heldOut.count, relevance, { unknown: none, cold: { ...none, ratings: cold } });
  }
  const all = [...relevant.keys()].sort((a, b) => compareIds(train.users.rawAt(a), train.users.rawAt(b)));
  const most = Math.max(LEAST_USERS, Math.floor(mostProducts / (train.items.size * Math.max(1, factors))));
  const users = all.length <= most ? all : Array.from({ length: most }, (_, at) => all[Math.floor((at * all.length) / most)]);
  const counts = rowLengths(csrOf(train, "items"));
  const places = placesAmongEquals(train.items, counts);
  const measuresAuc = wantsAuc || users.length * train.items.size <= MOST_AUC_SCORES;
  if (!measuresAuc) {
    const seen = seenItems(train);
    return async (parameters) => {
      const model = { parameters, itemPlaces: places, users: train.users, items: train.items };
      const lists = await rankedLists(engine, model, { users, allowed: (item) => counts[item] > 0, seen, k: MEASURED_K, alpha: 1 });
      const { ndcg, recall } = meansOf(
        users.map((m, at): RankingValues => {
          const list = Array.from(lists.subarray(at * MEASURED_K, (at + 1) * MEASURED_K)).filter((item) => item !== NO_ITEM);
          return { ...listValues(list, relevant.get(m)!, MEASURED_K), auc: NaN };
        }),
      );
      return { heldOutNdcg: ndcg, heldOutRecall: recall };
    };
  }
  return async (parameters) => {
    const { factors: K, userFactors } = parameters;
    const breathe = breather();
    const each: RankingValues[] = [];
    for (const m of users) {
      const seen = seenOf(m);
      const scores = scoreItems(userFactors.subarray(m * K, (m + 1) * K), parameters, 1);
      const listed = (item: number): boolean => counts[item] > 0 && !seen.has(item);
      const list = topScored(scores, MEASURED_K, listed, places);
      each.push({ ...listValues(list, relevant.get(m)!, MEASURED_K), auc: aucOfScores(scores, relevant.get(m)!, listed) });
      await breathe();
    }
    const { ndcg, recall, auc } = meansOf(each);
    return { heldOutNdcg: ndcg, heldOutRecall: recall, heldOutAuc: auc };
  };
}

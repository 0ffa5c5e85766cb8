// Metrics of ranked lists: every user with relevant held-out items is given the k best items not seen in training, of
// those that `recommend` lists. Their definitions stand in ranked-list.ts. Nothing here depends on the order of the
// ratings: equals are listed by the number of their ratings and then by raw id, and users whom nothing is known of,
// whose lists only such rules could make, are left out and counted.

import { type Engine, NO_ITEM } from "../engine/engine.js";
import { ENGINE_KIND } from "../engine/engine-kind.js";
import { RatingsError } from "../errors.js";
import { checkArguments, checkOptions, namesOf, NUMBER, SWITCH, wholeFrom } from "../options.js";
import { type FactorModel, MODEL_KIND } from "../models/factor-model.js";
import { isPositive, type Relevance } from "../models/predictions.js";
import { definitionOf } from "../models/registry.js";
import { compareIds, type RawId } from "../ratings/ids.js";
import { type Ratings, RATINGS_KIND } from "../ratings/ratings.js";
import { ratingsThatCount } from "../ratings/weights.js";
import { rankedLists } from "../recommend/ranked-lists.js";
import { scoreItems, topScored } from "../recommend/score.js";
import { indicesIn } from "../ratings/ids.js";
import { grouped, howMany, plural } from "../shown.js";
import { type Gaps, gapsOf, trainedOf } from "./gaps.js";
import { aucOfScores, listValues, type RankingValues } from "./ranked-list.js";

/** One user's values. */
export interface UserRanking extends RankingValues {
  readonly user: RawId;
  /** Relevant held-out items. */
  readonly relevant: number;
}

/** How well ranked lists hit the held-out items: means over the users that have a relevant one. */
export interface RankingMetrics extends RankingValues {
  readonly k: number;
  readonly relevance: Relevance;
  /** Users that the means are over; those whose AUC is NaN are not in that mean. */
  readonly users: number;
  /** Share of the N items that stand in at least one list. */
  readonly coverage: number;
  /**
   * What is left out: ratings of unknown users and items, and of cold users. A cold item that is relevant counts as
   * one that no list finds; the AUC leaves it out.
   */
  readonly gaps: Gaps;
  /** Every user's values, in the order of their raw ids, on request. */
  readonly perUser?: readonly UserRanking[];
}

/** How lists are made and what counts as a hit. */
export interface RankingOptions {
  /** Length of the lists. Default 10. */
  readonly k?: number | undefined;
  /**
   * A held-out item is relevant when its rating is at least this and it was not seen in training. Default: what the
   * model itself takes for positive, which is a rating above 0 for `implicit`, and `positiveThreshold` or above 0 for
   * `logistic`; for the others the training mean.
   */
  readonly relevanceThreshold?: number | undefined;
  /** Weight of the item biases in the score. Default 1. */
  readonly alpha?: number | undefined;
  /** As in `recommend`: whether items without a training rating are listed too, by their features. Default false. */
  readonly coldItems?: boolean | undefined;
  /** Whether the AUC, for which all items are scored for all users on the CPU, is measured. Default true; else NaN. */
  readonly auc?: boolean | undefined;
  /** Whether the values of every user are given too. Default false. */
  readonly perUser?: boolean | undefined;
}

const RANKING_NAMES = namesOf<RankingOptions>({
  k: wholeFrom(1),
  relevanceThreshold: NUMBER,
  alpha: NUMBER,
  coldItems: SWITCH,
  auc: SWITCH,
  perUser: SWITCH,
});

/**
 * Means over the users that have a relevant item and a training rating. Weights of ratings are not asked, but those of
 * weight 0 are none.
 *
 * @param train the ratings whose items are left out of each user's list.
 * @throws OptionsError when k is not a whole number of 1 or more; RatingsError when no user is left to measure by.
 */
export function rankingMetrics(model: FactorModel, train: Ratings, heldOut: Ratings, options: RankingOptions = {}): RankingMetrics {
  const wanted = pairsOf(model, train, heldOut, options);
  const { k, alpha } = wanted;
  return metricsOf(model, wanted, options, (m) => {
    const seen = wanted.seen.get(m);
    return topScored(scoresOf(model, m, alpha), k, (item) => wanted.listed(item) && !seen?.has(item), model.itemPlaces);
  });
}

/**
 * The same, with the lists of all users made on an engine, in batches on a GPU.
 *
 * @throws as `rankingMetrics`, and DeviceError.
 */
export async function rankingMetricsOn(
  engine: Engine,
  model: FactorModel,
  train: Ratings,
  heldOut: Ratings,
  options: RankingOptions = {},
): Promise<RankingMetrics> {
  checkArguments("rankingMetricsOn", {
    engine: [engine, ENGINE_KIND],
    model: [model, MODEL_KIND],
    train: [train, RATINGS_KIND],
    heldOut: [heldOut, RATINGS_KIND],
  });
  const wanted = pairsOf(model, train, heldOut, options);
  const { k, alpha, listed: allowed, users, seen } = wanted;
  const start = new Uint32Array(model.users.size + 1);
  for (let m = 0; m < model.users.size; m++) start[m + 1] = start[m] + (seen.get(m)?.size ?? 0);
  const items = new Uint32Array(start[model.users.size]);
  for (const [m, set] of seen) items.set(Uint32Array.from(set).sort(), start[m]);
  const lists = await rankedLists(engine, model, { users, allowed, seen: { start, items }, k, alpha });
  return metricsOf(model, wanted, options, (_, at) => lists.subarray(at * k, (at + 1) * k).filter((item) => item !== NO_ITEM));
}

/** What is relevant without a threshold: what the model takes for positive, else ratings of the mean or more. */
export function relevanceOf(
  { model, hyperparameters: h, statistics }: Pick<FactorModel, "model" | "hyperparameters" | "statistics">,
  threshold?: number,
): Relevance {
  if (threshold !== undefined) return { atLeast: threshold };
  return definitionOf(model).positives?.(h) ?? { atLeast: statistics.mean };
}

export const relevanceText = (relevance: Relevance): string =>
  "above" in relevance ? `rated above ${relevance.above}` : `rated ${Number(relevance.atLeast.toFixed(4))} or more`;

/** What is measured, by the model's indices. */
interface Wanted {
  readonly k: number;
  readonly alpha: number;
  readonly relevance: Relevance;
  readonly gaps: Gaps;
  /** Whether lists may hold an item. */
  readonly listed: (item: number) => boolean;
  /** In the order of their raw ids, so that sums are the same in whatever order the ids came. */
  readonly users: readonly number[];
  /** The items that each user has seen, and those that are relevant to each. */
  readonly seen: ReadonlyMap<number, ReadonlySet<number>>;
  readonly relevant: ReadonlyMap<number, ReadonlySet<number>>;
}

function pairsOf(model: FactorModel, allTrain: Ratings, allHeldOut: Ratings, options: RankingOptions): Wanted {
  checkArguments("rankingMetrics", { model: [model, MODEL_KIND], train: [allTrain, RATINGS_KIND], heldOut: [allHeldOut, RATINGS_KIND] });
  const [train, heldOut] = [ratingsThatCount(allTrain), ratingsThatCount(allHeldOut)];
  checkOptions("rankingMetrics", options, RANKING_NAMES);
  const { k = 10, alpha = 1, relevanceThreshold } = options;
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
  const relevance = relevanceOf(model, relevanceThreshold);
  const trained = trainedOf(model, "users", train);
  const seen = itemsOf(train, () => true);
  const relevant = itemsOf(
    heldOut,
    (at, m, n) => trained[m] === 1 && isPositive(relevance, heldOut.value[at]) && seen.get(m)?.has(n) !== true,
  );
  const gaps = gapsOf(model, train, heldOut);
  const users = [...relevant.keys()].sort((a, b) => compareIds(model.users.rawAt(a), model.users.rawAt(b)));
  if (users.length === 0) throw nobodyLeft(heldOut.count, relevance, gaps);
  const listed = Uint8Array.from(model.items.raw.keys(), (n) => Number(model.listsAt(n, options.coldItems)));
  return { k, alpha, relevance, gaps, listed: (n) => listed[n] === 1, users, seen, relevant };
}

/** The error of held-out ratings that leave no user to measure by. */
export function nobodyLeft(ratings: number, relevance: Relevance, { unknown, cold }: Gaps): RatingsError {
  return new RatingsError(
    `no user is left to measure lists by: of ${howMany(ratings, "held-out rating")} ${grouped(unknown.ratings)} ${plural(unknown.ratings, "is", "are")} of users or items that the model does not know, ` +
      `${grouped(cold.ratings)} of such without a training rating, and of the others none is ${relevanceText(relevance)} and new to its user`,
    { remedy: "hold out ratings of users that the model was trained on, or lower relevanceThreshold" },
  );
}

const scoresOf = ({ parameters }: FactorModel, m: number, alpha: number): Float64Array =>
  scoreItems(parameters.userFactors.subarray(m * parameters.factors, (m + 1) * parameters.factors), parameters, alpha);

function metricsOf(
  model: FactorModel,
  { k, alpha, relevance, gaps, listed: allowed, users, seen, relevant }: Wanted,
  { auc: withAuc = true, perUser: withEach = false }: RankingOptions,
  listOf: (m: number, at: number) => ArrayLike<number>,
): RankingMetrics {
  const listed = new Set<number>();
  const each = users.map((m, at): UserRanking => {
    const wanted = relevant.get(m)!;
    const list = Array.from(listOf(m, at));
    for (const item of list) listed.add(item);
    const left = seen.get(m);
    const auc = withAuc ? aucOfScores(scoresOf(model, m, alpha), wanted, (item) => allowed(item) && left?.has(item) !== true) : NaN;
    return { user: model.users.rawAt(m), relevant: wanted.size, ...listValues(list, wanted, k), auc };
  });
  const means = meansOf(each);
  const metrics = { k, relevance, users: users.length, ...means, coverage: listed.size / model.items.size, gaps };
  return withEach ? { ...metrics, perUser: each } : metrics;
}

/** Means over users, of the AUC over those that have one. */
export function meansOf(each: readonly RankingValues[]): RankingValues {
  const mean = (of: (values: RankingValues) => number): number => {
    const values = each.map(of).filter((value) => !Number.isNaN(value));
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return {
    precision: mean(({ precision }) => precision),
    cappedPrecision: mean(({ cappedPrecision }) => cappedPrecision),
    recall: mean(({ recall }) => recall),
    ndcg: mean(({ ndcg }) => ndcg),
    map: mean(({ map }) => map),
    mrr: mean(({ mrr }) => mrr),
    hitRate: mean(({ hitRate }) => hitRate),
    auc: mean(({ auc }) => auc),
  };
}

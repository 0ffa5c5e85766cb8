// Metrics of probabilities against 0/1 data.

import { OptionsError } from "../errors.js";
import { type FactorModel, MODEL_KIND } from "../models/factor-model.js";
import { checkArguments } from "../options.js";
import { weightAt } from "../ratings/rating-columns.js";
import { type Ratings, RATINGS_KIND } from "../ratings/ratings.js";
import { weightOfAll } from "../ratings/weights.js";
import { indicesIn } from "../ratings/ids.js";
import { valuesFor } from "./accuracy.js";

/** How well probabilities fit 0/1 data: ratings, and pairs of them, by weight where they have weights. */
export interface BinaryMetrics {
  /** Mean of −[d log p + (1 − d) log(1 − p)], nats; probabilities are kept 1e-15 away from 0 and 1. */
  readonly logLoss: number;
  /**
   * Area under the ROC curve: the share of pairs of a positive and a negative in which the positive scores higher,
   * ties counting half.
   */
  readonly auc: number;
  /** Mean over users with both kinds of the AUC within the user; NaN when none has. */
  readonly userAuc: number;
  /** Ratings whose user or item the model does not know: predicted without the terms of these. */
  readonly unknown: number;
}

/**
 * @param ratings values of 0 and 1, or those that the model's `positiveThreshold` makes 0 and 1.
 * @throws OptionsError when the model gives no probabilities; RatingsError when it does not know which ratings are
 *   positive.
 */
export function binaryMetrics(model: FactorModel, ratings: Ratings): BinaryMetrics {
  checkArguments("binaryMetrics", { model: [model, MODEL_KIND], ratings: [ratings, RATINGS_KIND] });
  if (model.predicts !== "probability")
    throw new OptionsError(`a model of ${model.model} gives no probabilities`, { remedy: "train a model of logistic" });
  const values = valuesFor(model, ratings);
  const users = indicesIn(model.users, ratings.users);
  const items = indicesIn(model.items, ratings.items);
  const scores = Float64Array.from({ length: ratings.count }, (_, at) => model.predictAt(users[ratings.user[at]], items[ratings.item[at]]));
  const weightOf = (at: number): number => weightAt(ratings, at);
  let [loss, unknown] = [0, 0];
  for (let at = 0; at < ratings.count; at++) {
    if (users[ratings.user[at]] < 0 || items[ratings.item[at]] < 0) unknown++;
    const p = Math.min(1 - 1e-15, Math.max(1e-15, scores[at]));
    loss -= weightOf(at) * (values[at] === 1 ? Math.log(p) : Math.log(1 - p));
  }
  const byUser = new Map<number, number[]>();
  for (let at = 0; at < ratings.count; at++) {
    const list = byUser.get(ratings.user[at]);
    if (list) list.push(at);
    else byUser.set(ratings.user[at], [at]);
  }
  const each = [...byUser.values()].map((rows) => aucOf(rows, scores, values, weightOf)).filter((auc) => !Number.isNaN(auc));
  return {
    logLoss: loss / weightOfAll(ratings),
    auc: aucOf(
      Array.from({ length: ratings.count }, (_, at) => at),
      scores,
      values,
      weightOf,
    ),
    userAuc: each.reduce((sum, auc) => sum + auc, 0) / each.length,
    unknown,
  };
}

/** Pairs of a positive and a lower negative, equals counting half, by all pairs. NaN unless there are both kinds. */
function aucOf(rows: readonly number[], scores: Float64Array, values: Float32Array, weightOf: (at: number) => number): number {
  const sorted = [...rows].sort((a, b) => scores[a] - scores[b]);
  let [positives, negatives, pairs] = [0, 0, 0];
  for (let from = 0; from < sorted.length;) {
    const equal = { positives: 0, negatives: 0 };
    let to = from;
    for (; to < sorted.length && scores[sorted[to]] === scores[sorted[from]]; to++)
      equal[values[sorted[to]] === 1 ? "positives" : "negatives"] += weightOf(sorted[to]);
    pairs += equal.positives * (negatives + equal.negatives / 2);
    positives += equal.positives;
    negatives += equal.negatives;
    from = to;
  }
  return pairs / (positives * negatives);
}

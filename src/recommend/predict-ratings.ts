// Predictions of many pairs at once, and what becomes of users and items that the model does not know.

import { checkArguments, checkOptions, namesOf, oneOf } from "../options.js";
import { type FactorModel, MODEL_KIND } from "../models/factor-model.js";
import { type Ratings, RATINGS_KIND } from "../ratings/ratings.js";

/** What `predictRatings` predicts. */
export interface PredictedRatings {
  /** Row numbers of the ratings that are predicted, ascending. */
  readonly row: Uint32Array;
  /** Their predictions, rating units, beside them; of `logistic` probabilities. */
  readonly predicted: Float64Array;
  /** Rows with an unknown user or item: left out under "drop", predicted from what is known under "mean". */
  readonly cold: number;
}

/** How pairs are predicted. */
export interface PredictRatingsOptions {
  /**
   * What becomes of a pair whose user or item the model does not know, neither by ratings nor by
   * features: "error" (default) throws, as in `predict`, "mean" predicts it by the global mean and the bias that is
   * known, "drop" leaves it out. Spark's `coldStartStrategy`.
   */
  readonly coldStart?: "error" | "mean" | "drop" | undefined;
}

const PREDICT_RATINGS_NAMES = namesOf<PredictRatingsOptions>({ coldStart: oneOf("error", "mean", "drop") });

/**
 * Predicts the pairs of some ratings, whose values do not matter. Of a pair that comes twice, readers and
 * `Ratings.from` keep one.
 *
 * @throws OptionsError; UnknownIdError for the first that the model does not know, unless `coldStart` says otherwise.
 */
export function predictRatings(model: FactorModel, ratings: Ratings, options: PredictRatingsOptions = {}): PredictedRatings {
  checkArguments("predictRatings", { model: [model, MODEL_KIND], ratings: [ratings, RATINGS_KIND] });
  checkOptions("predictRatings", options, PREDICT_RATINGS_NAMES);
  const { coldStart = "error" } = options;
  const knownUsers = ratings.users.raw.map((id) => model.knows("users", id));
  const knownItems = ratings.items.raw.map((id) => model.knows("items", id));
  const row: number[] = [];
  const predicted: number[] = [];
  let cold = 0;
  for (let at = 0; at < ratings.count; at++) {
    const [m, n] = [ratings.user[at], ratings.item[at]];
    const known = knownUsers[m] && knownItems[n];
    if (!known) cold++;
    if (!known && coldStart === "drop") continue;
    row.push(at);
    predicted.push(model.predict(ratings.users.rawAt(m), ratings.items.rawAt(n), { coldStart: coldStart === "error" ? "error" : "mean" }));
  }
  return { row: Uint32Array.from(row), predicted: Float64Array.from(predicted), cold };
}

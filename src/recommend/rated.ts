// A few ratings of someone, as callers give them: pairs or objects, checked against the model's items and scale.

import { OptionsError, RatingsError } from "../errors.js";
import type { Predicted } from "../models/predictions.js";
import type { ModelName } from "../models/registry.js";
import { hasPart, LIST } from "../options.js";
import { type Ids, knownIndex, type RawId } from "../ratings/ids.js";
import type { RatingStatistics } from "../ratings/rating-columns.js";
import { remedyForRating } from "../ratings/rows.js";
import { shown } from "../shown.js";
import { isWeight, LARGEST_WEIGHT } from "../ratings/largest-rating.js";
import type { FewRatings } from "./fold-in.js";

/** An item that somebody has rated, the rating, and how often it counts: once where that is left out. */
export type RatedPair = readonly [item: RawId, rating: number, weight?: number | undefined];

/** A rating of an item: as a pair, or by name, with a weight where it counts other than once. */
export type Rated =
  | RatedPair
  | { readonly item: RawId; readonly rating: number; readonly weight?: number | undefined }
  | readonly (string | number)[];

/** What of a model ratings are checked against. */
interface Rateable {
  readonly model: ModelName;
  readonly predicts: Predicted;
  readonly items: Ids;
  readonly statistics: RatingStatistics;
}

/** Of an item, its rating and its weight. */
const MOST_CELLS = 3;
const SHAPE = "give a list of [item, rating] or { item, rating }";

/**
 * Ratings by the model's indices. Of an item rated twice the last rating counts; one of weight 0 does not.
 *
 * @throws OptionsError for what is no list; RatingsError for what is no rating or no weight, or lies beyond the scale
 *   of the training ratings; UnknownIdError.
 */
export function checkedRatings(where: string, model: Rateable, rated: Iterable<Rated>): FewRatings {
  if (!LIST.holds(rated)) {
    const remedy = hasPart(rated, "ratedBy")
      ? "ratings.ratedBy(user) gives those of one user"
      : hasPart(rated, "user")
        ? "options come behind the ratings, which ratings.ratedBy(user) gives of one user"
        : SHAPE;
    throw new OptionsError(`${where} takes a list of ratings as rated, not ${shown(rated)}`, { remedy });
  }
  const values = new Map<number, readonly [rating: number, weight: number]>();
  let isWeighted = false;
  for (const [item, rating, weight = 1] of pairsOf(rated)) {
    if (!isWeight(weight)) throw new RatingsError(`the weight of item ${item}'s rating is ${weight}, not from 0 to ${LARGEST_WEIGHT}`);
    checkOnScale(model, rating, () => `the rating of item ${shown(item)}`);
    const index = knownIndex(model.items, item, "item");
    if (weight > 0) values.set(index, [rating, weight]);
    isWeighted ||= weight !== 1;
  }
  return {
    index: Uint32Array.from(values.keys()),
    value: Float32Array.from(values.values(), ([rating]) => rating),
    weight: isWeighted ? Float32Array.from(values.values(), ([, weight]) => weight) : undefined,
  };
}

function* pairsOf(rated: Iterable<Rated>): Generator<RatedPair> {
  let number = 0;
  for (const one of rated) {
    number++;
    if (typeof one !== "object" || one === null) throw new RatingsError(`rating ${number} is ${shown(one)}`, { remedy: SHAPE });
    if (Array.isArray(one) && one.length > MOST_CELLS)
      throw new RatingsError(`rating ${number} is ${shown(one)}: it has ${one.length} cells`, {
        remedy: `${SHAPE}, each with a weight or without: whose they are is not said`,
      });
    const { item, rating, weight } = (Array.isArray(one) ? { item: one[0], rating: one[1], weight: one[2] } : one) as Partial<
      Record<string, unknown>
    >;
    if (item === undefined || rating === undefined)
      throw new RatingsError(`rating ${number} is ${shown(one)}: there is no ${item === undefined ? "item" : "rating"}`, { remedy: SHAPE });
    if (typeof rating !== "number" || !Number.isFinite(rating)) {
      throw new RatingsError(`the rating of item ${shown(item)} is ${shown(rating)}, not a number`, {
        remedy: remedyForRating(rating) ?? SHAPE,
      });
    }
    yield [item as RawId, rating, weight as number | undefined];
  }
}

/**
 * The same to fold someone in by.
 *
 * @throws as `checkedRatings`; RatingsError where the model takes only ratings above 0 for liked, and there is none.
 */
export function fewRatings(where: string, model: Rateable, rated: Iterable<Rated>): FewRatings {
  const few = checkedRatings(where, model, rated);
  if (model.predicts === "preference" && few.value.length > 0 && !few.value.some((value) => value > 0)) {
    throw new RatingsError(
      `none of the ratings is above 0: ${model.model} takes only those above 0 for liked, and knows nothing of who has none`,
      { remedy: "give counts, or other feedback that is above 0 where something is liked" },
    );
  }
  return few;
}

/**
 * Refuses ratings on another scale than the training ratings', which may lack the ends of theirs: half of the width
 * beyond them is taken.
 *
 * @throws RatingsError
 */
export function checkOnScale({ predicts, statistics: { minimum, maximum } }: Rateable, rating: number, what: () => string): void {
  const beyond = (maximum - minimum) / 2;
  if (predicts !== "rating" || beyond === 0 || (rating >= minimum - beyond && rating <= maximum + beyond)) return;
  throw new RatingsError(
    `${what()} is ${rating}, and those that the model was trained on go from ${minimum} to ${maximum}: ` +
      `it takes ratings from ${minimum - beyond} to ${maximum + beyond}`,
    { remedy: "give ratings on the scale of the training ratings" },
  );
}

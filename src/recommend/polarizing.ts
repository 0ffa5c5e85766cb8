// Items that divide opinion: a long v moves predictions far up for some users and far down for others.

import { type FactorModel, MODEL_KIND } from "../models/factor-model.js";
import type { RawId } from "../ratings/ids.js";
import { topScored } from "./score.js";
import { checkArguments, checkOptions, namesOf, numberFrom, wholeFrom } from "../options.js";

/** An item and the length of its factors. */
export interface ItemLength {
  readonly id: RawId;
  readonly title: string;
  /** |v|. */
  readonly length: number;
  /** Ratings of the item in training. */
  readonly ratings: number;
}

/** The items on which tastes differ most, and least. */
export interface PolarizingItems {
  /** Longest v first. */
  readonly most: readonly ItemLength[];
  /** Shortest v first. */
  readonly least: readonly ItemLength[];
}

/** Which items are listed. */
export interface PolarizingOptions {
  /** Items in each list. Default 10. */
  readonly n?: number | undefined;
  /** Default 50. */
  readonly minimumRatings?: number | undefined;
}

const POLARIZING_NAMES = namesOf<PolarizingOptions>({ n: wholeFrom(1), minimumRatings: numberFrom(0) });

/**
 * The items with the longest and the shortest factors. Those with few ratings are left out:
 * their factors have not left the prior.
 */
export function polarizingItems(model: FactorModel, options: PolarizingOptions = {}): PolarizingItems {
  checkArguments("polarizingItems", { model: [model, MODEL_KIND] });
  checkOptions("polarizingItems", options, POLARIZING_NAMES);
  const { n = 10, minimumRatings = 50 } = options;
  const lengths = itemLengths(model);
  const enough = (item: number): boolean => model.itemCounts[item] >= minimumRatings;
  const described = (item: number): ItemLength => {
    const id = model.items.rawAt(item);
    return { id, title: model.catalogue.title(id), length: lengths[item], ratings: model.itemCounts[item] };
  };
  return {
    most: topScored(lengths, n, enough, model.itemPlaces).map(described),
    least: topScored(
      lengths.map((length) => -length),
      n,
      enough,
      model.itemPlaces,
    ).map(described),
  };
}

/** |v| of every item, [N]; of `gibbs` the root mean square over its draws. */
export function itemLengths(model: FactorModel): Float64Array {
  checkArguments("itemLengths", { model: [model, MODEL_KIND] });
  const { factors: K, itemFactors, itemBiases, draws } = model.parameters;
  const share = 1 / (draws?.length ?? 1);
  return Float64Array.from(itemBiases, (_, item) => {
    let squares = 0;
    for (let at = item * K; at < (item + 1) * K; at++) squares += itemFactors[at] ** 2;
    return Math.sqrt(share * squares);
  });
}

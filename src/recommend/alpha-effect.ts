// What the weight α of the item biases does to recommendations:
// the smaller, the more they follow the taste of each user, and the less what everybody likes.

import { OptionsError } from "../errors.js";
import { checkArguments, checkOptions, listOf, namesOf, NUMBER, numberFrom, wholeFrom } from "../options.js";
import { type FactorModel, MODEL_KIND } from "../models/factor-model.js";
import { scoreItems, topScored } from "./score.js";

/** What the lists of all users are like at one weight of the item biases. */
export interface AlphaEffect {
  readonly alpha: number;
  /** Different items listed: the fewer, the more the lists of all users are alike. */
  readonly items: number;
  /** Mean over the lists' places of the item's bias, rating units: how much better than the mean everybody likes it. */
  readonly meanBias: number;
  /** Median over the lists' places of the item's ratings in training. */
  readonly medianRatings: number;
  /** Share of the lists' places that the most rated tenth of the items takes. */
  readonly shareOfPopular: number;
}

/** Which weights are tried, on which lists. */
export interface AlphaEffectOptions {
  /** Default 0, 0.02, 0.1, 0.3, 1, 2. */
  readonly alphas?: readonly number[] | undefined;
  /** Length of the lists. Default 10. */
  readonly n?: number | undefined;
  /** Users that lists are made for, evenly among all. Default 200. */
  readonly users?: number | undefined;
  /** Fewest ratings of a listed item. Default 10: below it, what stands in a list is chance. */
  readonly minimumRatings?: number | undefined;
}

const ALPHA_NAMES = namesOf<AlphaEffectOptions>({
  alphas: listOf(NUMBER, "a list of numbers"),
  n: wholeFrom(1),
  users: wholeFrom(1),
  minimumRatings: numberFrom(0),
});

/**
 * Ranks by u·v + α b for some users at several α, leaving out what they have rated where the model knows it.
 *
 * @throws OptionsError when K = 0 or there are no item biases, as in `implicit`: α changes no order then.
 */
export function alphaEffect(model: FactorModel, options: AlphaEffectOptions = {}): AlphaEffect[] {
  checkArguments("alphaEffect", { model: [model, MODEL_KIND] });
  checkOptions("alphaEffect", options, ALPHA_NAMES);
  const { alphas = [0, 0.02, 0.1, 0.3, 1, 2], n = 10, users = 200, minimumRatings = 10 } = options;
  const { parameters, itemCounts } = model;
  const { factors: K, userFactors } = parameters;
  if (K === 0) throw new OptionsError("a model without factors ranks alike at every α", { remedy: "train with factors of 1 or more" });
  if (!model.hasItemBiases)
    throw new OptionsError("a model without item biases ranks alike at every α", { remedy: "look at a model that predicts ratings" });
  const M = model.users.size;
  const sample = Array.from({ length: Math.min(users, M) }, (_, at) => Math.floor((at * M) / Math.min(users, M)));
  const popular = Uint32Array.from(itemCounts).sort()[Math.floor(itemCounts.length * 0.9)];
  return alphas.map((alpha) => {
    const listed = sample.flatMap((m) => {
      const left = model.ratedAt(m);
      const scores = scoreItems(userFactors.subarray(m * K, (m + 1) * K), parameters, alpha);
      return topScored(scores, n, (item) => itemCounts[item] >= minimumRatings && !left?.has(item), model.itemPlaces);
    });
    const counts = listed.map((item) => itemCounts[item]).sort((a, b) => a - b);
    return {
      alpha,
      items: new Set(listed).size,
      meanBias: listed.reduce((sum, item) => sum + parameters.itemBiases[item], 0) / listed.length,
      medianRatings: counts.length > 0 ? counts[counts.length >> 1] : NaN,
      shareOfPopular: counts.filter((count) => count > popular).length / counts.length,
    };
  });
}

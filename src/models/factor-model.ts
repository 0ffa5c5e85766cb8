// A trained model: parameters, the ids and catalogue they belong to, and what a user asks of them.

import type { Catalogue } from "../ratings/catalogue.js";
import type { Ids } from "../ratings/ids.js";
import type { RatingStatistics } from "../ratings/ratings.js";
import type { AlsHyperparameters } from "./als.js";
import type { Parameters } from "./parameters.js";

/** Items that each user has rated, as rows of ascending item indices: what `recommend` leaves out. */
export interface SeenItems {
  readonly start: Uint32Array;
  readonly items: Uint32Array;
}

/** Everything a model file holds. */
export interface FactorModelParts {
  readonly model: "als";
  readonly hyperparameters: AlsHyperparameters;
  readonly parameters: Parameters;
  readonly users: Ids;
  readonly items: Ids;
  readonly catalogue: Catalogue;
  /** Of the training ratings. */
  readonly statistics: RatingStatistics;
  /** Ratings of every item in training, [N]: popularity, and the support of an item's factors. */
  readonly itemCounts: Uint32Array;
  readonly seen?: SeenItems | undefined;
}

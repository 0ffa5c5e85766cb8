// A preset for whom the most accurate predictions are worth their time: gibbs with all side information that there is.

import { checkArguments } from "../options.js";
import { FeatureTable } from "../ratings/features.js";
import { type Ratings, RATINGS_KIND } from "../ratings/ratings.js";
import type { FitOptionsOf } from "./fit.js";

/** What a preset chose. */
export interface Preset {
  /** For `fit`. */
  readonly options: FitOptionsOf<"gibbs">;
  /** What was chosen, and by what, in a sentence. */
  readonly chosen: string;
}

/** Tables of features that go with the ratings, beside genres and rated sets. */
export interface PresetTables {
  readonly users?: FeatureTable | undefined;
  readonly items?: FeatureTable | undefined;
}

/** Factors by the number of ratings that they are learned from: the first that is not more. */
const FACTORS = [
  [1_000_000, 10],
  [10_000_000, 20],
  [Infinity, 30],
] as const;
/** Beyond this many ratings a sweep is dear, and the average of fewer draws has to do. */
const MANY_RATINGS = 5_000_000;
const [SWEEPS, FEWER_SWEEPS] = [100, 50];
/** Beyond this many ratings rated sets take longer than the rest of the training. */
const MOST_RATED = 20_000_000;

/**
 * The options of the most accurate model that needs no tuning: `gibbs` with genres where the data name them, the tables
 * given, and the rated sets of both sides; factors and sweeps by the number of ratings.
 *
 * @param ratings those that are trained on.
 */
export function accurate(ratings: Ratings, { users, items }: PresetTables = {}): Preset {
  checkArguments("accurate", { ratings: [ratings, RATINGS_KIND] });
  const factors = FACTORS.find(([most]) => ratings.count <= most)![1];
  const sweeps = ratings.count > MANY_RATINGS ? FEWER_SWEEPS : SWEEPS;
  const rated = ratings.count <= MOST_RATED ? [FeatureTable.ratedSets()] : [];
  const hasGenres = ratings.items.raw.some((id) => (ratings.catalogue.get(id)?.genres.length ?? 0) > 0);
  const ofItems = [...(hasGenres ? [FeatureTable.genres(ratings.catalogue)] : []), ...(items ? [items] : []), ...rated];
  const ofUsers = [...(users ? [users] : []), ...rated];
  const kinds = [
    ...(hasGenres ? ["genres"] : []),
    ...(items ? ["features of items"] : []),
    ...(users ? ["features of users"] : []),
    ...(rated.length > 0 ? ["who rated what"] : []),
  ];
  return {
    options: {
      model: "gibbs",
      factors,
      sweeps,
      ...(ofItems.length > 0 && { itemFeatures: FeatureTable.join(ofItems) }),
      ...(ofUsers.length > 0 && { userFeatures: FeatureTable.join(ofUsers) }),
    },
    chosen: `gibbs with ${factors} factors and ${sweeps} sweeps, by the ${ratings.count.toLocaleString("en")} ratings${kinds.length > 0 ? `; side information: ${kinds.join(", ")}` : ""}`,
  };
}

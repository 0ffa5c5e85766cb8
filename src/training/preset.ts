// A preset for whom the most accurate predictions are worth their time: gibbs with all side information that there is.

import { checkArguments, checkOptions, namesOf, wholeFrom } from "../options.js";
import { FeatureTable, FEATURES_KIND } from "../ratings/features.js";
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

/** What is not left to the preset. */
export type PresetGiven = Pick<FitOptionsOf<"gibbs">, "factors" | "sweeps" | "itemFeatures" | "userFeatures">;

const TABLE_NAMES = namesOf<PresetTables>({ users: FEATURES_KIND, items: FEATURES_KIND });
const GIVEN_NAMES = namesOf<PresetGiven>({
  factors: wholeFrom(0),
  sweeps: wholeFrom(0),
  itemFeatures: FEATURES_KIND,
  userFeatures: FEATURES_KIND,
});

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
 * @param given   what is chosen already: features given for a side are all that it has.
 */
export function accurate(ratings: Ratings, tables: PresetTables = {}, given: PresetGiven = {}): Preset {
  checkArguments("accurate", { ratings: [ratings, RATINGS_KIND] });
  checkOptions("accurate's tables", tables, TABLE_NAMES);
  checkOptions("accurate", given, GIVEN_NAMES);
  const { users, items } = tables;
  const { factors = FACTORS.find(([most]) => ratings.count <= most)![1], sweeps = ratings.count > MANY_RATINGS ? FEWER_SWEEPS : SWEEPS } =
    given;
  const rated = ratings.count <= MOST_RATED ? [FeatureTable.ratedSets()] : [];
  const hasGenres = ratings.items.raw.some((id) => (ratings.catalogue.get(id)?.genres.length ?? 0) > 0);
  const genres = hasGenres ? [FeatureTable.genres(ratings.catalogue)] : [];
  const ofItems = given.itemFeatures ? [given.itemFeatures] : [...genres, ...(items ? [items] : []), ...rated];
  const ofUsers = given.userFeatures ? [given.userFeatures] : [...(users ? [users] : []), ...rated];
  const joined = (tables: readonly FeatureTable[]): FeatureTable | undefined => (tables.length > 0 ? FeatureTable.join(tables) : undefined);
  const [itemFeatures, userFeatures] = [joined(ofItems), joined(ofUsers)];
  const kinds = [
    ...(ofItems.includes(genres[0]) ? ["genres"] : []),
    ...(given.itemFeatures?.names.length || ofItems.includes(items!) ? ["features of items"] : []),
    ...(given.userFeatures?.names.length || ofUsers.includes(users!) ? ["features of users"] : []),
    ...(itemFeatures?.rated || userFeatures?.rated ? ["who rated what"] : []),
  ];
  const by = `by the ${ratings.count.toLocaleString("en")} ratings`;
  return {
    options: {
      model: "gibbs",
      factors,
      sweeps,
      ...(itemFeatures && { itemFeatures }),
      ...(userFeatures && { userFeatures }),
    },
    chosen: `gibbs with ${sizes(factors, sweeps, given, by)}${kinds.length > 0 ? `; side information: ${kinds.join(", ")}` : ""}`,
  };
}

/** Factors and sweeps in words, and what each is by. */
function sizes(factors: number, sweeps: number, given: PresetGiven, by: string): string {
  const [ofFactors, ofSweeps] = [given.factors, given.sweeps].map((value) => (value === undefined ? by : "as given"));
  return ofFactors === ofSweeps
    ? `${factors} factors and ${sweeps} sweeps, ${ofFactors}`
    : `${factors} factors, ${ofFactors}, and ${sweeps} sweeps, ${ofSweeps}`;
}

// A trained model: parameters, the ids and catalogue they belong to, and what a user asks of them.

import { OptionsError, UnknownIdError } from "../errors.js";
import type { Catalogue } from "../ratings/catalogue.js";
import { type Ids, knownIndex, type RawId, toRawId } from "../ratings/ids.js";
import { nearIds } from "../ratings/near.js";
import { grouped, shown } from "../shown.js";
import type { FeatureTables } from "../ratings/features.js";
import type { RatingStatistics } from "../ratings/ratings.js";
import { itemsSeen, type SeenItems } from "../ratings/seen.js";
import {
  checkArguments,
  checkOptions,
  FUNCTION,
  hasPart,
  type Kind,
  namesOf,
  NUMBER,
  numberFrom,
  oneOf,
  SWITCH,
  TEXT,
  WHOLE,
  wholeFrom,
} from "../options.js";
import { rowGram } from "../engine/reference/normal-equations.js";
import type { Engine } from "../engine/engine.js";
import { ENGINE_KIND } from "../engine/engine-kind.js";
import { type Entity, type FewRatings, foldIn, openCovariances } from "../recommend/fold-in.js";
import { fewRatings, type Rated } from "../recommend/rated.js";
import { foldInOn } from "../recommend/fold-in-on.js";
import { covarianceAt, type SampledScores, sampleScores } from "../recommend/posterior.js";
import { type Predictive, predictiveBetween } from "../recommend/predictive.js";
import { priorEntity, priorMeans } from "../recommend/prior-means.js";
import { cosines, placesAmongEquals, scoreItems, topScored } from "../recommend/score.js";
import { type Parameters, predictRating, rowsOf } from "./parameters.js";
import type { Predicted } from "./predictions.js";
import { definitionOf, featuredModels, type Hyperparameters, type ModelName } from "./registry.js";
import type { ModelDefinition } from "./training.js";

/** Where the training ratings came from, so that they can be read and split again alike. */
export interface ModelSource {
  /** A path, from the model file's folder where it lies within; the name of a known set; null for invented ratings. */
  readonly path: string | null;
  /** Options of the command line, by which they were read and split. */
  readonly reading: { readonly [option: string]: unknown };
  readonly split: { readonly [option: string]: unknown };
  /** How many there were, held-out ones among them. */
  readonly ratings: number;
  /** What tells them from others, in whatever order of rows; files of versions before this one do not have it. */
  readonly fingerprint?: string | undefined;
}

/** Everything a model file holds. */
export interface FactorModelParts<M extends ModelName = ModelName> {
  readonly model: M;
  readonly hyperparameters: Hyperparameters;
  readonly parameters: Parameters;
  readonly users: Ids;
  readonly items: Ids;
  readonly catalogue: Catalogue;
  /** Whose factors are in `parameters.features`. */
  readonly features?: FeatureTables | undefined;
  /** Of the training ratings. */
  readonly statistics: RatingStatistics;
  /** Ratings of every item in training, [N]: popularity, and the support of an item's factors. */
  readonly itemCounts: Uint32Array;
  /** Items that each user has rated in training. */
  readonly seen?: SeenItems | undefined;
  /** Those that each user has rated in ratings held out of training, where lists are to leave them out as well. */
  readonly heldOut?: SeenItems | undefined;
  /** Where the ratings came from, when that is known. */
  readonly source?: ModelSource | undefined;
}

/** An item of a list. */
export interface ListedItem {
  readonly id: RawId;
  readonly title: string;
  readonly genres: readonly string[];
  /** What the list is ordered by: u·v + αb, or the cosine for similar items. */
  readonly score: number;
  /** Ratings of the item in training. */
  readonly ratings: number;
}

/** An item of a list for somebody. */
export interface Recommendation extends ListedItem {
  /** Predicted rating, rating units; of models of other things what `predict` gives. */
  readonly predicted: number;
  /** Standard deviation of a rating around it, rating units; of models that know it (`vb`, `gibbs`). */
  readonly deviation?: number;
}

/** The same of a model whose name is known: lists of `vb` and `gibbs` have deviations. */
export type RecommendationOf<M extends ModelName> = Recommendation &
  ([M] extends ["vb" | "gibbs"] ? { readonly deviation: number } : unknown);

/** Which similar items are listed. */
export interface SimilarItemsOptions extends Pick<RecommendOptions, "n" | "filter"> {
  /** Fewest training ratings of a listed item. Default 1. */
  readonly minimumRatings?: number | undefined;
}

/** Which similar users are listed. */
export interface SimilarUsersOptions {
  /** Default 10. */
  readonly n?: number | undefined;
  /** Fewest training ratings of a listed user. Default 1, where the model holds what its users have rated. */
  readonly minimumRatings?: number | undefined;
}

/** A user of a list. */
export interface SimilarUser {
  readonly id: RawId;
  /** The cosine of their factors. */
  readonly score: number;
  /** Ratings in training, where the model holds them. */
  readonly ratings?: number;
}

/** How a rating is predicted. */
export interface PredictOptions {
  /** "mean" leaves an unknown user's or item's terms out; "error" (default) throws. */
  readonly coldStart?: "error" | "mean" | undefined;
}

/** How a list is made. */
export interface RecommendOptions {
  /** Items to list. Default 10. */
  readonly n?: number | undefined;
  /** Weight of the item biases in the score; 0.02 all but ignores popularity. Default 1. */
  readonly alpha?: number | undefined;
  /** Whether items without ratings are listed too, by their features. Default false. */
  readonly coldItems?: boolean | undefined;
  /** Whether items that the user has rated are left out. Default true. */
  readonly filterSeen?: boolean | undefined;
  /** Keeps the items for which it returns true. */
  readonly filter?: ((id: RawId) => boolean) | undefined;
  /**
   * Thompson sampling (`vb`): scores are drawn from the posterior with this seed,
   * so that items the model is unsure of are tried too. Default: the posterior mean.
   */
  readonly thompsonSeed?: number | undefined;
}

const SIDE = oneOf("users", "items");
/** Places of a list, unless options say otherwise. */
const DEFAULT_COUNT = 10;
const PREDICT_NAMES = namesOf<PredictOptions>({ coldStart: oneOf("error", "mean") });
/** Where conditions on items, which lists do not take by themselves, are options. */
export const whereElse = (name: string): string | undefined =>
  CONDITIONS.has(name) ? `itemFilter: filter takes what itemFilter(model, { ${name}: … }) gives` : undefined;
const CONDITIONS: ReadonlySet<string> = new Set(["genres", "fromYear", "toYear", "minimumRatings", "include", "exclude", "where"]);

/** A filter of items, where conditions are at hand instead. */
export const FILTER: Kind = {
  ...FUNCTION,
  remedy: (value) => (typeof value === "object" ? "itemFilter(model, { genres: … }) makes one of conditions" : undefined),
};
const LIST_NAMES = { n: wholeFrom(1), alpha: NUMBER, coldItems: SWITCH, filter: FILTER, thompsonSeed: WHOLE } as const;
const RECOMMEND_NAMES = namesOf<RecommendOptions>({ ...LIST_NAMES, filterSeen: SWITCH });
const RECOMMEND_FOR_NAMES = namesOf<Omit<RecommendOptions, "filterSeen">>(LIST_NAMES);
const SIMILAR_ITEMS_NAMES = namesOf<SimilarItemsOptions>({ n: wholeFrom(1), filter: FILTER, minimumRatings: numberFrom(0) });
const SIMILAR_USERS_NAMES = namesOf<SimilarUsersOptions>({ n: wholeFrom(1), minimumRatings: numberFrom(0) });

/**
 * A trained model, of any kind: predicts, recommends, finds similar items.
 * Users and items are named by the raw ids of the data.
 */
export class FactorModel<M extends ModelName = ModelName> implements FactorModelParts<M> {
  readonly model: M;
  readonly hyperparameters: Hyperparameters;
  readonly parameters: Parameters;
  readonly users: Ids;
  readonly items: Ids;
  readonly catalogue: Catalogue;
  readonly features: FeatureTables | undefined;
  readonly statistics: RatingStatistics;
  readonly itemCounts: Uint32Array;
  readonly seen: SeenItems | undefined;
  readonly heldOut: SeenItems | undefined;
  readonly source: ModelSource | undefined;
  #itemPlaces: Uint32Array | undefined;
  #itemGram: Float64Array | undefined;

  constructor(parts: FactorModelParts<M>) {
    this.model = parts.model;
    this.hyperparameters = parts.hyperparameters;
    this.parameters = parts.parameters;
    this.users = parts.users;
    this.items = parts.items;
    this.catalogue = parts.catalogue;
    this.features = parts.features;
    this.statistics = parts.statistics;
    this.itemCounts = parts.itemCounts;
    this.seen = parts.seen;
    this.heldOut = parts.heldOut;
    this.source = parts.source;
  }

  /** The same model, which knows where its ratings came from. */
  withSource(source: ModelSource): FactorModel<M> {
    return new FactorModel({ ...(this as FactorModelParts<M>), source });
  }

  /**
   * Indices of the items that the user at an index has rated, in training or held out of it, which lists leave out.
   * Undefined where the model does not hold them.
   */
  ratedAt(m: number): Set<number> | undefined {
    const { seen, heldOut } = this;
    return seen && new Set([...itemsSeen(seen, m), ...(heldOut ? itemsSeen(heldOut, m) : [])]);
  }

  /**
   * The predicted rating, rating units, not clamped to the scale: μ + b_m + b_n + u·v.
   * Of `logistic`, the probability σ of a positive.
   *
   * A user or item without ratings whose features the model knows has its prior mean for its factors and bias.
   * docs/models.md, "Side information".
   *
   * @throws UnknownIdError; OptionsError
   */
  predict(user: RawId, item: RawId, options: PredictOptions = {}): number {
    checkOptions("predict", options, PREDICT_NAMES);
    const [coldUser, coldItem] = [this.#cold("users", user), this.#cold("items", item)];
    const isMean = options.coldStart === "mean";
    const m = coldUser || isMean ? this.users.indexOf(user) : this.#userIndex(user);
    const n = coldItem || isMean ? this.items.indexOf(item) : this.#itemIndex(item);
    if (!coldUser && !coldItem) return this.predictAt(m, n);
    return this.#meanBetween(coldUser ?? this.#rowAt("users", m), coldItem ?? this.#rowAt("items", n));
  }

  /** Whether the model can tell something of this user or item: it has ratings, or features that the model knows. */
  knows(side: "users" | "items", id: RawId): boolean {
    checkArguments("knows", { side: [side, SIDE] });
    return this[side].indexOf(id) >= 0 || this.#cold(side, id) !== undefined;
  }

  /** Places of items with equal scores in a list, [N]: those of more ratings first, then those of the lower raw id. */
  get itemPlaces(): Uint32Array {
    return (this.#itemPlaces ??= placesAmongEquals(this.items, this.itemCounts));
  }

  /**
   * VᵀV, [K, K] row-major, the lower triangle: what every fold-in of models over all pairs shares.
   * Added up once, when it is first asked for.
   */
  get itemGram(): Float64Array {
    return (this.#itemGram ??= rowGram(Float64Array.from(this.parameters.itemFactors), this.parameters.factors));
  }

  /** The same where fold-ins need it, of `implicit`; else undefined. */
  get foldInGram(): Float64Array | undefined {
    return this.#definition.overAllPairs ? this.itemGram : undefined;
  }

  /** What `predict` gives: a rating, a preference (`implicit`) or the probability of a positive (`logistic`). */
  get predicts(): Predicted {
    return this.#definition.predicts.of;
  }

  /** Whether items have biases. Where they have none, as in `implicit`, lists are the same at every α. */
  get hasItemBiases(): boolean {
    const mayHave = this.#definition.hasBiases?.(this.hyperparameters) ?? true;
    return mayHave || this.parameters.itemBiases.some((bias) => bias !== 0);
  }

  get #definition(): ModelDefinition<Hyperparameters, unknown> {
    return definitionOf(this.model);
  }

  /** `predict` by dense indices; −1 stands for an unknown user or item, whose terms are left out. */
  predictAt(m: number, n: number): number {
    const { globalMean, userBiases, itemBiases } = this.parameters;
    if (m >= 0 && n >= 0) return this.#definition.predicts.respond(predictRating(this.parameters, m, n));
    return this.#definition.predicts.respond(globalMean + (m >= 0 ? userBiases[m] : 0) + (n >= 0 ? itemBiases[n] : 0));
  }

  /** Whether the model knows how sure its predictions are: `predictive` then gives more than a mean (`vb`, `gibbs`). */
  get knowsSpread(): boolean {
    const { posterior, draws } = this.parameters;
    return posterior !== undefined || draws !== undefined;
  }

  /**
   * The predictive distribution of a rating: its mean, which `predict` gives, and its standard deviation, rating units.
   * About 90 % of ratings lie within 1.645 deviations. docs/models.md, "Predictive distributions".
   *
   * A user or item without ratings whose features the model knows has its prior.
   *
   * @param user none, where the types know the model for a point estimate.
   * @throws UnknownIdError; OptionsError when the model is a point estimate.
   */
  predictive(user: [M & ("vb" | "gibbs")] extends [never] ? never : RawId, item: RawId): Predictive {
    const ofUser = this.#cold("users", user) ?? this.#user(this.#userIndex(user));
    const ofItem = this.#cold("items", item) ?? this.#item(this.#itemIndex(item));
    this.#checkSpread();
    return predictiveBetween(this.parameters, ofUser, ofItem);
  }

  /**
   * `predictive` by dense indices; −1 stands for an unknown user or item, of whom only the prior is known.
   *
   * @throws OptionsError
   */
  predictiveAt(m: number, n: number): Predictive {
    this.#checkSpread();
    const { parameters } = this;
    const user = m >= 0 ? this.#user(m) : priorEntity(parameters, "users");
    return predictiveBetween(parameters, user, n >= 0 ? this.#item(n) : priorEntity(parameters, "items"));
  }

  /**
   * The best items for a user of the training data, best first.
   * Items without a training rating, as a split may leave them, are none of them.
   *
   * @throws UnknownIdError; OptionsError when seen items are to be left out and the model does not hold them.
   */
  recommend(user: RawId, options: RecommendOptions = {}): RecommendationOf<M>[] {
    checkOptions("recommend", options, RECOMMEND_NAMES, whereElse);
    const m = this.#userIndex(user);
    const seen = options.filterSeen === false ? new Set<number>() : this.ratedAt(m);
    if (!seen) {
      throw new OptionsError("this model does not hold which items a user has rated", {
        remedy: "train with keepSeen: true, or give filterSeen: false",
      });
    }
    return this.#list(this.#user(m), seen, options);
  }

  /**
   * The best items for a new user from a few ratings, by fold-in; the rated items are left out.
   *
   * @param rated [item, rating] or { item, rating } by raw ids, each with a weight where it has one; of an
   *   item rated twice, the last rating counts.
   * @throws UnknownIdError; OptionsError; RatingsError for a rating that is not finite, or beyond the scale of the
   *   training ratings by more than half of its width; of `implicit`, where none is above 0.
   */
  recommendFor(rated: Iterable<Rated>, options: Omit<RecommendOptions, "filterSeen"> = {}): RecommendationOf<M>[] {
    checkOptions("recommendFor", options, RECOMMEND_FOR_NAMES, whereElse);
    const few = fewRatings("recommendFor", this, rated);
    return this.#list(this.#foldIn(few), new Set(few.index), options);
  }

  /**
   * The same, with the fold-in on an engine: `als`, `vb` and what shares their objectives are solved where it computes.
   * What an engine would need all items for, `implicit`, is solved here by `itemGram`.
   *
   * @throws as `recommendFor`, and DeviceError.
   */
  async recommendForOn(
    engine: Engine,
    rated: Iterable<Rated>,
    options: Omit<RecommendOptions, "filterSeen"> = {},
  ): Promise<RecommendationOf<M>[]> {
    checkArguments("recommendForOn", { engine: [engine, ENGINE_KIND] });
    checkOptions("recommendForOn", options, RECOMMEND_FOR_NAMES, whereElse);
    const few = fewRatings("recommendForOn", this, rated);
    const means = this.#meansOf(few);
    const user = this.#definition.overAllPairs ? this.#foldIn(few) : await foldInOn(engine, few, this.parameters, this, means);
    return this.#list(user, new Set(few.index), options);
  }

  /**
   * Whether lists may hold the item of an index: where it has a training rating, or, with cold items, features. The
   * factors of any other are the prior's, and say nothing of it.
   */
  listsAt(index: number, coldItems = false): boolean {
    return this.itemCounts[index] > 0 || (coldItems && this.#isFeatured("items", this.items.rawAt(index)));
  }

  /**
   * A predicted rating on the scale of the training ratings: at least their smallest, at most their largest.
   * What models that predict no ratings give stays as it is.
   */
  clipped(predicted: number): number {
    const { minimum, maximum } = this.statistics;
    return this.predicts === "rating" ? Math.min(maximum, Math.max(minimum, predicted)) : predicted;
  }

  /**
   * The items whose factors point the same way, by cosine, best first.
   *
   * @throws UnknownIdError, also for an item without a training rating or features; OptionsError when K = 0.
   */
  similarItems(item: RawId, options: SimilarItemsOptions = {}): ListedItem[] {
    checkOptions("similarItems", options, SIMILAR_ITEMS_NAMES, whereElse);
    if (this.parameters.factors === 0)
      throw new OptionsError("a model without factors knows no similar items", { remedy: "train with factors of 1 or more" });
    const n = this.#itemIndex(item);
    if (!this.listsAt(n, true)) throw nothingLike("item", item);
    const scores = cosines(n, this.parameters);
    const enough = options.minimumRatings ?? 1;
    const allowed = (index: number): boolean => index !== n && this.itemCounts[index] >= enough && this.#passes(index, options.filter);
    return topScored(scores, options.n ?? DEFAULT_COUNT, allowed, this.itemPlaces).map((index) => this.#describe(index, scores[index]));
  }

  /**
   * The users whose factors point the same way, by cosine, most alike first,
   * of equals those of more ratings and then of the lower raw id.
   *
   * @throws UnknownIdError, also for a user who is known to have no training rating and no features; OptionsError when
   *   K = 0, and when ratings are to be counted and the model does not hold them.
   */
  similarUsers(user: RawId, options: SimilarUsersOptions = {}): SimilarUser[] {
    checkOptions("similarUsers", options, SIMILAR_USERS_NAMES);
    const { parameters, seen, users } = this;
    if (parameters.factors === 0)
      throw new OptionsError("a model without factors knows no similar users", { remedy: "train with factors of 1 or more" });
    if (options.minimumRatings !== undefined && !seen) {
      throw new OptionsError("this model does not hold how many ratings its users have", {
        remedy: "train with keepSeen: true, or leave minimumRatings out",
      });
    }
    const m = this.#userIndex(user);
    const counts = seen && Uint32Array.from({ length: users.size }, (_, other) => seen.start[other + 1] - seen.start[other]);
    const { minimumRatings = 1 } = options;
    if (counts?.[m] === 0 && !this.#isFeatured("users", users.rawAt(m))) throw nothingLike("user", user);
    const scores = cosines(m, { ...parameters, itemFactors: parameters.userFactors, itemBiases: parameters.userBiases });
    const allowed = (other: number): boolean => other !== m && (!counts || counts[other] >= minimumRatings);
    const places = placesAmongEquals(users, counts ?? new Uint32Array(users.size));
    return topScored(scores, options.n ?? DEFAULT_COUNT, allowed, places).map((other) => {
      const similar = { id: users.rawAt(other), score: scores[other] };
      return counts ? { ...similar, ratings: counts[other] } : similar;
    });
  }

  /**
   * The raw id that a text means: an id of an item, or a title, upper and lower case alike.
   *
   * @throws UnknownIdError with the nearest titles, or with the ids of all items that the model knows by this title,
   *   where there are several.
   */
  findItem(text: string): RawId {
    checkArguments("findItem", { text: [text, TEXT] });
    const n = this.items.indexOf(text);
    if (n >= 0) return this.items.rawAt(n);
    const byId = this.catalogue.get(toRawId(text));
    const entries = byId ? [byId] : this.catalogue.byTitle(text);
    if (entries.length === 0) {
      const near = [...new Set([...nearIds(text, this.items.raw), ...this.catalogue.near(text)])].slice(0, 3);
      throw new UnknownIdError(
        `no item is called ${shown(text)}`,
        near,
        `give an id or a title, such as ${shown(this.catalogue.title(this.items.rawAt(0)))}`,
      );
    }
    const known = entries.filter(({ id }) => this.items.indexOf(id) >= 0 || this.#cold("items", id));
    if (known.length === 0) throw new UnknownIdError(`"${entries[0].title}" has no ratings, so the model knows nothing of it`);
    if (known.length > 1) {
      const ids = known.map(({ id }) => String(id));
      throw new UnknownIdError(
        `"${known[0].title}" is the title of ${grouped(known.length)} items, with the ids ${ids.join(" and ")}`,
        ids,
      );
    }
    return known[0].id;
  }

  #foldIn(few: FewRatings): Entity {
    return foldIn(few, "users", this.parameters, this, this.#meansOf(few), this.foldInGram);
  }

  /** What the rated set of someone new says of them. */
  #meansOf({ index: rated }: FewRatings): Float64Array[] | undefined {
    return priorMeans(this.parameters, this.features, "users", [{ rated }]);
  }

  #userIndex(user: RawId): number {
    return knownIndex(this.users, user, "user");
  }

  #itemIndex(item: RawId): number {
    return knownIndex(this.items, item, "item");
  }

  #passes(index: number, filter: RecommendOptions["filter"]): boolean {
    return !filter || filter(this.items.rawAt(index));
  }

  #user(m: number): Entity {
    return this.#entityAt("users", m);
  }

  #item(n: number): Entity {
    return this.#entityAt("items", n);
  }

  /** @throws OptionsError when the model is a point estimate. */
  #checkSpread(): void {
    if (this.knowsSpread) return;
    throw new OptionsError(`a model of ${this.model} predicts ratings without their spread`, {
      remedy: "train a model of vb, or of gibbs for more sweeps than its burn-in",
    });
  }

  #entityAt(side: "users" | "items", row: number): Entity {
    const { posterior, draws, drawnBiases, factors: K } = this.parameters;
    const S = draws?.length ?? 1;
    const drawn = drawnBiases && {
      biases: Float64Array.from(drawnBiases[side].subarray(row * S, (row + 1) * S)),
      covariances: this.#open(side, row),
    };
    return {
      ...this.#rowAt(side, row),
      ...(posterior && { covariance: covarianceAt(posterior, side, row, K + 1) }),
      ...(drawn && { drawn }),
    };
  }

  /**
   * The covariance at each draw of a row that is no draw but its mean: it follows from what it was rated with, not how.
   * Undefined for rows that are drawn, and where the model does not hold who has rated what.
   */
  #open(side: "users" | "items", row: number): Float64Array | undefined {
    const { seen, parameters } = this;
    if (!seen || !parameters.meanRows?.[side].includes(row)) return undefined;
    if (side === "users") return openCovariances({ index: itemsSeen(seen, row) }, side, parameters, this);
    const raters: number[] = [];
    for (let m = 0; m < this.users.size; m++) if (itemsSeen(seen, m).includes(row)) raters.push(m);
    return openCovariances({ index: Uint32Array.from(raters) }, side, parameters, this);
  }

  /** Factors and bias of a row; 0 of the row −1. */
  #rowAt(side: "users" | "items", row: number): Entity {
    const { factors: K } = this.parameters;
    if (row < 0) return { factors: new Float64Array(K), bias: 0 };
    const { factors, biases } = rowsOf(this.parameters, side);
    return { factors: Float64Array.from(factors.subarray(row * K, (row + 1) * K)), bias: biases[row] };
  }

  #list(user: Entity, left: ReadonlySet<number>, options: RecommendOptions): RecommendationOf<M>[] {
    const { alpha = 1, n: count = DEFAULT_COUNT } = options;
    const { thompsonSeed } = options;
    const sampled = thompsonSeed === undefined ? undefined : sampleScores(user, this.parameters, alpha, thompsonSeed);
    const scores = sampled?.scores ?? scoreItems(user.factors, this.parameters, alpha);
    const allowed = (index: number): boolean =>
      this.listsAt(index, options.coldItems) && !left.has(index) && this.#passes(index, options.filter);
    const best = topScored(scores, count, allowed, this.itemPlaces);
    const list = best.map((index) => {
      const { mean: predicted, deviation } = this.#predictiveBetween(user, this.#item(index));
      return withDeviation<M>({ ...this.#describe(index, scores[index]), predicted }, deviation);
    });
    if (!options.coldItems) return list;
    return [...list, ...this.#coldList(user, count, options, sampled)].sort((a, b) => b.score - a.score).slice(0, count);
  }

  /** The best of the items that the ratings do not hold, scored by the prior means of their features. */
  #coldList(user: Entity, count: number, { filter, alpha = 1 }: RecommendOptions, sampled?: SampledScores): RecommendationOf<M>[] {
    const table = this.features?.items;
    if (!table) throw new OptionsError("this model knows no item features", { remedy: `train ${featuredModels(" or")} with itemFeatures` });
    const scored = table.ids.raw.flatMap((id) => {
      const item = this.#cold("items", id);
      if (!item) return [];
      const mean = (): number => user.factors.reduce((sum, value, k) => sum + value * item.factors[k], alpha * item.bias);
      // Drawn whether it is listed or not, so that no draw depends on the filter.
      const score = sampled?.of(item) ?? mean();
      return filter && !filter(id) ? [] : [{ id, item, score }];
    });
    const best = scored.sort((a, b) => b.score - a.score).slice(0, count);
    return best.map(({ id, item, score }) => {
      const { mean: predicted, deviation } = this.#predictiveBetween(user, item);
      const genres = this.catalogue.get(id)?.genres ?? [];
      return withDeviation<M>({ id, title: this.catalogue.title(id), genres, score, predicted, ratings: 0 }, deviation);
    });
  }

  #isFeatured(side: "users" | "items", id: RawId): boolean {
    return (this.features?.[side]?.ids.indexOf(id) ?? -1) >= 0;
  }

  /** The prior of an entity that has features and no ratings; undefined for all others. */
  #cold(side: "users" | "items", id: RawId): Entity | undefined {
    const { parameters } = this;
    if (!parameters.features?.[side] || this[side].indexOf(id) >= 0 || !this.#isFeatured(side, id)) return undefined;
    return priorEntity(parameters, side, priorMeans(parameters, this.features, side, [{ id }]));
  }

  #meanBetween(user: Entity, item: Entity): number {
    return user.factors.reduce((sum, value, k) => sum + value * item.factors[k], this.parameters.globalMean + user.bias + item.bias);
  }

  #predictiveBetween(user: Entity, item: Entity): Predictive {
    const { mean, deviation } = predictiveBetween(this.parameters, user, item);
    return { mean: this.#definition.predicts.respond(mean), deviation };
  }

  #describe(index: number, score: number): ListedItem {
    const id = this.items.rawAt(index);
    return {
      id,
      title: this.catalogue.title(id),
      genres: this.catalogue.get(id)?.genres ?? [],
      score,
      ratings: this.itemCounts[index],
    };
  }
}

/** What functions that take a model ask for. */
export const MODEL_KIND: Kind = {
  must: "a FactorModel",
  holds: (value) => hasPart(value, "parameters", "itemCounts", "recommend"),
  remedy(value) {
    if (value instanceof Promise) return "await it";
    if (hasPart(value, "model")) return "give its part model";
    if (typeof value === "string") return "await load(path) gives the model of a file";
    return undefined;
  },
};

/** The factors of who has no ratings are the prior's, whose direction means nothing. */
const nothingLike = (what: "item" | "user", id: RawId): UnknownIdError =>
  new UnknownIdError(`${what} ${shown(id)} has no rating in training and no features, so nothing is known to be like it`);

/** With the deviation, where the model knows it. */
const withDeviation = <M extends ModelName>(item: Recommendation, deviation: number): RecommendationOf<M> =>
  (Number.isNaN(deviation) ? item : { ...item, deviation }) as RecommendationOf<M>;

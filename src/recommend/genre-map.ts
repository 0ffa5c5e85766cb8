// A map of some genres' items in two dimensions, and of the features that shape them.

import { OptionsError } from "../errors.js";
import { howMany } from "../shown.js";
import { checkArguments, checkOptions, listOf, namesOf, numberFrom, TEXT, wholeFrom } from "../options.js";
import { type FactorModel, MODEL_KIND } from "../models/factor-model.js";
import type { RawId } from "../ratings/ids.js";
import { principalAxes } from "./embedding.js";
import { learnedFeatures } from "./prior-means.js";

/** An item on a map of genres. */
export interface MappedItem {
  readonly id: RawId;
  readonly title: string;
  /** The chosen genre that it has. */
  readonly genre: string;
  readonly ratings: number;
  readonly x: number;
  readonly y: number;
}

/** Items of chosen genres in a plane. */
export interface GenreMap {
  readonly genres: readonly string[];
  /** Most rated first. */
  readonly items: readonly MappedItem[];
  /** Factors of the item features in the same plane; empty of models without. */
  readonly features: readonly { readonly name: string; readonly x: number; readonly y: number }[];
  /** Share of the variance of all items' factors along x and y; with K = 2 the axes are the factors themselves. */
  readonly shares: readonly [x: number, y: number];
  /** Whether x and y are the model's two factors, or principal axes of more. */
  readonly direct: boolean;
}

/** Which genres and items are on the map. */
export interface GenreMapOptions {
  /**
   * Default: the two whose items lie farthest apart. Items of several chosen genres are left out: they would blur both.
   */
  readonly genres?: readonly string[] | undefined;
  /** Fewest ratings of an item on the map. Default 50. */
  readonly minimumRatings?: number | undefined;
  /** Most items of each genre, the most rated first. Default 30. */
  readonly perGenre?: number | undefined;
}

const MAP_NAMES = namesOf<GenreMapOptions>({
  genres: listOf(TEXT, "a list of genres"),
  minimumRatings: numberFrom(0),
  perGenre: wholeFrom(1),
});

/**
 * Places items by their factors: directly for K = 2, else along the first two principal axes of all items with enough
 * ratings. The origin is an item that no taste moves.
 *
 * @throws OptionsError when K is below 2, a genre is unknown, or there are no items of enough ratings.
 */
export function genreMap(model: FactorModel, options: GenreMapOptions = {}): GenreMap {
  checkArguments("genreMap", { model: [model, MODEL_KIND] });
  checkOptions("genreMap", options, MAP_NAMES);
  const { minimumRatings = 50, perGenre = 30 } = options;
  const { factors: K, itemFactors } = model.parameters;
  if (K < 2) throw new OptionsError(`a model with ${howMany(K, "factor")} has no map`, { remedy: "train with 2 factors or more" });
  const enough = Array.from(model.itemCounts.keys()).filter((item) => model.itemCounts[item] >= minimumRatings);
  if (enough.length < 2) {
    throw new OptionsError(
      `${enough.length === 0 ? "no item has" : `only ${enough.length} item has`} ${howMany(minimumRatings, "rating")} or more`,
      { remedy: "ask for fewer ratings" },
    );
  }
  const { axes, shares } = axesOf(model, enough);
  const place = (factors: Float32Array, row: number): { x: number; y: number } => {
    const along = (axis: number): number => {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += axes[axis * K + k] * factors[row * K + k];
      return sum;
    };
    return { x: along(0), y: along(1) };
  };
  const genres = options.genres ?? farthestGenres(model, enough);
  const chosen = genres.flatMap((genre) => {
    const known = enough.filter((item) => genresOf(model, item).includes(genre));
    if (known.length === 0) {
      throw new OptionsError(`no item of the genre "${genre}" has ${howMany(minimumRatings, "rating")} or more`, {
        remedy: `there are ${[...itemsByGenre(model, enough).keys()].sort().join(", ")}`,
      });
    }
    const own = known.filter((item) => genresOf(model, item).filter((name) => genres.includes(name)).length === 1);
    own.sort((a, b) => model.itemCounts[b] - model.itemCounts[a] || a - b);
    return own.slice(0, perGenre).map((item) => {
      const id = model.items.rawAt(item);
      return { id, title: model.catalogue.title(id), genre, ratings: model.itemCounts[item], ...place(itemFactors, item) };
    });
  });
  const learned = learnedFeatures(model.parameters, model.features, "items");
  return {
    genres,
    items: chosen.sort((a, b) => b.ratings - a.ratings),
    features: learned ? model.features!.items!.names.map((name, f) => ({ name, ...place(learned.factors, f) })) : [],
    shares,
    direct: K === 2,
  };
}

const genresOf = (model: FactorModel, item: number): readonly string[] => model.catalogue.get(model.items.rawAt(item))?.genres ?? [];

function axesOf({ parameters: { factors: K, itemFactors } }: FactorModel, items: readonly number[]) {
  const rows = new Float32Array(items.length * K);
  items.forEach((item, at) => rows.set(itemFactors.subarray(item * K, (item + 1) * K), at * K));
  const principal = principalAxes(rows, items.length, K, 2);
  const shares = [principal.shares[0], principal.shares[1]] as const;
  return K === 2 ? { axes: Float64Array.of(1, 0, 0, 1), shares } : { axes: principal.axes, shares };
}

function itemsByGenre(model: FactorModel, items: readonly number[]): Map<string, number[]> {
  const byGenre = new Map<string, number[]>();
  for (const item of items) {
    for (const genre of genresOf(model, item)) {
      const list = byGenre.get(genre);
      if (list) list.push(item);
      else byGenre.set(genre, [item]);
    }
  }
  return byGenre;
}

/** A genre of fewer items has no middle worth the name. */
const LEAST_ITEMS = 10;

/** The two genres with the largest distance between the means of their items' factors. */
function farthestGenres(model: FactorModel, items: readonly number[]): string[] {
  const { factors: K, itemFactors } = model.parameters;
  const means = [...itemsByGenre(model, items)]
    .filter(([, own]) => own.length >= LEAST_ITEMS)
    .map(([genre, own]) => ({
      genre,
      mean: Float64Array.from({ length: K }, (_, k) => own.reduce((sum, item) => sum + itemFactors[item * K + k], 0) / own.length),
    }));
  if (means.length < 2) throw new OptionsError("fewer than two genres have items enough for a map", { remedy: "ask for fewer ratings" });
  let best = { distance: -1, genres: ["", ""] };
  means.forEach((a, at) => {
    for (const b of means.slice(at + 1)) {
      const distance = Math.hypot(...a.mean.map((value, k) => value - b.mean[k]));
      if (distance > best.distance) best = { distance, genres: [a.genre, b.genre] };
    }
  });
  return best.genres;
}

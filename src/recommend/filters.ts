// Filters of ranked lists: by genre, year, number of ratings, and by item.

import { OptionsError, UnknownIdError } from "../errors.js";
import { checkArguments, checkOptions, FUNCTION, LIST, listOf, namesOf, NUMBER, numberFrom, TEXT } from "../options.js";
import { type FactorModel, MODEL_KIND } from "../models/factor-model.js";
import type { Catalogue, CatalogueEntry } from "../ratings/catalogue.js";
import { heldId, type RawId } from "../ratings/ids.js";
import { nearIds } from "../ratings/near.js";
import { shown } from "../shown.js";

/** Which items are listed: those that pass everything that is given. */
export interface ItemFilter {
  /** Items of any of these genres, upper and lower case alike. */
  readonly genres?: readonly string[] | undefined;
  /** Items whose title ends in a year, such as "Heat (1995)", from this one on. */
  readonly fromYear?: number | undefined;
  /** The same, up to this one. */
  readonly toYear?: number | undefined;
  /** Items with at least this many ratings in training. */
  readonly minimumRatings?: number | undefined;
  /** Only these items. */
  readonly include?: Iterable<RawId> | undefined;
  /** None of these items. */
  readonly exclude?: Iterable<RawId> | undefined;
  /**
   * Items for which it returns true; of an item that the catalogue does not hold it is
   * given the id as title, and no genres.
   */
  readonly where?: ((item: CatalogueEntry) => boolean) | undefined;
}

const FILTER_NAMES = namesOf<ItemFilter>({
  genres: listOf(TEXT, "a list of genres"),
  fromYear: NUMBER,
  toYear: NUMBER,
  minimumRatings: numberFrom(0),
  include: LIST,
  exclude: LIST,
  where: FUNCTION,
});

/**
 * A filter as `recommend`, `recommendFor`, `similarItems` and `recommendAll` take it.
 *
 * @throws OptionsError for a genre that no item has, with those that there are; for years where no title has one,
 *   or the wrong way round; for a negative number of ratings. UnknownIdError for an item to include or exclude
 *   that neither model nor catalogue holds.
 */
export function itemFilter(model: FactorModel, wanted: ItemFilter): (id: RawId) => boolean {
  checkArguments("itemFilter", { model: [model, MODEL_KIND] });
  checkOptions("itemFilter", wanted, FILTER_NAMES);
  const { catalogue, items, itemCounts } = model;
  const { minimumRatings = 0, where } = wanted;
  const genres = wanted.genres && checkedGenres(catalogue, wanted.genres);
  const inYears = yearsOf(model, wanted);
  const include = wanted.include && idsOf(model, wanted.include);
  const exclude = wanted.exclude && idsOf(model, wanted.exclude);
  return (id) => {
    const entry = catalogue.get(id) ?? { id, title: String(id), genres: [] };
    if (include?.has(id) === false || exclude?.has(id)) return false;
    if (genres && !entry.genres.some((genre) => genres.has(genre.toLowerCase()))) return false;
    if (inYears && !inYears(entry.title)) return false;
    const n = items.indexOf(id);
    if (minimumRatings > 0 && !(n >= 0 && itemCounts[n] >= minimumRatings)) return false;
    return !where || where(entry);
  };
}

/** The year that a title ends in, the first of a range: "Heat (1995)", "The Wire (2002–2008)"; else undefined. */
export function yearOf(title: string): number | undefined {
  const year = /\((\d{4})(?:\s*[-–]\s*\d{0,4})?\)\s*$/.exec(title)?.[1];
  return year === undefined ? undefined : Number(year);
}

function checkedGenres(catalogue: Catalogue, wanted: readonly string[]): ReadonlySet<string> {
  const known = new Map<string, string>();
  for (const { genres } of catalogue.entries()) for (const genre of genres) known.set(genre.toLowerCase(), genre);
  for (const genre of wanted) {
    if (known.has(genre.toLowerCase())) continue;
    throw new OptionsError(`no item has the genre "${genre}"`, {
      remedy: known.size > 0 ? `the genres are ${[...known.values()].sort().join(", ")}` : "the data set has no genres",
    });
  }
  return new Set(wanted.map((genre) => genre.toLowerCase()));
}

function yearsOf({ catalogue, items }: FactorModel, { fromYear, toYear }: ItemFilter): ((title: string) => boolean) | undefined {
  if (fromYear === undefined && toYear === undefined) return undefined;
  const [from, to] = [fromYear ?? -Infinity, toYear ?? Infinity];
  if (!(from <= to)) throw new OptionsError(`the years from ${from} to ${to} are none: fromYear must be toYear or before`);
  const isDated = (title: string): boolean => yearOf(title) !== undefined;
  // Ids may be titles, which then stand in no catalogue.
  if (!items.raw.some((id) => isDated(catalogue.title(id))) && ![...catalogue.entries()].some(({ title }) => isDated(title))) {
    throw new OptionsError("no title ends in a year to filter by", { remedy: `titles with years end in "(1995)"` });
  }
  return (title) => {
    const year = yearOf(title);
    return year !== undefined && year >= from && year <= to;
  };
}

/** Ids as the model and the catalogue write them: text that spells an integer finds the integer. */
function idsOf({ items, catalogue, features }: FactorModel, ids: Iterable<RawId>): ReadonlySet<RawId> {
  const known = new Set<RawId>();
  for (const id of ids) {
    const own = heldId(id, items, features?.items?.ids) ?? catalogue.get(id)?.id;
    if (own !== undefined) known.add(own);
    else
      throw new UnknownIdError(
        `no item has the id ${shown(id)}`,
        nearIds(id, [...items.raw, ...(features?.items?.ids.raw ?? [])]),
        "findItem(title) gives the id of a title",
      );
  }
  return known;
}

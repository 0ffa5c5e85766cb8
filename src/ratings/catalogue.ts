// Titles and genres of items, kept by raw id: also of items that nobody has rated, which features can score later.

import { OptionsError, RatingsError } from "../errors.js";
import { hasPart, type Kind, LIST, listOf, nameHere, namesOf, TEXT } from "../options.js";
import { shown } from "../shown.js";
import { isRawId, type RawId, toRawId } from "./ids.js";
import { nearTitles } from "./near.js";

/** What is known of an item: its raw id, title and genres. */
export interface CatalogueEntry {
  readonly id: RawId;
  readonly title: string;
  readonly genres: readonly string[];
}

/** The same as a caller gives it. */
export interface GivenEntry {
  readonly id: RawId;
  readonly title: string;
  /** Default: none. */
  readonly genres?: readonly string[] | null | undefined;
  /** Joins the title, unless that ends in a year: "Heat (1995)". */
  readonly year?: number | null | undefined;
}

const ENTRY_NAMES = namesOf<GivenEntry>({ id: true, title: true, genres: true, year: true });
const GENRES_KIND = listOf(TEXT, "a list of texts");
const SHAPE = "an entry is { id, title }, and if you like with genres, a list of texts, and year, a number";

/** What is known of the items besides their ratings. */
export class Catalogue {
  readonly #entries = new Map<RawId, CatalogueEntry>();
  #byTitle: Map<string, CatalogueEntry[]> | undefined;

  /**
   * @throws OptionsError for what is no list; RatingsError naming the first wrong entry, from 1, with what it holds.
   */
  constructor(entries: Iterable<GivenEntry> = []) {
    if (!LIST.holds(entries)) throw new OptionsError(`a Catalogue takes a list of entries, not ${shown(entries)}`, { remedy: SHAPE });
    let number = 0;
    for (const entry of entries) {
      const checked = checkedEntry(entry, ++number);
      this.#entries.set(checked.id, checked);
    }
  }

  /** Number of items. */
  get size(): number {
    return this.#entries.size;
  }

  /** The items in the order in which they were given. */
  entries(): IterableIterator<CatalogueEntry> {
    return this.#entries.values();
  }

  /**
   * The item of this raw id; undefined when there is none.
   * Text that spells an integer finds it, and the other way round.
   */
  get(id: RawId): CatalogueEntry | undefined {
    return this.#entries.get(id) ?? this.#entries.get(typeof id === "string" ? toRawId(id) : String(id));
  }

  /** The title of an item, or its raw id as text where the catalogue has none. */
  title(id: RawId): string {
    return this.get(id)?.title ?? String(id);
  }

  /**
   * The entries with this title, upper and lower case alike, in the order in which they were given:
   * of one film, or of several namesakes.
   */
  byTitle(title: string): readonly CatalogueEntry[] {
    if (!this.#byTitle) {
      this.#byTitle = new Map();
      for (const entry of this.#entries.values()) {
        const key = entry.title.toLowerCase();
        const known = this.#byTitle.get(key);
        if (known) known.push(entry);
        else this.#byTitle.set(key, [entry]);
      }
    }
    return this.#byTitle.get(title.trim().toLowerCase()) ?? [];
  }

  /** The titles nearest to a mistyped one: those that share most of its words first, then by edit distance. */
  near(title: string, count = 3): string[] {
    return nearTitles(
      title,
      Array.from(this.#entries.values(), (entry) => entry.title),
      count,
    );
  }
}

const isCatalogue = (value: unknown): value is Catalogue => hasPart(value, "byTitle", "near");

/** What functions that take a catalogue ask for. */
export const CATALOGUE_KIND: Kind = {
  must: "a Catalogue, or a list of entries { id, title, genres, year }",
  holds: (value) => isCatalogue(value) || LIST.holds(value),
};

/** A catalogue of what was given for one. @throws RatingsError for an entry that is none. */
export const catalogueOf = (given: Catalogue | Iterable<GivenEntry> = []): Catalogue => (isCatalogue(given) ? given : new Catalogue(given));

function checkedEntry(entry: GivenEntry, number: number): CatalogueEntry {
  const refuse = (what: string, remedy = SHAPE): RatingsError =>
    new RatingsError(`entry ${number} of the catalogue, ${shown(entry)}: ${what}`, { remedy });
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) throw refuse("it is no entry");
  const unknown = Object.keys(entry).find((name) => !ENTRY_NAMES.has(name));
  if (unknown !== undefined) throw refuse(`it has no part "${unknown}"`, nameHere(unknown, ENTRY_NAMES) ?? SHAPE);
  const { id, title, genres, year } = entry;
  if (!isRawId(id)) throw refuse(id === undefined ? "there is no id" : `its id ${shown(id)} is no whole number or text that is not empty`);
  if (typeof title !== "string") throw refuse(title === undefined ? "there is no title" : `its title ${shown(title)} is no text`);
  if (genres !== undefined && genres !== null && !GENRES_KIND.holds(genres))
    throw refuse(`its genres ${shown(genres)} are no list of texts`, GENRES_KIND.remedy?.(genres) ?? SHAPE);
  if (year !== undefined && year !== null && !Number.isSafeInteger(year)) throw refuse(`its year ${shown(year)} is no whole number`);
  const dated = typeof year !== "number" || /\(\d{4}\)\s*$/.test(title) ? title : `${title} (${year})`;
  return { id, title: dated, genres: genres ?? [] };
}

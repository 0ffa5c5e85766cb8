// Titles and genres of items, kept by raw id: also of items that nobody has rated, which features can score later.

import { distance } from "fastest-levenshtein";
import type { RawId } from "./ids.js";

/** What is known of an item: its raw id, title and genres. */
export interface CatalogueEntry {
  readonly id: RawId;
  readonly title: string;
  readonly genres: readonly string[];
}

/** What is known of the items besides their ratings. */
export class Catalogue {
  readonly #entries = new Map<RawId, CatalogueEntry>();
  #byTitle: Map<string, CatalogueEntry[]> | undefined;

  constructor(entries: Iterable<CatalogueEntry> = []) {
    for (const entry of entries) this.#entries.set(entry.id, entry);
  }

  /** Number of items. */
  get size(): number {
    return this.#entries.size;
  }

  /** The items in the order in which they were given. */
  entries(): IterableIterator<CatalogueEntry> {
    return this.#entries.values();
  }

  /** The item of this raw id; undefined when there is none. */
  get(id: RawId): CatalogueEntry | undefined {
    return this.#entries.get(id);
  }

  /** The title of an item, or its raw id as text where the catalogue has none. */
  title(id: RawId): string {
    return this.#entries.get(id)?.title ?? String(id);
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
    const wanted = title.trim().toLowerCase();
    const words = wordsOf(wanted);
    const scored = [...this.#entries.values()].map((entry) => {
      const known = entry.title.toLowerCase();
      const held = new Set(wordsOf(known));
      const shared = words.filter((word) => held.has(word)).length / Math.max(1, words.length);
      return { title: entry.title, cost: distance(known, wanted) / Math.max(known.length, wanted.length) - shared };
    });
    return scored
      .filter(({ cost }) => cost < 0.6)
      .sort((a, b) => a.cost - b.cost)
      .slice(0, count)
      .map((entry) => entry.title);
  }
}

const wordsOf = (text: string): string[] => text.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");

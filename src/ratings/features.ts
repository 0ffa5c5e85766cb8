// Features of items or users: genres of the catalogue, what a table says, whom they have rated.
// docs/models.md, "Side information".

import { OptionsError, RatingsError } from "../errors.js";
import { checkArguments, hasPart, type Kind, LIST, listOf } from "../options.js";
import type { Catalogue } from "./catalogue.js";
import type { Csr } from "./csr.js";
import { Ids, indicesIn, isRawId, type RawId } from "./ids.js";
import { shown } from "../shown.js";
import { besideEachOther, type SparseRows } from "./sparse.js";

const NO_ENTRIES = { start: new Uint32Array(1), index: new Uint32Array(0), value: new Float32Array(0) };

const ENTRY_SHAPE = "give entries [id, feature, weight]: an id, a text and, if you like, a number";
const ENTRIES: Kind = { ...LIST, must: "a list of [id, feature, weight]" };
const isEntry = (entry: unknown): boolean =>
  Array.isArray(entry) &&
  isRawId(entry[0]) &&
  typeof entry[1] === "string" &&
  (entry[2] === undefined || (typeof entry[2] === "number" && Number.isFinite(entry[2])));

const GENRES_OF: Kind = {
  must: "a Catalogue",
  holds: (value) => hasPart(value, "entries", "byTitle"),
  remedy: (value) => (hasPart(value, "catalogue") ? "give its part catalogue" : undefined),
};

/**
 * Which entity has which features. The matrix S holds w / √Σw² for an entity's features of weight w, which is 1/√F_n
 * when all weigh the same, so that an entity's prior mean is S times the features' weights.
 * Tables that are joined keep that scale each.
 */
export class FeatureTable {
  readonly names: readonly string[];
  readonly ids: Ids;
  readonly rows: SparseRows;
  /**
   * Whether an entity's rated set counts too: which items a user has rated in training, or which users an item.
   * Every entity of the other side is then one more feature, behind those of `names`.
   */
  readonly rated: boolean;

  constructor(names: readonly string[], ids: Ids, rows: SparseRows, rated = false) {
    this.names = names;
    this.ids = ids;
    this.rows = rows;
    this.rated = rated;
  }

  /**
   * A table from entries, whose weight is 1 by default; of a feature that an id has twice, the last weight counts.
   *
   * @throws OptionsError for what is no list; RatingsError naming the first wrong entry, from 1, with what it holds.
   */
  static from(entries: Iterable<readonly [id: RawId, feature: string, weight?: number | undefined]>): FeatureTable {
    checkArguments("FeatureTable.from", { entries: [entries, ENTRIES] });
    const ids = new Ids();
    let number = 0;
    const names = new Map<string, number>();
    const sets: Map<number, number>[] = [];
    for (const entry of entries) {
      number++;
      if (!isEntry(entry)) throw new RatingsError(`entry ${number} of the features, ${shown(entry)}, is none`, { remedy: ENTRY_SHAPE });
      const [id, feature, weight = 1] = entry;
      const row = ids.add(id);
      if (!names.has(feature)) names.set(feature, names.size);
      (sets[row] ??= new Map()).set(names.get(feature)!, weight);
    }
    const start = Uint32Array.from([0, ...sets.map(({ size }) => size)]);
    for (let row = 0; row < sets.length; row++) start[row + 1] += start[row];
    const index = Uint32Array.from(sets.flatMap((set) => [...set.keys()]));
    const value = Float32Array.from(
      sets.flatMap((set) => {
        const norm = Math.hypot(...set.values());
        return [...set.values()].map((weight) => (norm > 0 ? weight / norm : 0));
      }),
    );
    return new FeatureTable([...names.keys()], ids, { count: sets.length, columns: names.size, start, index, value });
  }

  /** The genres of the catalogue's items, all of one weight. @throws RatingsError when there are none. */
  static genres(catalogue: Catalogue): FeatureTable {
    checkArguments("FeatureTable.genres", { catalogue: [catalogue, GENRES_OF] });
    const table = FeatureTable.from([...catalogue.entries()].flatMap(({ id, genres }) => genres.map((genre) => [id, genre, 1] as const)));
    if (table.names.length === 0) throw new RatingsError("the data set has no genres", { remedy: "give a table of item features instead" });
    return table;
  }

  /** The rated sets of the side that it is given for, and no other feature. */
  static ratedSets(): FeatureTable {
    return new FeatureTable([], new Ids(), { count: 0, columns: 0, ...NO_ENTRIES }, true);
  }

  /** One table of all the features of several: each kind keeps its own scale. @throws OptionsError for none. */
  static join(tables: readonly FeatureTable[]): FeatureTable {
    checkArguments("FeatureTable.join", { tables: [tables, listOf(FEATURES_KIND, "a list of FeatureTables")] });
    if (tables.length === 0) throw new OptionsError("there are no tables of features to join");
    if (tables.length === 1) return tables[0];
    const ids = new Ids([...new Set(tables.flatMap((table) => table.ids.raw))]);
    const parts = tables.map((table) => table.#named(ids));
    const rated = tables.some((table) => table.rated);
    return new FeatureTable(
      tables.flatMap(({ names }) => names),
      ids,
      besideEachOther(parts),
      rated,
    );
  }

  /**
   * S for these entities, in their order; those that the table does not know have none of its named features.
   *
   * @param training ratings of these entities, by them, and how many entities the other side has: of tables with rated
   *   sets. Held-out ratings must not be among them.
   */
  rowsFor(wanted: Ids, training?: { readonly rows: Pick<Csr, "start" | "index">; readonly others: number }): SparseRows {
    const named = this.#named(wanted);
    if (!this.rated) return named;
    if (!training) throw new OptionsError("features of rated sets need the ratings that are trained on");
    const { start, index } = training.rows;
    const value = new Float32Array(index.length);
    for (let row = 0; row < wanted.size; row++) value.fill(1 / Math.sqrt(start[row + 1] - start[row]), start[row], start[row + 1]);
    return besideEachOther([named, { count: wanted.size, columns: training.others, start, index, value }]);
  }

  #named(wanted: Ids): SparseRows {
    const from = indicesIn(this.ids, wanted);
    const start = new Uint32Array(wanted.size + 1);
    from.forEach((row, n) => (start[n + 1] = start[n] + (row < 0 ? 0 : this.rows.start[row + 1] - this.rows.start[row])));
    const index = new Uint32Array(start[wanted.size]);
    const value = new Float32Array(start[wanted.size]);
    from.forEach((row, n) => {
      if (row < 0) return;
      index.set(this.rows.index.subarray(this.rows.start[row], this.rows.start[row + 1]), start[n]);
      value.set(this.rows.value.subarray(this.rows.start[row], this.rows.start[row + 1]), start[n]);
    });
    return { count: wanted.size, columns: this.names.length, start, index, value };
  }
}

/** What functions that take features ask for. */
export const FEATURES_KIND: Kind = {
  must: "a FeatureTable",
  holds: (value) => hasPart(value, "names", "ids", "rows", "rowsFor"),
  remedy: () =>
    "FeatureTable.genres(ratings.catalogue) makes one of genres, FeatureTable.from(entries) of [id, feature, weight], readFeatures of a table",
};

/** What is known of the features of each side. */
export interface FeatureTables {
  readonly users?: FeatureTable | undefined;
  readonly items?: FeatureTable | undefined;
}

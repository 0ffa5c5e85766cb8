// Features of items or users: genres of the catalogue, or any table of (id, feature[, weight]).
// Cold start rests on them. docs/models.md, "Features".

import { RatingsError } from "../errors.js";
import { checkOptions, namesOf } from "../options.js";
import type { Catalogue } from "./catalogue.js";
import { type DelimitedOptions, readDelimited } from "./delimited.js";
import type { RatingSource } from "./folder.js";
import { Ids, type RawId, toRawId } from "./ids.js";

/** A sparse matrix by rows: row n has the columns `index[start[n]] …` with the values beside them. */
export interface SparseRows {
  readonly count: number;
  readonly columns: number;
  readonly start: Uint32Array;
  readonly index: Uint32Array;
  readonly value: Float32Array;
}

/** The largest number of features: their systems are solved densely. */
export const MAX_FEATURES = 2048;

/**
 * Which entity has which features. The matrix S holds w / √Σw² for an entity's features of weight w,
 * which is 1/√F_n when all weigh the same, so that an entity's prior mean is S times the features' factors.
 */
export class FeatureTable {
  readonly names: readonly string[];
  readonly ids: Ids;
  readonly rows: SparseRows;

  /** @throws RatingsError for more than 2048 features. */
  constructor(names: readonly string[], ids: Ids, rows: SparseRows) {
    if (names.length > MAX_FEATURES) {
      throw new RatingsError(`there are ${names.length} features, more than ${MAX_FEATURES}`, { remedy: "keep the most frequent ones" });
    }
    this.names = names;
    this.ids = ids;
    this.rows = rows;
  }

  /**
   * A table from entries; of a feature that an id has twice, the last weight counts.
   *
   * @throws RatingsError for more than 2048 features.
   */
  static from(entries: Iterable<readonly [id: RawId, feature: string, weight: number]>): FeatureTable {
    const ids = new Ids();
    const names = new Map<string, number>();
    const sets: Map<number, number>[] = [];
    for (const [id, feature, weight] of entries) {
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
    const table = FeatureTable.from([...catalogue.entries()].flatMap(({ id, genres }) => genres.map((genre) => [id, genre, 1] as const)));
    if (table.names.length === 0) throw new RatingsError("the data set has no genres", { remedy: "give a table of item features instead" });
    return table;
  }

  /** S for these entities, in their order; those that the table does not know have no features. */
  rowsFor(wanted: Ids): SparseRows {
    const from = Array.from({ length: wanted.size }, (_, n) => this.ids.indexOf(wanted.rawAt(n)));
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

  /** The prior mean Σ s f of one entity, [K]; undefined when the table does not know it. */
  meanOf(id: RawId, factors: Float32Array, K: number): Float64Array | undefined {
    const row = this.ids.indexOf(id);
    if (row < 0) return undefined;
    const mean = new Float64Array(K);
    for (let at = this.rows.start[row]; at < this.rows.start[row + 1]; at++) {
      for (let k = 0; k < K; k++) mean[k] += this.rows.value[at] * factors[this.rows.index[at] * K + k];
    }
    return mean;
  }
}

const ID_NAMES = /^(id|(movie|item|user|book|product|track|artist)_?id|item|user|movie)$/i;

const FEATURE_NAMES = namesOf<DelimitedOptions>({ delimiter: true, encoding: true, quotes: true, onProgress: true, signal: true });

/**
 * Reads a table of rows (id, feature) or (id, feature, weight), with or without a header.
 *
 * @throws RatingsError naming file and line of the first malformed row, or for an empty file.
 */
export async function readFeatures(source: RatingSource, options: DelimitedOptions = {}): Promise<FeatureTable> {
  checkOptions("readFeatures", options, FEATURE_NAMES);
  const entries: [RawId, string, number][] = [];
  let first = true;
  for await (const { rows, lines } of readDelimited(source, options)) {
    for (let at = 0; at < rows.length; at++) {
      const [id, feature, weight] = rows[at].map((cell) => cell.trim());
      const isHeader = first && (ID_NAMES.test(id) || (weight !== undefined && !Number.isFinite(Number(weight || NaN))));
      first = false;
      if (isHeader) continue;
      const number = weight === undefined ? 1 : Number(weight || NaN);
      if (!id || !feature || !Number.isFinite(number)) {
        const what = !id ? "the id is empty" : !feature ? "the feature is empty" : `weight "${weight}" is not a number`;
        throw new RatingsError(`${source.name}:${lines[at]}: ${what}`, {
          file: source.name,
          line: lines[at],
          remedy: "give rows of id, feature and, if you like, weight",
        });
      }
      entries.push([toRawId(id), feature, number]);
    }
  }
  if (entries.length === 0) throw new RatingsError(`${source.name}: there are no features`, { file: source.name });
  return FeatureTable.from(entries);
}

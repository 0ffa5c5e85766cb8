// Readers: a table of ratings, or a folder in one of MovieLens' layouts, into Ratings.

import { RatingsError } from "../errors.js";
import { Catalogue } from "./catalogue.js";
import { blockFrom, type DelimitedOptions, readBlocks, type RowBatch, rowsOf } from "./delimited.js";
import { type DuplicatePolicy, mergeDuplicates } from "./duplicates.js";
import type { Folder, RatingSource } from "./folder.js";
import { Ids, toRawId } from "./ids.js";
import { type Layout, findLayout, readCatalogue } from "./movielens.js";
import { scanNumericRows } from "./numeric-rows.js";
import { type RatingColumns, Ratings } from "./ratings.js";

/** How a table of ratings is read; what is left out is found out. */
export interface ReadOptions extends DelimitedOptions {
  /** Whether the first row names the columns; found out when left out: it does when its rating is not a number. */
  readonly header?: boolean | undefined;
  /** Columns by name or by number from 0. Default: by well-known names, else the first four in the order user, item, value, time. */
  readonly columns?: { readonly [column in Column]?: string | number | undefined } | undefined;
  /** What becomes of a (user, item) pair rated twice. Default "last": the last value wins. */
  readonly duplicates?: DuplicatePolicy | undefined;
  /** Leaves malformed rows out and counts them. Default false: the first one throws. */
  readonly skipBadRows?: boolean | undefined;
  /** Ids to go on from, so that a separate test file shares its indices with the training file. */
  readonly ids?: { readonly users: Ids; readonly items: Ids } | undefined;
  /** A ready-made split in a folder: "u1" reads u1.base to train on and u1.test as held out. */
  readonly split?: string | undefined;
}

/** Ratings as they were read, and what was left out on the way. */
export interface ReadResult {
  readonly ratings: Ratings;
  /** Of a ready-made split. */
  readonly heldOut?: Ratings | undefined;
  readonly skippedRows: number;
  readonly duplicateRows: number;
  /** What was read, for people. */
  readonly format: string;
  readonly warnings: readonly string[];
}

type Column = "user" | "item" | "value" | "time";

const KNOWN_NAMES: Record<Column, readonly string[]> = {
  user: ["userid", "user", "uid", "customerid", "reviewerid"],
  item: ["movieid", "itemid", "item", "movie", "iid", "productid", "bookid", "isbn", "asin", "trackid", "artistid"],
  value: ["rating", "value", "score", "stars", "overall", "preference"],
  time: ["timestamp", "time", "unixreviewtime", "date"],
};

const simplified = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/**
 * Reads one table of ratings. Indices are given in order of first appearance.
 *
 * @throws RatingsError naming file and line of the first malformed row; for an empty file; for a column that is not there.
 */
export async function readRatings(
  source: RatingSource,
  options: ReadOptions = {},
  catalogue: Catalogue = new Catalogue(),
): Promise<ReadResult> {
  const table = await readTable(source, options, options.ids ?? { users: new Ids(), items: new Ids() });
  return { ...table, ratings: new Ratings(table.columns, table.users, table.items, catalogue), format: source.name, warnings: [] };
}

/**
 * Reads a folder: `ratings.csv` and `movies.csv`; `u.data`, `u.item` and ready-made splits; `ratings.dat` and `movies.dat`; or its only
 * table. Files may be gzipped.
 *
 * @throws RatingsError saying what was looked for when nothing is recognised.
 */
export async function readFolder(folder: Folder, options: ReadOptions = {}): Promise<ReadResult> {
  const layout = findLayout(folder.name, await folder.list(), options.split);
  const catalogue = await readCatalogue(folder, layout, options);
  const open = (file: string): Promise<RatingSource> => folder.open(file);
  const settings = layoutOptions(layout, options);
  const ids = options.ids ?? { users: new Ids(), items: new Ids() };
  const train = await readTable(await open(layout.ratings), settings, ids);
  const test = layout.heldOut ? await readTable(await open(layout.heldOut), settings, ids) : undefined;
  return {
    ratings: new Ratings(train.columns, ids.users, ids.items, catalogue),
    heldOut: test && new Ratings(test.columns, ids.users, ids.items, catalogue),
    skippedRows: train.skippedRows + (test?.skippedRows ?? 0),
    duplicateRows: train.duplicateRows + (test?.duplicateRows ?? 0),
    format: `${folder.name} (${layout.name})`,
    warnings: [],
  };
}

/** What the layout knows of its tables; what the caller says wins. */
function layoutOptions(layout: Layout, options: ReadOptions): ReadOptions {
  return { ...options, delimiter: options.delimiter ?? layout.delimiter, header: options.header ?? layout.header };
}

interface Table {
  readonly columns: RatingColumns;
  readonly users: Ids;
  readonly items: Ids;
  readonly skippedRows: number;
  readonly duplicateRows: number;
}

async function readTable(source: RatingSource, options: ReadOptions, { users, items }: { users: Ids; items: Ids }): Promise<Table> {
  const grown = new GrowingColumns();
  let places: Record<Column, number> | undefined;
  let skippedRows = 0;
  const take = (user: number, item: number, value: number, time: number): void => grown.push(users.add(user), items.add(item), value, time);
  const takeRows = ({ rows, lines }: RowBatch, places: Record<Column, number>): void => {
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at];
      const bad = malformed(row, places);
      if (bad) {
        if (!options.skipBadRows) {
          throw new RatingsError(`${source.name}:${lines[at]}: ${bad}`, {
            file: source.name,
            line: lines[at],
            remedy: "--skip-bad-rows leaves such rows out and counts them",
          });
        }
        skippedRows++;
        continue;
      }
      const time = places.time >= 0 ? Number(row[places.time]) : NaN;
      grown.push(users.add(toRawId(row[places.user].trim())), items.add(toRawId(row[places.item].trim())), Number(row[places.value]), time);
    }
  };
  for await (const block of readBlocks(source, options)) {
    if (!places) {
      const batch = rowsOf(block);
      if (batch.rows.length === 0) continue;
      const found = findColumns(batch.rows[0], source.name, options);
      places = found.places;
      // The first record is a block of its own.
      if (!found.isHeader) takeRows(batch, places);
      continue;
    }
    const plain = !block.quoted && block.delimiter.length <= 2;
    const scanned = plain ? scanNumericRows(block.bytes, block.delimiter, places, take) : 0;
    if (scanned < block.bytes.length) takeRows(rowsOf(blockFrom(block, scanned)), places);
  }
  if (grown.count === 0) {
    const what = !places
      ? "the file is empty"
      : skippedRows > 0
        ? `all ${skippedRows} rows are malformed`
        : "there is a header but no rating";
    throw new RatingsError(`${source.name}: ${what}`, { file: source.name, remedy: "give a file with rows of user, item and rating" });
  }
  const { columns, duplicateRows } = mergeDuplicates(grown.columns(), users.size, options.duplicates ?? "last", (at) => {
    const { user, item } = grown.columns();
    return new RatingsError(`${source.name}: user ${users.rawAt(user[at])} rated item ${items.rawAt(item[at])} more than once`, {
      file: source.name,
      remedy: "--duplicates last, first or mean says which rating counts",
    });
  });
  return { columns, users, items, skippedRows, duplicateRows };
}

function malformed(row: readonly string[], places: Record<Column, number>): string | undefined {
  const [user, item, value] = [row[places.user], row[places.item], row[places.value]];
  if (user === undefined || item === undefined || value === undefined)
    return `the row has ${row.length} cells, too few for user, item and rating`;
  if (user.trim() === "") return "the user is empty";
  if (item.trim() === "") return "the item is empty";
  if (value.trim() === "" || !Number.isFinite(Math.fround(Number(value)))) return `rating "${value}" is not a number`;
  return undefined;
}

/** Where user, item, value and time stand, and whether the first row is a header. `time` is −1 where there is none. */
function findColumns(first: readonly string[], file: string, options: ReadOptions): { places: Record<Column, number>; isHeader: boolean } {
  const asked = options.columns ?? {};
  const names = first.map(simplified);
  const named = (column: Column): number => names.findIndex((name) => KNOWN_NAMES[column].includes(name));
  const looksLikeHeader = (): boolean => {
    if (Object.values(asked).some((wanted) => typeof wanted === "string")) return true;
    const value = asked.value ?? 2;
    return (
      typeof value === "number" &&
      first[value] !== undefined &&
      !Number.isFinite(Number(first[value].trim() || NaN)) &&
      names.some((name) => name !== "")
    );
  };
  const isHeader = options.header ?? (named("user") >= 0 || named("value") >= 0 || looksLikeHeader());
  const positions: Record<Column, number> = { user: 0, item: 1, value: 2, time: first.length > 3 ? 3 : -1 };
  const places = {} as Record<Column, number>;
  for (const column of ["user", "item", "value", "time"] as const) {
    const wanted = asked[column];
    if (wanted === undefined)
      places[column] = isHeader && named(column) >= 0 ? named(column) : isHeader && column === "time" ? -1 : positions[column];
    else if (typeof wanted === "number") places[column] = wanted;
    else {
      places[column] = isHeader ? names.indexOf(simplified(wanted)) : -1;
      if (places[column] < 0) {
        throw new RatingsError(`${file}: there is no column "${wanted}"`, {
          file,
          line: 1,
          remedy: `the columns are ${first.map((name) => `"${name}"`).join(", ")}`,
        });
      }
    }
  }
  return { places, isHeader };
}

/** Columns that grow by doubling. Times are kept only when every row has one. */
class GrowingColumns {
  #user = new Uint32Array(1024);
  #item = new Uint32Array(1024);
  #value = new Float32Array(1024);
  #time = new Float64Array(1024);
  #timed = true;
  count = 0;

  push(user: number, item: number, value: number, time: number): void {
    if (this.count === this.#user.length) {
      this.#user = doubled(this.#user, Uint32Array);
      this.#item = doubled(this.#item, Uint32Array);
      this.#value = doubled(this.#value, Float32Array);
      this.#time = doubled(this.#time, Float64Array);
    }
    const at = this.count++;
    this.#user[at] = user;
    this.#item[at] = item;
    this.#value[at] = value;
    this.#time[at] = time;
    if (!Number.isFinite(time)) this.#timed = false;
  }

  columns(): RatingColumns {
    return {
      user: this.#user.slice(0, this.count),
      item: this.#item.slice(0, this.count),
      value: this.#value.slice(0, this.count),
      time: this.#timed ? this.#time.slice(0, this.count) : undefined,
    };
  }
}

function doubled<T extends Uint32Array | Float32Array | Float64Array>(array: T, Kind: new (length: number) => T): T {
  const grown = new Kind(array.length * 2);
  grown.set(array);
  return grown;
}

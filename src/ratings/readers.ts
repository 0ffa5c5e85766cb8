// Readers: a table of ratings, or a folder in one of MovieLens' layouts, into Ratings.

import { RatingsError } from "../errors.js";
import { checkOptions, namesOf } from "../options.js";
import { Catalogue } from "./catalogue.js";
import { type Block, type DelimitedOptions, type Place, readBlocks, rowsOf } from "./delimited.js";
import { type DuplicatePolicy, mergeDuplicates } from "./duplicates.js";
import type { Folder, RatingSource } from "./folder.js";
import { Ids } from "./ids.js";
import { type Layout, findLayout, readCatalogue } from "./movielens.js";
import { Ratings } from "./ratings.js";
import { BadRow, type RowFormat, RowReader } from "./row-reader.js";
import type { Table } from "./table.js";
import { newlinesIn } from "./text-lines.js";

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

const COLUMN_NAMES = namesOf<NonNullable<ReadOptions["columns"]>>({ user: true, item: true, value: true, time: true });
const READ_NAMES = namesOf<ReadOptions>({
  delimiter: true,
  encoding: true,
  quotes: true,
  onProgress: true,
  signal: true,
  header: true,
  columns: true,
  duplicates: true,
  skipBadRows: true,
  ids: true,
  split: true,
});

/** @param more names of what a caller takes besides. @throws OptionsError */
export function checkReadOptions(where: string, options: ReadOptions, more: ReadonlySet<string> = new Set()): void {
  checkOptions(where, options, new Set([...READ_NAMES, ...more]));
  checkOptions(`${where}'s columns`, options.columns ?? {}, COLUMN_NAMES);
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
  checkReadOptions("readRatings", options);
  return await readSource(source, options, catalogue);
}

/** `readRatings` with options that are known to be right. */
export async function readSource(source: RatingSource, options: ReadOptions, catalogue: Catalogue): Promise<ReadResult> {
  const ids = options.ids ?? { users: new Ids(), items: new Ids() };
  const { columns, skippedRows, duplicateRows, cached, warnings } = await readTable(source, options, ids);
  return {
    ratings: new Ratings(columns, ids.users, ids.items, catalogue),
    skippedRows,
    duplicateRows,
    format: `${source.name}${cached ? FROM_CACHE : ""}`,
    warnings,
  };
}

/**
 * Reads a folder: `ratings.csv` and `movies.csv`; `u.data`, `u.item` and ready-made splits; `ratings.dat` and `movies.dat`; or its only
 * table. Files may be gzipped.
 *
 * @throws RatingsError saying what was looked for when nothing is recognised.
 */
export async function readFolder(folder: Folder, options: ReadOptions = {}): Promise<ReadResult> {
  checkReadOptions("readFolder", options);
  return await readTables(folder, options);
}

/** `readFolder` with options that are known to be right. */
export async function readTables(folder: Folder, options: ReadOptions): Promise<ReadResult> {
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
    format: `${folder.name} (${layout.name})${train.cached ? FROM_CACHE : ""}`,
    warnings: train.warnings,
  };
}

/** What the layout knows of its tables; what the caller says wins. */
function layoutOptions(layout: Layout, options: ReadOptions): ReadOptions {
  return { ...options, delimiter: options.delimiter ?? layout.delimiter, header: options.header ?? layout.header };
}

const FROM_CACHE = ", from the cache";

/** A table, from the cache where it is kept; its ids are added to `ids`. */
async function readTable(
  source: RatingSource,
  options: ReadOptions,
  ids: { users: Ids; items: Ids },
): Promise<Table & { cached: boolean; warnings: string[] }> {
  const { cache } = source;
  // A table whose ids go on from another's is of no use by itself.
  if (!cache || ids.users.size > 0 || ids.items.size > 0)
    return { ...(await parseTable(source, options, ids)), cached: false, warnings: [] };
  const { delimiter, encoding, quotes, header, columns = {}, duplicates, skipBadRows } = options;
  const { user, item, value, time } = columns;
  const settings = JSON.stringify({ delimiter, encoding, quotes, header, user, item, value, time, duplicates, skipBadRows });
  const kept = await cache.read(settings);
  if (kept) {
    ids.users.addAll(kept.users);
    ids.items.addAll(kept.items);
    options.onProgress?.(source.bytes ?? 0, source.bytes);
    return { ...kept, cached: true, warnings: [] };
  }
  const table = await parseTable(source, options, ids);
  const warning = await cache.write(settings, table);
  return { ...table, cached: false, warnings: warning === undefined ? [] : [warning] };
}

async function parseTable(source: RatingSource, options: ReadOptions, { users, items }: { users: Ids; items: Ids }): Promise<Table> {
  let reader: RowReader | undefined;
  try {
    for await (const block of readBlocks(source, options)) {
      if (reader) {
        takeBlock(reader, block, source);
        continue;
      }
      const first = rowsOf(block);
      if (first.rows.length === 0) continue;
      const { places, isHeader } = findColumns(first.rows[0], source.name, options);
      const { delimiter, encoding } = block;
      const { quotes = true, skipBadRows = false } = options;
      const format: RowFormat = { delimiter, encoding, quotes, places, skipBadRows };
      reader = new RowReader(format, users, items);
      // The first record is a block of its own.
      if (!isHeader) reader.takeRows(first);
      if (source.segments && block.end !== undefined && encoding !== "guess") {
        const start = { at: block.end, line: block.line + newlinesIn(block.bytes) };
        const rest = await takeSegments(reader, source, format, start, options);
        for await (const block of readBlocks(source, { ...options, delimiter }, rest)) takeBlock(reader, block, source);
        break;
      }
    }
  } catch (error) {
    if (!(error instanceof BadRow)) throw error;
    throw new RatingsError(`${source.name}:${error.line}: ${error.message}`, {
      file: source.name,
      line: error.line,
      remedy: "--skip-bad-rows leaves such rows out and counts them",
    });
  }
  if (!reader || reader.columns.count === 0) {
    const what = !reader
      ? "the file is empty"
      : reader.skippedRows > 0
        ? `all ${reader.skippedRows} rows are malformed`
        : "there is a header but no rating";
    throw new RatingsError(`${source.name}: ${what}`, { file: source.name, remedy: "give a file with rows of user, item and rating" });
  }
  const read = reader.columns.columns();
  const { columns, duplicateRows } = mergeDuplicates(read, users.size, items.size, options.duplicates ?? "last", (at) => {
    return new RatingsError(`${source.name}: user ${users.rawAt(read.user[at])} rated item ${items.rawAt(read.item[at])} more than once`, {
      file: source.name,
      remedy: "--duplicates last, first or mean says which rating counts",
    });
  });
  return { columns, users: users.raw, items: items.raw, skippedRows: reader.skippedRows, duplicateRows };
}

function takeBlock(reader: RowReader, block: Block, { bytes: size }: RatingSource): void {
  if (block.quoted) return reader.takeRows(rowsOf(block));
  const before = block.end === undefined ? 0 : block.end - block.bytes.length;
  block.lines = reader.takeLines(block.bytes, block.line, expectedRows(reader.columns.count, before, size));
}

/** Rows in all, if the rest of a source is like its first `bytes`; 0 when that cannot be told. */
function expectedRows(rows: number, bytes: number, size: number | undefined): number {
  return bytes > 0 && size !== undefined ? (rows / bytes) * size : 0;
}

/** Takes what a source has in segments. @returns the place behind the last one: the end, or where a quote asks for the stream. */
async function takeSegments(
  reader: RowReader,
  { segments, bytes: size }: RatingSource,
  format: RowFormat,
  start: Place,
  { signal, onProgress }: DelimitedOptions,
): Promise<Place> {
  let { at, line } = start;
  for await (const segment of segments?.read(at, format, signal) ?? []) {
    const [users, items] = [reader.users.addAll(segment.users), reader.items.addAll(segment.items)];
    if (segment.bad) throw new BadRow(segment.bad.what, line - 1 + segment.bad.line);
    at = Math.max(at, segment.end);
    line += segment.lines;
    const rows = reader.columns.count + segment.columns.user.length;
    reader.columns.append(segment.columns, users, items, expectedRows(rows, at, size));
    reader.skippedRows += segment.skippedRows;
    onProgress?.(at, size);
  }
  return { at, line };
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

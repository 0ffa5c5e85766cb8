// Readers: a table of ratings in any form, or a folder in one of the known layouts, into Ratings.

import { RatingsError } from "../errors.js";
import { checkArguments } from "../options.js";
import { cut, grouped, shown } from "../shown.js";
import { type Catalogue, catalogueOf } from "./catalogue.js";
import { unitsPerSecond } from "./cells.js";
import { doubtColumns, doubtDuplicates, doubtScale, notesOnIds } from "./doubts.js";
import { mergeDuplicates, WHICH_COUNTS } from "./duplicates.js";
import { type Folder, FOLDER_KIND, type RatingSource, SOURCE_KIND } from "./folder.js";
import { GrowingColumns } from "./growing-columns.js";
import { Ids } from "./ids.js";
import { type Layout, findLayout, titlesBeside } from "./movielens.js";
import type { RatingColumns } from "./rating-columns.js";
import { Ratings } from "./ratings.js";
import { checkReadOptions, checkSplitUsed, idleNotes, type ReadOptions, type TableOptions } from "./read-options.js";
import { allMalformed, noRows, type Part, readPart } from "./read-part.js";
import { checkRounding } from "./rounding.js";
import { NAMED_ROWS, type RowReader } from "./row-reader.js";
import type { SkippedRow, Table, Understanding } from "./table.js";
import { type Beside, titlesFor, type TitlesFrom } from "./titles.js";

/** Ratings as they were read, and what was left out on the way. */
export interface ReadResult {
  readonly ratings: Ratings;
  /** Of a ready-made split. */
  readonly heldOut?: Ratings | undefined;
  readonly skippedRows: number;
  /** The first few of the rows that were left out, and why. */
  readonly firstSkipped?: readonly (SkippedRow & { readonly file: string })[] | undefined;
  /** Rows whose rating stands for none. */
  readonly missingRows?: number | undefined;
  readonly duplicateRows: number;
  /** What was read, for people. */
  readonly format: string;
  /** What it was taken for; of invented ratings nothing. */
  readonly understood?: Understanding | undefined;
  /** Where titles are from that stand beside the ratings; undefined where none are taken. */
  readonly titles?: TitlesFrom | undefined;
  readonly warnings: readonly string[];
}

/**
 * Reads one table of ratings. Indices are given in order of first appearance.
 *
 * @throws RatingsError naming file and line of the first malformed row; for an empty file; for a column that is not
 *   there; where columns or values can be taken in more than one way, with the options to say which.
 */
export async function readRatings(source: RatingSource, options: ReadOptions = {}, catalogue?: Catalogue): Promise<ReadResult> {
  checkArguments("readRatings", { source: [source, SOURCE_KIND] });
  checkReadOptions("readRatings", options);
  return await readSource(source, { ...options, catalogue: options.catalogue ?? catalogue });
}

/** `readRatings` with options that are known to be right. */
export async function readSource(source: RatingSource, options: TableOptions, beside?: Beside): Promise<ReadResult> {
  checkSplitUsed(source, options);
  const ids = options.ids ?? { users: new Ids(), items: new Ids() };
  const table = await readTable([source], options, ids);
  const { catalogue, titles, warnings } = titlesFor(beside, ids.items, table.understood);
  const about = aboutOf(table, source.name);
  return {
    ratings: new Ratings(table.columns, ids.users, ids.items, options.catalogue ?? catalogue),
    ...about,
    titles,
    warnings: [...about.warnings, ...warnings],
    format: `${source.name}${table.cached ? FROM_CACHE : ""}`,
  };
}

/**
 * Reads a folder: `ratings.csv` and `movies.csv`; `u.data`, `u.item` and ready-made splits;
 * `ratings.dat` and `movies.dat`; a table in parts; or its only table. Files may be gzipped.
 *
 * @throws RatingsError saying what was looked for when nothing is recognised.
 */
export async function readFolder(folder: Folder, options: ReadOptions = {}): Promise<ReadResult> {
  checkArguments("readFolder", { folder: [folder, FOLDER_KIND] });
  checkReadOptions("readFolder", options);
  return await readTables(folder, options);
}

/** `readFolder` with options that are known to be right. */
export async function readTables(folder: Folder, options: TableOptions): Promise<ReadResult> {
  const layout = findLayout(folder.name, await folder.list(), options.split);
  const beside = options.catalogue ? undefined : await titlesBeside(folder, layout, options);
  const settings = layoutOptions(layout, options);
  const ids = options.ids ?? { users: new Ids(), items: new Ids() };
  const parts: RatingSource[] = [];
  for (const part of layout.ratings) parts.push(await folder.open(part));
  const train = await readTable(parts, settings, ids);
  const test = layout.heldOut ? await readTable([await folder.open(layout.heldOut)], settings, ids) : undefined;
  const about = aboutOf(train, parts[0].name);
  const found = titlesFor(beside, ids.items, train.understood);
  const catalogue = options.catalogue ? catalogueOf(options.catalogue) : found.catalogue;
  return {
    ratings: new Ratings(train.columns, ids.users, ids.items, catalogue),
    heldOut: test && new Ratings(test.columns, ids.users, ids.items, catalogue),
    ...about,
    titles: found.titles,
    warnings: [...about.warnings, ...found.warnings],
    skippedRows: train.skippedRows + (test?.skippedRows ?? 0),
    missingRows: train.missingRows + (test?.missingRows ?? 0),
    duplicateRows: train.duplicateRows + (test?.duplicateRows ?? 0),
    format: `${folder.name} (${layout.name})${train.cached ? FROM_CACHE : ""}`,
  };
}

function aboutOf(table: Table & { warnings: readonly string[] }, file: string) {
  const { skippedRows, firstSkipped, missingRows, duplicateRows, understood, notes, warnings } = table;
  return {
    skippedRows,
    firstSkipped: firstSkipped.map((row) => ({ file, ...row })),
    missingRows,
    duplicateRows,
    understood,
    warnings: [...notes, ...warnings],
  };
}

/** What the layout knows of its tables; what the caller says wins. */
function layoutOptions(layout: Layout, options: TableOptions): TableOptions {
  return { ...options, delimiter: options.delimiter ?? layout.delimiter, header: options.header ?? layout.header };
}

const FROM_CACHE = ", from the cache";

/** A table, in one or more files, from the cache where it is kept; its ids are added to `ids`. */
async function readTable(
  sources: readonly RatingSource[],
  options: TableOptions,
  ids: { users: Ids; items: Ids },
): Promise<Table & { cached: boolean; warnings: string[] }> {
  const [source] = sources;
  const { cache } = source;
  // A table whose ids go on from another's is of no use by itself.
  if (!cache || sources.length > 1 || ids.users.size > 0 || ids.items.size > 0)
    return { ...(await parseTable(sources, options, ids)), cached: false, warnings: [] };
  const { delimiter, encoding, quotes, header, columns = {}, layout, duplicates, missing, scale, skipBadRows, everyRow } = options;
  const { user, item, rating, time, weight } = columns;
  const settings = JSON.stringify({ delimiter, encoding, quotes, header, user, item, rating, time, weight, layout, duplicates, missing, scale, skipBadRows, everyRow }); // prettier-ignore
  const kept = await cache.read(settings);
  if (kept) {
    ids.users.addAll(kept.users);
    ids.items.addAll(kept.items);
    options.onProgress?.(source.bytes ?? 0, source.bytes);
    return { ...kept, cached: true, warnings: [] };
  }
  const table = await parseTable(sources, options, ids);
  const warning = await cache.write(settings, table);
  return { ...table, cached: false, warnings: warning === undefined ? [] : [warning] };
}

async function parseTable(sources: readonly RatingSource[], options: TableOptions, ids: { users: Ids; items: Ids }): Promise<Table> {
  const { users, items } = ids;
  const areNew = users.size === 0;
  const parts: Part[] = [];
  for (const source of sources) parts.push(await readPart(source, options, ids));
  const sum = (of: (reader: RowReader) => number): number => parts.reduce((total, { reader }) => total + of(reader), 0);
  const name = sources.length === 1 ? sources[0].name : `${sources[0].name} and ${sources.length - 1} more`;
  const joined = joinedParts(parts);
  checkRounding(joined.rounding, `${name}: `, name);
  const read = inSeconds(joined.columns());
  const [{ reader, found, understood }] = parts;
  const [skippedRows, missingRows] = [sum(({ skippedRows: rows }) => rows), sum(({ missingRows: rows }) => rows)];
  if (read.value.length === 0) {
    const what =
      skippedRows > 0
        ? allMalformed(skippedRows)
        : missingRows > 0
          ? missingRows === 1
            ? "the only rating is a missing one"
            : `all ${grouped(missingRows)} ratings are missing ones`
          : "there is a header but no rating";
    throw noRows(name, what, reader.firstSkipped[0]);
  }
  doubtColumns(read, ids, found, name, areNew ? read.value.length : undefined);
  if (options.scale === undefined && options.missing === undefined && found.places.rating >= 0) doubtScale(read.value, name);
  const ofTwo = (at: number): RatingsError =>
    new RatingsError(
      `${name}: user ${cut(String(users.rawAt(read.user[at])))} rated item ${cut(String(items.rawAt(read.item[at])))} more than once`,
      { file: name, remedy: WHICH_COUNTS },
    );
  const { columns, duplicateRows } = options.everyRow
    ? { columns: read, duplicateRows: 0 }
    : mergeDuplicates(read, users.size, items.size, options.duplicates ?? "last", ofTwo);
  if (options.duplicates === undefined) doubtDuplicates(read.user.length, duplicateRows, name);
  const badTime = parts.map((part) => part.reader.firstBadTime).find((time) => time !== undefined);
  const ofTime = badTime
    ? [`${name}:${badTime.line}: ${shown(badTime.text)} is no time that can be told, so there is no split by time`]
    : [];
  const notes = [...idleNotes(name, understood, options), ...ofTime, ...notesOnIds(ids, name)];
  const firstSkipped = parts.flatMap((part) => part.reader.firstSkipped).slice(0, NAMED_ROWS);
  return { columns, users: users.raw, items: items.raw, skippedRows, firstSkipped, missingRows, duplicateRows, understood, notes };
}

/** The rows of all parts, one behind the other. */
function joinedParts(parts: readonly Part[]): GrowingColumns {
  if (parts.length === 1) return parts[0].reader.columns;
  const all = new GrowingColumns(
    parts.every(({ found }) => found.places.time >= 0),
    parts[0].found.places.weight >= 0,
  );
  const rows = parts.reduce((total, { reader }) => total + reader.columns.count, 0);
  for (const { reader } of parts) all.appendRows(reader.columns.columns(), reader.columns.rounding, rows);
  return all;
}

/** Times in finer units than seconds, in seconds. */
function inSeconds(columns: RatingColumns): RatingColumns {
  const { time } = columns;
  const units = time && time.length > 0 ? unitsPerSecond(time[0]) : 1;
  if (!time || units === 1) return columns;
  return { ...columns, time: time.map((one) => one / units) };
}

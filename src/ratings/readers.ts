// Readers: a table of ratings in any form, or a folder in one of the known layouts, into Ratings.

import { OptionsError, RatingsError } from "../errors.js";
import {
  checkArguments,
  checkKind,
  checkOptions,
  checkUsed,
  FUNCTION,
  hasPart,
  type Kind,
  listOf,
  type Names,
  namesOf,
  namesTogether,
  oneOf,
  SIGNAL,
  SWITCH,
  TEXT,
} from "../options.js";
import { cut, shown } from "../shown.js";
import { type Catalogue, CATALOGUE_KIND, catalogueOf, type GivenEntry } from "./catalogue.js";
import { unitsPerSecond } from "./cells.js";
import { type AskedColumns, findColumns, type FoundColumns, namedColumns } from "./columns.js";
import { type Block, blocksFrom, blocksOf, type DelimitedOptions, headRows, type Place, rowsOf } from "./delimited.js";
import { doubtColumns, doubtDuplicates, doubtScale, notesOnIds } from "./doubts.js";
import { DUPLICATE_POLICIES, type DuplicatePolicy, mergeDuplicates, WHICH_COUNTS } from "./duplicates.js";
import { type Folder, FOLDER_KIND, type RatingSource, SOURCE_KIND } from "./folder.js";
import { fromMatrix, openMatrixMarket, openRows } from "./forms.js";
import { GrowingColumns } from "./growing-columns.js";
import { Ids, IDS_KIND } from "./ids.js";
import { type Layout, findLayout, titlesBeside } from "./movielens.js";
import { type OpenText, openText } from "./open-text.js";
import type { RatingColumns } from "./rating-columns.js";
import { Ratings } from "./ratings.js";
import { aboutBadRow, BadRow, NAMED_ROWS, type RowFormat, RowReader } from "./row-reader.js";
import { type RowRange, type RowTable, withSample } from "./row-table.js";
import type { SkippedRow, Table, Understanding } from "./table.js";
import { type Beside, titlesFor, type TitlesFrom } from "./titles.js";
import { newlinesIn, type RowBatch, TextDecoding } from "./text-lines.js";

/** How a table of ratings is read; what is left out is found out. */
export interface ReadOptions extends DelimitedOptions {
  /** Whether the first row names the columns; found out when left out. */
  readonly header?: boolean | undefined;
  /**
   * Columns by name or by number from 0; "none" as `rating` where every row counts as 1. Default:
   * by well-known names, else the first four in the order user, item, rating, time. A column of weights, which say how
   * often each rating counts, is read only where `weight` names it.
   */
  readonly columns?: AskedColumns | undefined;
  /**
   * "table": a row is a rating. "matrix": a row is a person, a column an item.
   * Default "table", unless the table looks like a matrix.
   */
  readonly layout?: "table" | "matrix" | undefined;
  /** What becomes of a (user, item) pair rated twice. Default "last", but an error when most rows are such. */
  readonly duplicates?: DuplicatePolicy | undefined;
  /** Ratings that stand for none, as they are written: such rows are left out. An empty list: there are none such. */
  readonly missing?: readonly string[] | undefined;
  /** The least and the most that a rating may be; others are malformed. */
  readonly scale?: readonly [minimum: number, maximum: number] | undefined;
  /** Leaves malformed rows out and counts them. Default false: the first one throws. */
  readonly skipBadRows?: boolean | undefined;
  /** Ids to go on from, so that a separate test file shares its indices with the training file. */
  readonly ids?: { readonly users: Ids; readonly items: Ids } | undefined;
  /** A ready-made split in a folder: "u1" reads u1.base to train on and u1.test as held out. */
  readonly split?: string | undefined;
  /** Titles and genres, instead of those that stand beside the ratings. */
  readonly catalogue?: Catalogue | Iterable<GivenEntry> | undefined;
}

const COLUMN_KIND: Kind = {
  must: "the column's name, or its number from 0",
  holds: (value) => typeof value === "string" || (Number.isSafeInteger(value) && (value as number) >= 0),
};
const COLUMN_NAMES = namesOf<AskedColumns>({ user: true, item: true, rating: true, time: true, weight: true });
const SCALE_KIND: Kind = {
  must: "[least, most], two numbers of which the first is less",
  holds: (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] < value[1],
  remedy: (value) => {
    const given =
      typeof value === "string" ? value.split(/[:,\s-]+/).map(Number) : hasPart(value, "min") ? Object.values(value as object) : [];
    return SCALE_KIND.holds(given) ? `write [${given.join(", ")}]` : undefined;
  },
};
const MISSING_KIND: Kind = {
  ...listOf(TEXT, "a list of texts, as the file writes them"),
  remedy(value) {
    const all = [value].flat();
    const couldBe = all.every((one) => typeof one === "number" || typeof one === "string");
    return couldBe ? `write [${all.map((one) => `"${String(one)}"`).join(", ")}]` : undefined;
  },
};
const BOTH_IDS_KIND: Kind = {
  must: "{ users, items }, each of them Ids",
  holds: (value) => hasPart(value, "users", "items") && Object.values(value as object).every(IDS_KIND.holds),
};
const READ_NAMES = namesOf<ReadOptions>({
  delimiter: TEXT,
  encoding: TEXT,
  quotes: SWITCH,
  onProgress: FUNCTION,
  signal: SIGNAL,
  header: SWITCH,
  columns: true,
  layout: oneOf("table", "matrix"),
  duplicates: oneOf(...DUPLICATE_POLICIES),
  missing: MISSING_KIND,
  scale: SCALE_KIND,
  skipBadRows: SWITCH,
  ids: BOTH_IDS_KIND,
  split: TEXT,
  catalogue: CATALOGUE_KIND,
});

/** @param more names of what a caller takes besides. @throws OptionsError */
export function checkReadOptions(where: string, options: ReadOptions, more: Names = new Set()): void {
  checkOptions(where, options, namesTogether(READ_NAMES, more));
  const { columns = {} } = options;
  checkOptions(`${where}'s columns`, columns, COLUMN_NAMES);
  for (const [column, wanted] of Object.entries(columns)) if (wanted !== undefined) checkKind(`columns.${column}`, wanted, COLUMN_KIND);
}

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
export async function readSource(source: RatingSource, options: ReadOptions, beside?: Beside): Promise<ReadResult> {
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

/** @throws OptionsError for a ready-made split, which a folder has and a file has not. */
export function checkSplitUsed({ name }: RatingSource, { split }: ReadOptions): void {
  const remedy = `give the folder that holds ${split}.base and ${split}.test, or leave split out to hold ratings out at random`;
  checkUsed("split", split, false, `${name} is a single file`, remedy);
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
export async function readTables(folder: Folder, options: ReadOptions): Promise<ReadResult> {
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
function layoutOptions(layout: Layout, options: ReadOptions): ReadOptions {
  return { ...options, delimiter: options.delimiter ?? layout.delimiter, header: options.header ?? layout.header };
}

const FROM_CACHE = ", from the cache";

/** A table, in one or more files, from the cache where it is kept; its ids are added to `ids`. */
async function readTable(
  sources: readonly RatingSource[],
  options: ReadOptions,
  ids: { users: Ids; items: Ids },
): Promise<Table & { cached: boolean; warnings: string[] }> {
  const [source] = sources;
  const { cache } = source;
  // A table whose ids go on from another's is of no use by itself.
  if (!cache || sources.length > 1 || ids.users.size > 0 || ids.items.size > 0)
    return { ...(await parseTable(sources, options, ids)), cached: false, warnings: [] };
  const { delimiter, encoding, quotes, header, columns = {}, layout, duplicates, missing, scale, skipBadRows } = options;
  const { user, item, rating, time, weight } = columns;
  const settings = JSON.stringify({ delimiter, encoding, quotes, header, user, item, rating, time, weight, layout, duplicates, missing, scale, skipBadRows }); // prettier-ignore
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

/** What has been read of one file. */
interface Part {
  readonly reader: RowReader;
  readonly found: FoundColumns;
  readonly understood: Understanding;
}

async function parseTable(sources: readonly RatingSource[], options: ReadOptions, ids: { users: Ids; items: Ids }): Promise<Table> {
  const { users, items } = ids;
  const areNew = users.size === 0;
  const parts: Part[] = [];
  for (const source of sources) parts.push(await parsePart(source, options, ids));
  const sum = (of: (reader: RowReader) => number): number => parts.reduce((total, { reader }) => total + of(reader), 0);
  const name = sources.length === 1 ? sources[0].name : `${sources[0].name} and ${sources.length - 1} more`;
  const read = inSeconds(joinedParts(parts));
  const [{ reader, found, understood }] = parts;
  const [skippedRows, missingRows] = [sum(({ skippedRows: rows }) => rows), sum(({ missingRows: rows }) => rows)];
  if (read.value.length === 0) {
    const what =
      skippedRows > 0
        ? allMalformed(skippedRows)
        : missingRows > 0
          ? missingRows === 1
            ? "the only rating is a missing one"
            : `all ${missingRows} ratings are missing ones`
          : "there is a header but no rating";
    throw noRows(name, what, reader.firstSkipped[0]);
  }
  doubtColumns(read, ids, found, name, areNew ? read.value.length : undefined);
  if (options.scale === undefined && options.missing === undefined && found.places.rating >= 0) doubtScale(read.value, name);
  const { columns, duplicateRows } = mergeDuplicates(read, users.size, items.size, options.duplicates ?? "last", (at) => {
    return new RatingsError(
      `${name}: user ${cut(String(users.rawAt(read.user[at])))} rated item ${cut(String(items.rawAt(read.item[at])))} more than once`,
      {
        file: name,
        remedy: WHICH_COUNTS,
      },
    );
  });
  if (options.duplicates === undefined) doubtDuplicates(read.user.length, duplicateRows, name);
  const badTime = parts.map((part) => part.reader.firstBadTime).find((time) => time !== undefined);
  const ofTime = badTime
    ? [`${name}:${badTime.line}: ${shown(badTime.text)} is no time that can be told, so there is no split by time`]
    : [];
  const notes = [...idleNotes(name, parts[0], options), ...ofTime, ...notesOnIds(ids, name)];
  const firstSkipped = parts.flatMap((part) => part.reader.firstSkipped).slice(0, NAMED_ROWS);
  return { columns, users: users.raw, items: items.raw, skippedRows, firstSkipped, missingRows, duplicateRows, understood, notes };
}

/** The rows of all parts, one behind the other. */
function joinedParts(parts: readonly Part[]): RatingColumns {
  if (parts.length === 1) return parts[0].reader.columns.columns();
  const all = new GrowingColumns(
    parts.every(({ found }) => found.places.time >= 0),
    parts[0].found.places.weight >= 0,
  );
  const rows = parts.reduce((total, { reader }) => total + reader.columns.count, 0);
  for (const { reader } of parts) all.appendRows(reader.columns.columns(), rows);
  return all.columns();
}

/** Times in finer units than seconds, in seconds. */
function inSeconds(columns: RatingColumns): RatingColumns {
  const { time } = columns;
  const units = time && time.length > 0 ? unitsPerSecond(time[0]) : 1;
  if (!time || units === 1) return columns;
  return { ...columns, time: time.map((one) => one / units) };
}

/** @throws OptionsError for columns that a matrix, whose rows are people and whose columns are items, cannot have. */
function checkMatrixColumns({ name }: RatingSource, columns: AskedColumns = {}): void {
  if (columns.weight !== undefined)
    throw new OptionsError(`${name}: a matrix has no column of weights ("${columns.weight}")`, {
      remedy: "give a table with a row per rating",
    });
  for (const column of ["item", "rating", "time"] as const) {
    if (columns[column] === undefined) continue;
    const given = `columns: { ${column}: ${shown(columns[column])} }`;
    throw new OptionsError(`${given} has no effect: ${name} is read as a matrix, whose columns are items`, {
      remedy: `leave columns.${column} away, or give a table with a row per rating`,
    });
  }
}

/** Forms that say themselves how they are written. */
const [PARQUET, MATRIX_MARKET] = ["Parquet", "MatrixMarket"];

/** Options that are given to no effect in such a table, for people. */
function idleNotes(name: string, { found, understood: { form } }: Part, options: ReadOptions): string[] {
  const { delimiter, encoding, layout, missing } = options;
  const idle = (option: string, value: unknown, why: string): string => `${option}: ${shown(value)} has no effect: ${name} ${why}`;
  return [
    ...(delimiter !== undefined && (form === PARQUET || form === MATRIX_MARKET) ? [idle("delimiter", delimiter, `is ${form}`)] : []),
    ...(layout === "matrix" && form === MATRIX_MARKET ? [idle("layout", layout, `is ${form}, a row per rating`)] : []),
    ...(encoding !== undefined && form === PARQUET ? [idle("encoding", encoding, `is ${form}`)] : []),
    ...(missing?.length && found.places.rating < 0 ? [idle("missing", missing, "has no column of ratings")] : []),
  ];
}

async function parsePart(source: RatingSource, options: ReadOptions, ids: { users: Ids; items: Ids }): Promise<Part> {
  if (options.layout === "matrix") checkMatrixColumns(source, options.columns);
  try {
    const opened = await openText(source, options);
    if (opened.form === "delimited" && options.layout !== "matrix") return await parseText(source, opened, options, ids);
    if (opened.form === "matrix-market") {
      const { opened: text, names, columns, entries } = openMatrixMarket(source, opened);
      const part = await parseText(source, text, { ...options, columns: { ...columns, ...options.columns } }, ids, names);
      const { count } = part.reader.columns;
      const rows = count + part.reader.skippedRows + part.reader.missingRows;
      if (rows !== entries)
        throw new RatingsError(`${source.name}: it announces ${entries} entries and has ${rows}`, {
          file: source.name,
          remedy: "check that the file is whole",
        });
      return { ...part, understood: { ...part.understood, form: MATRIX_MARKET } };
    }
    const bad: BadLines = { count: 0, first: [] };
    const table = await openRows(source, opened, options, (row) => {
      if (!options.skipBadRows) throw new BadRow(row.what, row.line);
      if (bad.first.length < NAMED_ROWS) bad.first.push(row);
      bad.count++;
    });
    if (options.layout !== "matrix") return await parseRows(source, opened, table, options, ids, bad);
    const { user } = options.columns ?? {};
    const matrix = await fromMatrix(source, table, { user, header: options.header, missing: options.missing });
    return await parseRows(source, opened, matrix, { ...options, columns: { user: 0, item: 1, rating: 2, time: "none" } }, ids, bad);
  } catch (error) {
    if (!(error instanceof BadRow)) throw error;
    throw new RatingsError(`${source.name}:${error.line}: ${error.message}`, {
      file: source.name,
      line: error.line,
      remedy: aboutBadRow(error.message),
    });
  }
}

/** Lines that were no rows, and were left out. */
interface BadLines {
  count: number;
  readonly first: SkippedRow[];
}

/** Rows of cells, of whichever form. */
async function parseRows(
  source: RatingSource,
  opened: OpenText,
  table: RowTable,
  options: ReadOptions,
  ids: { users: Ids; items: Ids },
  bad: BadLines,
): Promise<Part> {
  const { found, all } = await findRows(source, table, options, bad);
  const reader = new RowReader(formatOf(opened, found, options), ids.users, ids.items);
  let isFirst = found.isHeader;
  for await (const { rows, lines } of all(Object.values(found.places).filter((place) => place >= 0))) {
    options.signal?.throwIfAborted();
    reader.takeRows(isFirst ? { rows: rows.slice(1), lines: lines.slice(1) } : { rows, lines });
    if (rows.length > 0) isFirst = false;
  }
  reader.addSkipped(bad.count, bad.first);
  return { reader, found, understood: { columns: found.described, encoding: opened.turnedFrom, form: table.form } };
}

/** The columns of a table of cells: by their names, where these tell them and it can be read from any row on. */
async function findRows(source: RatingSource, table: RowTable, options: ReadOptions, bad?: BadLines) {
  const asked = { ...options, columns: { ...table.columns, ...options.columns } };
  if (table.rowCount === 0) throw emptyFile(source);
  const named = table.rowCount === undefined ? undefined : namedColumns(table.names, source.name, asked);
  if (named && !table.holdsWords?.(named.places.rating)) return { found: named, all: (wanted: readonly number[]) => table.batches(wanted) };
  const sample = await withSample(table);
  if (sample.rows.every((row) => row.length === 0)) {
    const [first] = bad?.first ?? [];
    throw first ? noRows(source.name, allMalformed(bad!.count), first) : emptyFile(source);
  }
  return { found: findColumns(sample, source.name, asked), all: (wanted: readonly number[]) => sample.all(wanted) };
}

const allMalformed = (rows: number): string => (rows === 1 ? "the only row is malformed" : `all ${rows} rows are malformed`);

/** @param skipped the first of the malformed rows. */
function noRows(file: string, what: string, skipped?: SkippedRow): RatingsError {
  const why = skipped ? ` (line ${skipped.line}: ${skipped.what})` : "";
  return new RatingsError(`${file}: ${what}${why}`, { file, remedy: "give a file with rows of user, item and rating" });
}

const emptyFile = ({ name }: RatingSource): RatingsError => noRows(name, "it is empty");

function formatOf({ delimiter, encoding }: OpenText, found: FoundColumns, options: ReadOptions): RowFormat {
  const { places, width, opinions, outOf } = found;
  const { quotes = true, skipBadRows = false, missing: given, scale } = options;
  const missing = given?.filter((value) => value !== "none");
  return { delimiter, encoding, quotes, places, width, opinions, outOf, skipBadRows, missing, scale };
}

/** The columns of delimited text, by its front. */
function columnsOf(source: RatingSource, opened: OpenText, options: ReadOptions, names?: readonly string[]): FoundColumns {
  const { rows } = headRows(opened, options.quotes ?? true);
  if (opened.isWhole && rows.every((row) => row.every((cell) => cell.trim() === ""))) throw emptyFile(source);
  if (rows.length === 0)
    throw new RatingsError(`${source.name}:1: the first row is longer than ${opened.head.length >> 10} KiB`, {
      file: source.name,
      line: 1,
      remedy: 'give a table with a row per rating, each in a line of its own; layout: "matrix" reads a row as a person',
    });
  return findColumns({ rows, names, delimiter: opened.cutBy, comments: opened.comments }, source.name, options);
}

/** Delimited text, by the fast path where that can be. @param names of the columns, where no row names them. */
async function parseText(
  source: RatingSource,
  opened: OpenText,
  options: ReadOptions,
  { users, items }: { users: Ids; items: Ids },
  names?: readonly string[],
): Promise<Part> {
  const found = columnsOf(source, opened, options, names);
  const format = formatOf(opened, found, options);
  const text = new TextDecoding(opened.encoding);
  let reader: RowReader | undefined;
  for await (const block of blocksOf(source, opened, options)) {
    if (reader) {
      takeBlock(reader, block, source);
      continue;
    }
    const first = rowsOf(block, text);
    if (first.rows.every((row) => row.every((cell) => cell.trim() === ""))) continue;
    reader = new RowReader(format, users, items, text);
    // The first record is a block of its own.
    if (!found.isHeader) reader.takeRows(first);
    if (source.segments && block.end !== undefined && ["guess", "utf-8", "latin1"].includes(opened.encoding)) {
      const start = { at: block.end, line: block.line + newlinesIn(block.bytes) };
      const rest = await takeSegments(reader, source, format, start, options);
      for await (const block of blocksFrom(source, rest, format, options)) takeBlock(reader, block, source);
      break;
    }
  }
  if (!reader) throw emptyFile(source);
  const encoding = opened.turnedFrom ?? (reader.text.found === "windows-1252" ? "Windows-1252 (Latin-1)" : undefined);
  return { reader, found, understood: { columns: found.described, encoding } };
}

/** A table of which any part can be read by itself. */
export type OpenedTable = OpenedText | OpenedRows;

/** The front of a table of plain text: what it is taken for, and its first row. */
export interface OpenedText {
  readonly form?: undefined;
  readonly format: RowFormat;
  readonly found: FoundColumns;
  /** The first row, where it is a rating. */
  readonly first: RowReader;
  /** Where the rows behind the first one start. */
  readonly start: Place;
}

/** A table of cells, and what it is taken for. */
export interface OpenedRows {
  readonly form: string;
  readonly format: RowFormat;
  readonly found: FoundColumns;
  readonly rowCount: number;
  /** Cells of the columns that `format` names. */
  readonly batches: (range: RowRange) => AsyncGenerator<RowBatch>;
}

/**
 * @returns undefined where the bytes are neither plain delimited text, of which a line can be read by itself,
 *   nor a Parquet file.
 * @throws RatingsError
 */
export async function openTable(source: RatingSource, options: ReadOptions): Promise<OpenedTable | undefined> {
  const opened = await openText(source, options);
  try {
    if (options.layout === "matrix" || opened.at === undefined || source.range === undefined) return undefined;
    if (opened.form === "parquet") return await openedRows(source, opened, options);
    return opened.form === "delimited" ? await openedText(source, opened, options) : undefined;
  } finally {
    await opened.chunks.return(undefined);
  }
}

/** Without times: only a split by time asks for them. */
async function openedRows(source: RatingSource, opened: OpenText, options: ReadOptions): Promise<OpenedRows | undefined> {
  const table = await openRows(source, opened, options);
  const { rowCount, form } = table;
  if (rowCount === undefined) return undefined;
  const { found } = await findRows(source, table, options);
  const format = formatOf(opened, { ...found, places: { ...found.places, time: -1 } }, options);
  const wanted = Object.values(format.places).filter((place) => place >= 0);
  return { form, format, found, rowCount, batches: (range) => table.batches(wanted, range) };
}

async function openedText(source: RatingSource, opened: OpenText, options: ReadOptions): Promise<OpenedText | undefined> {
  if (!["guess", "utf-8", "latin1"].includes(opened.encoding)) return undefined;
  const found = columnsOf(source, opened, options);
  const format = formatOf(opened, found, options);
  for await (const block of blocksOf(source, opened, options)) {
    const text = new TextDecoding(opened.encoding);
    const rows = rowsOf(block, text);
    if (rows.rows.every((row) => row.every((cell) => cell.trim() === ""))) continue;
    if (block.end === undefined || block.quoted) return undefined;
    const first = new RowReader(format, new Ids(), new Ids(), text);
    if (!found.isHeader) first.takeRows(rows);
    return { format, found, first, start: { at: block.end, line: block.line + newlinesIn(block.bytes) } };
  }
  throw emptyFile(source);
}

function takeBlock(reader: RowReader, block: Block, { bytes: size }: RatingSource): void {
  if (block.quoted) return reader.takeRows(rowsOf(block, reader.text));
  const before = block.end === undefined ? 0 : block.end - block.bytes.length;
  block.lines = reader.takeLines(block.bytes, block.line, expectedRows(reader.columns.count, before, size));
}

/** Rows in all, if the rest of a source is like its first `bytes`; 0 when that cannot be told. */
function expectedRows(rows: number, bytes: number, size: number | undefined): number {
  return bytes > 0 && size !== undefined ? (rows / bytes) * size : 0;
}

/**
 * Takes what a source has in segments.
 *
 * @returns the place behind the last one: the end, or where a quote asks for the stream.
 */
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
    const inFile = (inSegment: number): number => line - 1 + inSegment;
    if (segment.bad) throw new BadRow(segment.bad.what, inFile(segment.bad.line));
    const { found } = reader.text;
    if (segment.encoding !== undefined && found !== undefined && segment.encoding !== found)
      throw new BadRow(`the text from here on is ${segment.encoding}, and ${found} further up`, line);
    reader.text = new TextDecoding(format.encoding, found ?? segment.encoding);
    at = Math.max(at, segment.end);
    const rows = reader.columns.count + segment.columns.user.length;
    reader.columns.append(segment.columns, users, items, expectedRows(rows, at, size));
    reader.skippedRows += segment.skippedRows;
    reader.missingRows += segment.missingRows;
    for (const { line: at, what } of segment.firstSkipped)
      if (reader.firstSkipped.length < NAMED_ROWS) reader.firstSkipped.push({ line: inFile(at), what });
    const badTime = segment.firstBadTime;
    if (badTime) reader.firstBadTime ??= { ...badTime, line: inFile(badTime.line) };
    line += segment.lines;
    onProgress?.(at, size);
  }
  return { at, line };
}

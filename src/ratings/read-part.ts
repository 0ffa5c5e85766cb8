// One file of a table of ratings into columns, whatever its form: what its columns are, and then its rows, of plain text
// by several threads where they can be had. Or opened, so that each of several processes reads a share of it.

import { RatingsError } from "../errors.js";
import { grouped, howMany } from "../shown.js";
import { isBlank } from "./cells.js";
import { findColumns, type FoundColumns, namedColumns } from "./columns.js";
import { type Block, blocksFrom, blocksOf, type DelimitedOptions, headRows, type Place, rowsOf } from "./delimited.js";
import type { RatingSource } from "./folder.js";
import { fromMatrix, MATRIX_MARKET, openMatrixMarket, openRows } from "./forms.js";
import { Ids } from "./ids.js";
import { type OpenText, openText } from "./open-text.js";
import { checkMatrixColumns, type ReadOptions } from "./read-options.js";
import { aboutBadRow, BadRow, NAMED_ROWS, type RowFormat, RowReader } from "./row-reader.js";
import { fault, type RowRange, type RowTable, withSample } from "./row-table.js";
import type { SkippedRow, Understanding } from "./table.js";
import { newlinesIn, type RowBatch, TextDecoding } from "./text-lines.js";

/** Encodings of text that can be read from any line on. */
const CUT_ANYWHERE: ReadonlySet<string> = new Set(["guess", "utf-8", "latin1"]);

/** What has been read of one file. */
export interface Part {
  readonly reader: RowReader;
  readonly found: FoundColumns;
  readonly understood: Understanding;
}

/** Reads a file; its ids are added to `ids`. @throws RatingsError */
export async function readPart(source: RatingSource, options: ReadOptions, ids: { users: Ids; items: Ids }): Promise<Part> {
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
        throw fault(
          source,
          undefined,
          `it announces ${howMany(entries, "entry", "entries")} and has ${grouped(rows)}`,
          "check that the file is whole",
        );
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
    throw fault(source, error.line, error.message, aboutBadRow(error.message));
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
  return {
    reader,
    found,
    understood: { columns: found.described, hasRatings: found.places.rating >= 0, encoding: opened.turnedFrom, form: table.form },
  };
}

/** The columns of a table of cells: by their names, where these tell them and it can be read from any row on. */
async function findRows(source: RatingSource, table: RowTable, options: ReadOptions, bad: BadLines = { count: 0, first: [] }) {
  const asked = { ...options, columns: { ...table.columns, ...options.columns } };
  if (table.rowCount === 0) throw emptyFile(source);
  const named = table.rowCount === undefined ? undefined : namedColumns(table.names, source.name, asked);
  if (named && !table.holdsWords?.(named.places.rating)) return { found: named, all: (wanted: readonly number[]) => table.batches(wanted) };
  const sample = await withSample(table);
  if (sample.rows.every((row) => row.length === 0)) {
    const [first] = bad.first;
    throw first ? noRows(source.name, allMalformed(bad.count), first) : emptyFile(source);
  }
  return { found: findColumns(sample, source.name, asked), all: (wanted: readonly number[]) => sample.all(wanted) };
}

export const allMalformed = (rows: number): string =>
  rows === 1 ? "the only row is malformed" : `all ${grouped(rows)} rows are malformed`;

/** @param skipped the first of the malformed rows. */
export function noRows(file: string, what: string, skipped?: SkippedRow): RatingsError {
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
  if (opened.isWhole && rows.every(isBlank)) throw emptyFile(source);
  if (rows.length === 0)
    throw fault(
      source,
      1,
      `the first row is longer than ${opened.head.length >> 10} KiB`,
      'give a table with a row per rating, each in a line of its own; layout: "matrix" reads a row as a person',
    );
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
    if (first.rows.every(isBlank)) continue;
    reader = new RowReader(format, users, items, text);
    // The first record is a block of its own.
    if (!found.isHeader) reader.takeRows(first);
    if (source.segments && block.end !== undefined && CUT_ANYWHERE.has(opened.encoding)) {
      const start = { at: block.end, line: block.line + newlinesIn(block.bytes) };
      const rest = await takeSegments(reader, source, format, start, options);
      for await (const block of blocksFrom(source, rest, format, options)) takeBlock(reader, block, source);
      break;
    }
  }
  if (!reader) throw emptyFile(source);
  const encoding = opened.turnedFrom ?? (reader.text.found === "windows-1252" ? "Windows-1252 (Latin-1)" : undefined);
  return { reader, found, understood: { columns: found.described, hasRatings: found.places.rating >= 0, encoding } };
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
  if (!CUT_ANYWHERE.has(opened.encoding)) return undefined;
  const found = columnsOf(source, opened, options);
  const format = formatOf(opened, found, options);
  for await (const block of blocksOf(source, opened, options)) {
    const text = new TextDecoding(opened.encoding);
    const rows = rowsOf(block, text);
    if (rows.rows.every(isBlank)) continue;
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
    reader.columns.append(segment.columns, segment.rounding, users, items, expectedRows(rows, at, size));
    reader.missingRows += segment.missingRows;
    const skipped = segment.firstSkipped.map(({ line: inSegment, what }) => ({ line: inFile(inSegment), what }));
    reader.addSkipped(segment.skippedRows, skipped);
    const badTime = segment.firstBadTime;
    if (badTime) reader.firstBadTime ??= { ...badTime, line: inFile(badTime.line) };
    line += segment.lines;
    onProgress?.(at, size);
  }
  return { at, line };
}

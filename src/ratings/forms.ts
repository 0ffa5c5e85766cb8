// Tables in other forms than delimited text, as rows of cells:
// JSON, Parquet, ARFF, MatrixMarket, the layout of Netflix' prize, and matrices with a row per person.

import type { ParquetRowRange } from "hyparquet";
import { RatingsError } from "../errors.js";
import type { AskedColumns } from "./columns.js";
import { listed, shown } from "../shown.js";
import { blocksOf, rowsOf } from "./delimited.js";
import type { RatingSource } from "./folder.js";
import { openJson } from "./json-rows.js";
import { blanksAsTabs, type OpenText, type TextOptions, without } from "./open-text.js";
import { allText, BATCH_ROWS, cellText, fault, linesOf, type OnBadLine, type RowRange, type RowTable, withSample } from "./row-table.js";
import { asciiOf, type RowBatch, TextDecoding } from "./text-lines.js";

/** Forms that say themselves how they are written. */
export const [PARQUET, MATRIX_MARKET] = ["Parquet", "MatrixMarket"];

/**
 * The rows of a source of any form but MatrixMarket, whose rows are delimited text.
 *
 * @param onBad takes a line of JSON that is no row; without it, reading stops there.
 * @throws RatingsError when it is damaged.
 */
export async function openRows(source: RatingSource, opened: OpenText, options: TextOptions = {}, onBad?: OnBadLine): Promise<RowTable> {
  switch (opened.form) {
    case "json":
      return await openJson(source, opened, onBad);
    case "parquet":
      return await openParquet(source, opened);
    case "arff":
      return await openArff(source, opened);
    case "netflix":
      return { form: "Netflix' layout", names: ["movie", "customer", "rating", "date"], batches: () => netflixRows(source, opened) };
    default:
      return { form: "delimited text", batches: () => delimitedRows(source, opened, options) };
  }
}

async function* delimitedRows(source: RatingSource, opened: OpenText, options: TextOptions): AsyncGenerator<RowBatch> {
  const text = new TextDecoding(opened.encoding);
  for await (const block of blocksOf(source, opened, options)) yield rowsOf(block, text);
}

/**
 * Rows of a Parquet file, row group by row group; of a source that can be read from any place,
 * only the columns that are wanted, and of a group only the pages of the rows, where it has an index of them.
 */
async function openParquet(source: RatingSource, opened: OpenText): Promise<RowTable> {
  const damaged = (cause: unknown): RatingsError =>
    fault(
      source,
      undefined,
      `it is a damaged Parquet file, or one of a kind that is not read: ${cause instanceof Error ? cause.message : String(cause)}`,
      "write it with Snappy, gzip, zstd or no compression, or as CSV",
      cause,
    );
  const [{ parquetMetadataAsync, parquetScan }, { compressors }] = await Promise.all([
    import("hyparquet"),
    import("hyparquet-compressors"),
  ]);
  const { bytes, range } = source;
  /** What has been read of the row group: a column without an index of its pages is asked for whole, time and again. */
  const kept = new Map<string, Promise<ArrayBuffer>>();
  let file: { byteLength: number; slice(from: number, to?: number): ArrayBuffer | Promise<ArrayBuffer> };
  if (range && bytes !== undefined && opened.at === 0) {
    await opened.chunks.return(undefined);
    const slice = (from: number, to = bytes): Promise<ArrayBuffer> => {
      const key = `${from}-${to}`;
      const read = kept.get(key) ?? range(from < 0 ? bytes + from : from, to);
      kept.set(key, read);
      return read;
    };
    file = { byteLength: bytes, slice };
  } else file = await inMemory(opened.chunks);
  try {
    const metadata = await parquetMetadataAsync(file);
    const names = metadata.schema[0]?.num_children === undefined ? [] : topLevel(metadata.schema);
    if (!names.every((name) => typeof name === "string")) throw new Error("a column has no name");
    const scan = await parquetScan({ file, metadata, compressors });
    const rowCount = scan.ranges.at(-1)?.rowEnd ?? 0;
    return {
      form: PARQUET,
      names,
      rowCount,
      holdsWords: (place) =>
        metadata.schema.some(({ name, type }) => name === names[place] && (type === "BOOLEAN" || type === "BYTE_ARRAY")),
      async *batches(wanted = [...names.keys()], { from, to } = { from: 0, to: rowCount }) {
        const empty = names.map(() => "");
        const decoded = async (rows: ParquetRowRange): Promise<ArrayLike<unknown>[]> => {
          const columns: ArrayLike<unknown>[] = [];
          for (const place of wanted) columns.push(await scan.readColumn({ column: names[place], ...rows }));
          if (columns.every(({ length }) => length >= rows.rowEnd - rows.rowStart)) return columns;
          throw new Error("a column is shorter than its row group");
        };
        try {
          for (const { rowStart, rowEnd, beginsGroup } of piecesOf(scan.ranges, { from, to })) {
            if (beginsGroup) kept.clear();
            const columns = await decoded({ rowStart, rowEnd }).catch((cause: unknown) => Promise.reject(damaged(cause)));
            for (let first = rowStart; first < rowEnd; first += BATCH_ROWS) {
              const lines = Array.from({ length: Math.min(BATCH_ROWS, rowEnd - first) }, (_, at) => first + at + 1);
              const rows = lines.map(() => empty.slice());
              wanted.forEach((place, k) => rows.forEach((row, at) => (row[place] = cellText(columns[k][first - rowStart + at]))));
              yield { rows, lines };
            }
          }
        } finally {
          kept.clear();
        }
      },
    };
  } catch (cause) {
    throw damaged(cause);
  }
}

/** Rows of a Parquet file that are decoded at a time. */
const DECODED_ROWS = 2 ** 18;

/** A range of rows in pieces that are decoded at a time. */
function* piecesOf(groups: readonly ParquetRowRange[], { from, to }: RowRange): Generator<ParquetRowRange & { beginsGroup: boolean }> {
  for (const group of groups) {
    const [start, end] = [Math.max(group.rowStart, from), Math.min(group.rowEnd, to)];
    for (let rowStart = start; rowStart < end; rowStart += DECODED_ROWS)
      yield { rowStart, rowEnd: Math.min(end, rowStart + DECODED_ROWS), beginsGroup: rowStart === start };
  }
}

/** The names of a schema's columns; what is nested in one is not listed. */
function topLevel(schema: readonly { name: string; num_children?: number | undefined }[]): string[] {
  const names: string[] = [];
  const skip = (at: number): number => {
    let next = at + 1;
    for (let child = 0; child < (schema[at].num_children ?? 0); child++) next = skip(next);
    return next;
  };
  for (let at = 1; at < schema.length; at = skip(at)) names.push(schema[at].name);
  return names;
}

async function inMemory(chunks: AsyncIterable<Uint8Array>): Promise<ArrayBuffer> {
  const parts: BlobPart[] = [];
  for await (const chunk of chunks) parts.push(chunk as Uint8Array<ArrayBuffer>);
  return await new Blob(parts).arrayBuffer();
}

/** Weka's format: attributes by name, then rows with commas, "?" for what is missing, cells in either quotes. */
async function openArff(source: RatingSource, opened: OpenText): Promise<RowTable> {
  const text = await allText(source, opened);
  const data = /^[ \t]*@data[ \t]*\r?\n/im.exec(text);
  if (!data) throw fault(source, undefined, "there is no @data", "check that the file is whole");
  const from = data.index + data[0].length;
  const front = text.slice(0, data.index);
  const names = [...front.matchAll(/^[ \t]*@attribute[ \t]+('(?:[^'\\]|\\.)*'|"[^"]*"|\S+)/gim)].map(([, name]) => unquoted(name));
  const firstLine = front.split("\n").length + 1;
  const rows: string[][] = [];
  const lines: number[] = [];
  text
    .slice(from)
    .split(/\r?\n/)
    .forEach((line, at) => {
      const trimmed = line.trim();
      if (trimmed === "" || trimmed.startsWith("%")) return;
      if (trimmed.startsWith("{"))
        throw fault(source, firstLine + at, "it is a sparse ARFF file, which is not read", "write it dense, or as CSV");
      const cells = trimmed.match(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,]+/g) ?? [];
      rows.push(cells.map((cell) => (cell.trim() === "?" ? "" : unquoted(cell.trim()))));
      lines.push(firstLine + at);
    });
  return {
    form: "ARFF",
    names,
    // oxlint-disable-next-line typescript/require-await
    async *batches() {
      yield { rows, lines };
    },
  };
}

const unquoted = (text: string): string => (/^(['"]).*\1$/s.test(text) ? text.slice(1, -1).replaceAll(/\\(.)/g, "$1") : text);

/** Blocks of "movie:" and rows of customer, rating, date. */
async function* netflixRows(source: RatingSource, opened: OpenText): AsyncGenerator<RowBatch> {
  let movie: string | undefined;
  for await (const { lines, line } of linesOf(opened)) {
    const batch: { rows: string[][]; lines: number[] } = { rows: [], lines: [] };
    for (let at = 0; at < lines.length; at++) {
      const text = lines[at].trim();
      if (text === "") continue;
      if (text.endsWith(":")) {
        movie = text.slice(0, -1);
        continue;
      }
      if (movie === undefined) throw fault(source, line + at, "a rating stands before the first movie", "check that the file is whole");
      batch.rows.push([movie, ...text.split(",")]);
      batch.lines.push(line + at);
    }
    yield batch;
  }
}

/**
 * A MatrixMarket file as delimited text: rows of row, column and entry.
 *
 * @returns the number of entries that the file announces, too.
 * @throws RatingsError when it is no general matrix of coordinates.
 */
export function openMatrixMarket(
  source: RatingSource,
  opened: OpenText,
): { opened: OpenText; names: string[]; columns: AskedColumns; entries: number } {
  const head = asciiOf(opened.head);
  const [banner] = head.split("\n", 1);
  const [, , format, field, symmetry] = banner.trim().toLowerCase().split(/\s+/);
  if (format !== "coordinate" || symmetry !== "general" || !["real", "integer", "pattern", "double"].includes(field))
    throw fault(source, 1, `it is ${shown(banner.trim())}`, "give a matrix that is `coordinate real general`, with a row per person");
  const size = /^(?:[ \t]*(?:%.*)?\r?\n)*[ \t]*(\d+)[ \t]+(\d+)[ \t]+(\d+)[ \t]*\r?\n/.exec(head);
  if (!size) throw fault(source, undefined, "there is no line of sizes", "check that the file is whole");
  const rest = without(opened, size[0].length);
  const isPattern = field === "pattern";
  return {
    opened: {
      ...rest,
      chunks: blanksAsTabs(rest.chunks, false),
      head: new TextEncoder().encode(asciiOf(rest.head).replaceAll(/[ \t]+/g, "\t")),
      line: 1 + size[0].split("\n").length - 1,
      at: undefined,
      delimiter: "\t",
    },
    names: ["row", "column", "entry"].slice(0, isPattern ? 2 : 3),
    columns: { user: 0, item: 1, rating: isPattern ? "none" : 2, time: "none" },
    entries: Number(size[3]),
  };
}

/**
 * A matrix, a row per person and a column per item, as rows of person, item and rating. Persons go by the column that
 * is named, the first where it holds no numbers, or else by their row's number from 1; items by their column's name or
 * number from 1. Empty cells are no ratings.
 */
export async function fromMatrix(
  source: RatingSource,
  table: RowTable,
  {
    user,
    header,
    missing = [],
  }: { user?: string | number | undefined; header?: boolean | undefined; missing?: readonly string[] | undefined },
): Promise<RowTable> {
  const sample = await withSample(table);
  const [first, ...body] = sample.names ? [sample.names, ...sample.rows] : sample.rows;
  const isNumeric = (cell: string): boolean => cell.trim() === "" || Number.isFinite(Number(cell.replace(",", ".")));
  if (!first) return { form: "a matrix", batches: () => sample.all() };
  const isHeader =
    header ??
    (sample.names !== undefined ||
      first.slice(1).some((cell) => !isNumeric(cell)) ||
      first[0].trim() === "" ||
      (!isNumeric(first[0]) && body.length > 0 && isNumeric(body[0][0] ?? "")));
  const cells = isHeader ? body : [first, ...body];
  // Some such files begin every row with the number of its ratings.
  let people = user === undefined ? -1 : typeof user === "number" ? user : first.findIndex((name) => name.trim() === user.trim());
  if (user !== undefined && people < 0) throw fault(source, 1, `there is no column ${shown(user)}`, `the columns are ${listed(first)}`);
  if (people < 0 && (cells.some((row) => !isNumeric(row[0] ?? "")) || (isHeader && isPersonName(first[0])))) people = 0;
  const noRating = new Set(["", ...missing].map((text) => (text === "" ? text : String(Number(text)))));
  const ratingsIn = (row: readonly string[]): number =>
    row.slice(1).filter((cell) => !noRating.has(cell.trim() === "" ? "" : String(Number(cell)))).length;
  const counts = user === undefined && people < 0 && cells.length > 1 && cells.every((row) => Number(row[0]) === ratingsIn(row));
  const firstItem = people === 0 || counts ? 1 : 0;
  const itemOf = (place: number): string => (isHeader && first[place]?.trim()) || String(place + 1 - firstItem);
  return {
    form: `a matrix${counts ? ", whose first column counts the ratings of its row" : ""}`,
    names: ["person", "item", "rating"],
    async *batches() {
      let number = 0;
      let skip = isHeader && sample.names === undefined;
      for await (const batch of sample.all()) {
        const rows: string[][] = [];
        const lines: number[] = [];
        for (let at = 0; at < batch.rows.length; at++) {
          const row = batch.rows[at];
          if (skip) {
            skip = false;
            continue;
          }
          number++;
          for (let place = 0; place < row.length; place++) {
            if (place === people || (counts && place === 0) || row[place].trim() === "") continue;
            rows.push([people < 0 ? String(number) : row[people], itemOf(place), row[place]]);
            lines.push(batch.lines[at]);
          }
        }
        yield { rows, lines };
      }
    },
  };
}

const isPersonName = (name: string): boolean => /^(|user|person|customer|reviewer|member|id)([_ ]?id)?$/i.test(name.trim());

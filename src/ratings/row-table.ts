// A table as rows of cells, whatever its form, and what reading any form takes: lines, the whole text, texts of values.

import { RatingsError } from "../errors.js";
import type { AskedColumns, Sample } from "./columns.js";
import type { RatingSource } from "./folder.js";
import { joined, type OpenText } from "./open-text.js";
import type { SkippedRow } from "./table.js";
import { NEWLINE, newlinesIn, type RowBatch, TextDecoding } from "./text-lines.js";

/** A table as rows of cells. */
export interface RowTable {
  /** What it is, for people. */
  readonly form: string;
  /** Of the columns, where the format keeps them apart from the rows. */
  readonly names?: readonly string[] | undefined;
  /** Which column is what, where the format says so. */
  readonly columns?: AskedColumns | undefined;
  /** Whether a column may hold other than numbers, where the format tells. */
  readonly holdsWords?: ((place: number) => boolean) | undefined;
  /** How many rows there are, of a table that can be read from any of them on, and again. */
  readonly rowCount?: number | undefined;
  /**
   * Cells of the columns that are wanted, of all where nothing is said; others may be empty.
   *
   * @param range of rows, where their number is known. Default: all.
   */
  batches(wanted?: readonly number[], range?: RowRange): AsyncGenerator<RowBatch>;
}

/** Rows of a table, from 0, but for the last. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** Rows by which columns are found out. */
export const SAMPLE_ROWS = 1000;
/** Rows of what is in memory that are made texts at a time: these take ten times the memory. */
export const BATCH_ROWS = 2 ** 13;
/** JSON that is one array, and ARFF, are read at once, up to here. */
const MOST_BYTES = 1 << 29;

export const fault = (source: RatingSource, line: number | undefined, what: string, remedy: string, cause?: unknown): RatingsError =>
  new RatingsError(`${source.name}${line === undefined ? "" : `:${line}`}: ${what}`, {
    file: source.name,
    remedy,
    cause,
    ...(line !== undefined && { line }),
  });

export const tooLarge = (source: RatingSource): RatingsError =>
  fault(source, undefined, "it is too large to be read at once", "write it as JSON lines, Parquet or CSV");

/** Takes a line that is no row, or refuses it. */
export type OnBadLine = (row: SkippedRow, cause?: unknown) => void | Promise<never>;

/** Rows in two: those by which columns are found out, and all of them. */
export async function withSample(table: RowTable): Promise<Sample & { all(wanted?: readonly number[]): AsyncGenerator<RowBatch> }> {
  const taken: RowBatch[] = [];
  const batches = table.batches(undefined, { from: 0, to: SAMPLE_ROWS });
  let count = 0;
  let failed: { readonly error: unknown } | undefined;
  try {
    for (let next = await batches.next(); !next.done; next = await batches.next()) {
      taken.push(next.value);
      count += next.value.rows.length;
      if (count >= SAMPLE_ROWS) break;
    }
  } catch (error) {
    // Rows above the fault come first: one of them may be at fault as well.
    if (count === 0) throw error;
    failed = { error };
  }
  return {
    names: table.names,
    rows: taken.flatMap(({ rows }) => rows).slice(0, SAMPLE_ROWS),
    async *all(wanted) {
      try {
        if (table.rowCount !== undefined) {
          yield* table.batches(wanted);
          return;
        }
        yield* taken.splice(0);
        if (failed) throw failed.error;
        yield* batches;
      } finally {
        await batches.return(undefined);
      }
    },
  };
}

/** Whole lines, and the number of the first of them. */
export interface LineBatch {
  readonly lines: readonly string[];
  readonly line: number;
}

/** Whole lines of text, many at a time. */
export async function* linesOf({ chunks, encoding, line: first }: OpenText): AsyncGenerator<LineBatch> {
  const text = new TextDecoding(encoding);
  let left: Uint8Array = new Uint8Array(0);
  let line = first;
  const take = (bytes: Uint8Array): LineBatch => {
    const lines = text.decode(bytes).split(/\r?\n/);
    const batch = { lines, line };
    line += newlinesIn(bytes);
    return batch;
  };
  for await (const chunk of chunks) {
    left = joined(left, chunk);
    const end = left.lastIndexOf(NEWLINE) + 1;
    if (end === 0) continue;
    yield take(left.subarray(0, end));
    left = left.subarray(end);
  }
  if (left.length > 0) yield take(left);
}

export async function allText(source: RatingSource, { chunks, encoding }: OpenText): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.length;
    if (length > MOST_BYTES) throw tooLarge(source);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return new TextDecoding(encoding).decode(bytes);
}

/** A value as the text of a cell; of a list, its texts with "|" between. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(cellText).join("|");
  // MongoDB writes numbers, ids and dates as objects of one key: {"$oid": "…"}.
  const [[key, inner] = ["", undefined], ...others] = Object.entries(value);
  if (key.startsWith("$") && others.length === 0) return cellText(inner);
  const { name, title } = value as { name?: unknown; title?: unknown };
  return typeof name === "string" ? name : typeof title === "string" ? title : JSON.stringify(value);
}

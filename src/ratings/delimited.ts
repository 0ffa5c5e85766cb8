// Rows of delimited text, streamed: quoted cells understood. The bytes come in blocks of whole records,
// which are split into cells here where cells may be quoted; other blocks are read as they are
// (row-reader.ts). And rows out again, as CSV.

import Papa from "papaparse";
import { RatingsError } from "../errors.js";
import type { RatingSource } from "./folder.js";
import { countedBytes, joined, type OpenText, openText, type TextOptions } from "./open-text.js";
import {
  CARRIAGE_RETURN,
  type Encoding,
  LONGEST_RECORD_BYTES,
  NEWLINE,
  newlinesIn,
  QUOTE,
  type RowBatch,
  splitLines,
  TextDecoding,
} from "./text-lines.js";

/** How delimited text is read. */
export type DelimitedOptions = TextOptions;

/** Whole records, each ended by a newline. The first record of a file is a block of its own: it may be a header. */
export interface Block {
  readonly bytes: Uint8Array;
  /** Line, from 1, on which the block starts. */
  readonly line: number;
  /** Bytes of the source up to the end of the block; undefined when they are not the source's own. */
  readonly end: number | undefined;
  readonly delimiter: string;
  readonly encoding: Encoding;
  /** Whether any cell may be quoted. */
  readonly quoted: boolean;
  /** Newlines in the block, set by a reader that has come across them anyway; counted otherwise. */
  lines?: number;
}

/** Where a record starts. */
export interface Place {
  /** In bytes of the source, from 0. */
  readonly at: number;
  /** From 1. */
  readonly line: number;
}

/** Space, tab, carriage return. */
const BLANKS = new Set([0x20, 0x09, CARRIAGE_RETURN]);

/**
 * @throws RatingsError when it is no delimited text, the gzip stream is damaged, a quote never closes, or a record is longer than 4 MiB.
 */
export async function* readDelimited(source: RatingSource, options: DelimitedOptions = {}): AsyncGenerator<RowBatch> {
  const opened = await openText(source, options);
  if (opened.form !== "delimited") {
    await opened.chunks.return(undefined);
    throw new RatingsError(`${source.name}: it is ${FORMS[opened.form]}, and delimited text is wanted here`, {
      file: source.name,
      remedy: "write it as CSV",
    });
  }
  const text = new TextDecoding(opened.encoding);
  for await (const block of blocksOf(source, opened, options)) yield rowsOf(block, text);
}

const FORMS: Readonly<Record<Exclude<OpenText["form"], "delimited">, string>> = {
  json: "JSON",
  parquet: "Parquet",
  "matrix-market": "MatrixMarket",
  arff: "ARFF",
  netflix: "in Netflix' layout",
};

/** The text in blocks of whole records. @throws RatingsError as readDelimited does. */
export function blocksOf(source: RatingSource, opened: OpenText, { quotes = true }: DelimitedOptions = {}): AsyncGenerator<Block> {
  return blocks(source.name, opened.chunks, { ...opened, quotes, isFirst: true });
}

/**
 * The same from a place on, in a source that can be read from any place.
 *
 * @throws RatingsError as readDelimited does.
 */
export function blocksFrom(
  source: RatingSource,
  { at, line }: Place,
  { delimiter, encoding, quotes }: { delimiter: string; encoding: Encoding; quotes: boolean },
  options: DelimitedOptions = {},
): AsyncGenerator<Block> {
  return blocks(source.name, countedBytes(source, options, at), { at, line, delimiter, encoding, quotes, isFirst: false });
}

interface Beginning {
  readonly delimiter: string;
  readonly encoding: Encoding;
  readonly quotes: boolean;
  readonly line: number;
  readonly at: number | undefined;
  /** Whether the first record is a block of its own. */
  readonly isFirst: boolean;
}

async function* blocks(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  { delimiter, encoding, quotes, ...from }: Beginning,
): AsyncGenerator<Block> {
  let { line, at: end, isFirst } = from;
  let left: Uint8Array = new Uint8Array(0);
  const cut = function* (next: Uint8Array, last: boolean): Generator<Block> {
    // A chunk of Node's is asked before it is joined: its own search is ten times as fast as a Uint8Array's.
    const quoted = quotes && (next.includes(QUOTE) || left.includes(QUOTE));
    left = joined(left, next);
    if (last && left.length > 0 && left.at(-1) !== NEWLINE) left = joined(left, Uint8Array.of(NEWLINE));
    if (left.indexOf(NEWLINE, firstText(left)) >= 0) {
      for (let length = -1; length !== 0; left = left.subarray(length)) {
        length = recordEnd(left, delimiter, quoted, isFirst ? "first" : "last");
        if (length === 0) break;
        const bytes = left.subarray(0, length);
        if (end !== undefined) end += length;
        const block: Block = { bytes, line, end, delimiter, encoding, quoted };
        yield block;
        if (firstText(bytes) < length) isFirst = false;
        line += block.lines ?? newlinesIn(bytes);
      }
    }
    if (left.length > LONGEST_RECORD_BYTES || (last && firstText(left) < left.length)) {
      const what = quoted ? "a quoted cell of the record that starts here does not end" : "the line is longer than 4 MiB";
      throw new RatingsError(`${name}:${line}: ${what}`, { file: name, line, remedy: "check that the file is a table of text" });
    }
  };
  for await (const bytes of chunks) yield* cut(bytes, false);
  yield* cut(new Uint8Array(0), true);
}

/** The cells of a block. */
export function rowsOf(block: Block, text: TextDecoding): RowBatch {
  if (!block.quoted) return splitLines(block.bytes, block.line, block.delimiter, text);
  const rows: string[][] = [];
  const lines: number[] = [];
  let { line } = block;
  for (const row of Papa.parse<string[]>(text.decode(block.bytes), { delimiter: block.delimiter, newline: "\n" }).data) {
    const last = row.length - 1;
    if (row[last].endsWith("\r")) row[last] = row[last].slice(0, -1);
    if (last > 0 || row[0] !== "") {
      rows.push(row);
      lines.push(line);
    }
    line += 1 + row.reduce((sum, cell) => sum + cell.split("\n").length - 1, 0);
  }
  return { rows, lines };
}

/** The rows of the head of a text: those that are whole. */
export function headRows({ head, isWhole, delimiter, encoding, line }: OpenText, quotes: boolean): RowBatch {
  const bytes = isWhole ? joined(head, Uint8Array.of(NEWLINE)) : head.subarray(0, head.lastIndexOf(NEWLINE) + 1);
  const quoted = quotes && bytes.includes(QUOTE);
  const { rows, lines } = rowsOf({ bytes, line, end: undefined, delimiter, encoding, quoted }, new TextDecoding(encoding));
  // The last may end within a quoted cell.
  return quoted && !isWhole ? { rows: rows.slice(0, -1), lines: lines.slice(0, -1) } : { rows, lines };
}

/** What spreadsheets take for a formula: text that begins as one and is no number. */
const isFormula = (cell: string | number): boolean =>
  typeof cell === "string" && /^[=+\-@\t\r]/.test(cell) && !Number.isFinite(Number(cell));

/**
 * Rows as lines of CSV, each ended by a newline; cells that hold a comma, a quote or a newline are quoted. Text that a
 * spreadsheet would take for a formula is given a quote in front, by which it stays text; numbers stay as they are.
 */
export function csvLines(rows: readonly (readonly (string | number)[])[]): string {
  const safe = rows.map((row) => row.map((cell) => (isFormula(cell) ? `'${cell}` : cell)));
  return rows.length === 0 ? "" : `${Papa.unparse(safe, { newline: "\n" })}\n`;
}

/** The end of the first or last whole record: behind a newline that no quoted cell holds. 0 when there is none. */
function recordEnd(bytes: Uint8Array, delimiter: string, quoted: boolean, which: "first" | "last"): number {
  if (!quoted) return (which === "first" ? bytes.indexOf(NEWLINE, firstText(bytes)) : bytes.lastIndexOf(NEWLINE)) + 1;
  const mark = new TextEncoder().encode(delimiter);
  let end = 0;
  for (let at = firstText(bytes); at < bytes.length;) {
    // Only a quote at the start of a cell quotes it.
    if (bytes[at] === QUOTE) at = closingQuote(bytes, at + 1, mark) + 1;
    while (at < bytes.length && bytes[at] !== NEWLINE && !holdsAt(bytes, at, mark)) at++;
    if (at >= bytes.length) break;
    if (bytes[at] !== NEWLINE) at += mark.length;
    else {
      end = ++at;
      if (which === "first") break;
    }
  }
  return end;
}

/**
 * The quote that closes a cell: not doubled, with nothing but blanks up to the delimiter or newline.
 * `bytes.length` when there is none.
 */
function closingQuote(bytes: Uint8Array, from: number, mark: Uint8Array): number {
  for (let at = bytes.indexOf(QUOTE, from); at >= 0; at = bytes.indexOf(QUOTE, at + 1)) {
    if (bytes[at + 1] === QUOTE) {
      at++;
      continue;
    }
    let after = at + 1;
    while (BLANKS.has(bytes[after]) && !holdsAt(bytes, after, mark)) after++;
    if (bytes[after] === NEWLINE || holdsAt(bytes, after, mark)) return at;
  }
  return bytes.length;
}

function holdsAt(bytes: Uint8Array, at: number, mark: Uint8Array): boolean {
  for (let k = 0; k < mark.length; k++) if (bytes[at + k] !== mark[k]) return false;
  return true;
}

/** Where the first line that is not empty starts; the length when there is none. */
function firstText(bytes: Uint8Array): number {
  let at = 0;
  while (bytes[at] === NEWLINE || bytes[at] === CARRIAGE_RETURN) at++;
  return at;
}

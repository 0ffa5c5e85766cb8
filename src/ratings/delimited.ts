// Rows of delimited text, streamed: gzip, BOM, CRLF and quoted cells understood. The bytes come in blocks of whole records, which are
// split into cells here where cells may be quoted; other blocks are read as they are (row-reader.ts). And rows out again, as CSV.

import Papa from "papaparse";
import { OptionsError, RatingsError } from "../errors.js";
import { chunksOf, iterateBytes, type RatingSource } from "./folder.js";
import {
  CARRIAGE_RETURN,
  decodeText,
  type Encoding,
  LONGEST_RECORD_BYTES,
  NEWLINE,
  newlinesIn,
  QUOTE,
  type RowBatch,
  splitLines,
} from "./text-lines.js";

/** How delimited text is read. */
export interface DelimitedOptions {
  /** Found out from the first line when left out: tab, "::", ";", "|" or ",". */
  readonly delimiter?: string | undefined;
  /** Default "utf-8". "guess" takes a block as UTF-8 where it is valid, else as Latin-1. */
  readonly encoding?: Encoding | undefined;
  /** Whether cells may be quoted, with newlines and doubled quotes inside. Default true. */
  readonly quotes?: boolean | undefined;
  /** Bytes read so far, before decompression, and in all where that is known. */
  readonly onProgress?: ((done: number, total: number | undefined) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Whole records, each ended by a newline. The first record of a file is a block of its own: it may be a header. */
export interface Block {
  readonly bytes: Uint8Array;
  /** Line, from 1, on which the block starts. */
  readonly line: number;
  /** Bytes of the source up to the end of the block; undefined when they are compressed. */
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

const BEGINNING: Place = { at: 0, line: 1 };

/** Delimiters that are recognised without being named. */
export const DELIMITERS = ["::", "\t", ",", ";", "|"] as const;

const GZIP_MAGIC = [0x1f, 0x8b];
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** Space, tab, carriage return. */
const BLANKS = new Set([0x20, 0x09, CARRIAGE_RETURN]);

/**
 * @throws RatingsError when the gzip stream is damaged, a quote never closes, or a record is longer than 4 MiB.
 */
export async function* readDelimited(source: RatingSource, options: DelimitedOptions = {}): AsyncGenerator<RowBatch> {
  for await (const block of readBlocks(source, options)) yield rowsOf(block);
}

/**
 * The text in blocks of whole records.
 *
 * @param start where to go on from, in a source that can be read from any place; the delimiter is then known.
 * @throws RatingsError as readDelimited does.
 */
export async function* readBlocks(source: RatingSource, options: DelimitedOptions = {}, start = BEGINNING): AsyncGenerator<Block> {
  const { encoding = "utf-8", quotes = true } = options;
  let { delimiter } = options;
  if (delimiter === "" || (delimiter && /["\r\n]/.test(delimiter)))
    throw new OptionsError(
      `delimiter is ${JSON.stringify(delimiter)}: it must be one or more characters, none of them a quote or a newline`,
    );
  let { line, at: end } = start;
  let left: Uint8Array = new Uint8Array(0);
  let compressed = false;
  let marked = start.at === 0;
  let firstRecord = start.at === 0;
  const cut = function* (next: Uint8Array, last: boolean): Generator<Block> {
    // A chunk of Node's is asked before it is joined: its own search is ten times as fast as a Uint8Array's.
    const quoted = quotes && (next.includes(QUOTE) || left.includes(QUOTE));
    left = joined(left, next);
    if (marked) {
      if (left.length < BYTE_ORDER_MARK.length && !last) return;
      if (BYTE_ORDER_MARK.every((byte, at) => left[at] === byte)) {
        left = left.subarray(BYTE_ORDER_MARK.length);
        end += BYTE_ORDER_MARK.length;
      }
      marked = false;
    }
    if (last && left.length > 0 && left.at(-1) !== NEWLINE) left = joined(left, Uint8Array.of(NEWLINE));
    if (left.indexOf(NEWLINE, firstText(left)) >= 0) {
      delimiter ??= sniffDelimiter(left);
      for (let length = -1; length !== 0; left = left.subarray(length)) {
        length = recordEnd(left, delimiter, quoted, firstRecord ? "first" : "last");
        if (length === 0) break;
        const bytes = left.subarray(0, length);
        end += length;
        const block: Block = { bytes, line, end: compressed ? undefined : end, delimiter, encoding, quoted };
        yield block;
        if (firstText(bytes) < length) firstRecord = false;
        line += block.lines ?? newlinesIn(bytes);
      }
    }
    if (left.length > LONGEST_RECORD_BYTES || (last && firstText(left) < left.length)) {
      const what = quoted ? "a quoted cell of the record that starts here does not end" : "the line is longer than 4 MiB";
      throw new RatingsError(`${source.name}:${line}: ${what}`, {
        file: source.name,
        line,
        remedy: "check that the file is a table of text",
      });
    }
  };
  for await (const bytes of wholeBytes(source, options, start.at, () => (compressed = true))) {
    yield* cut(bytes, false);
  }
  yield* cut(new Uint8Array(0), true);
}

/** The cells of a block. */
export function rowsOf(block: Block): RowBatch {
  if (!block.quoted) return splitLines(block.bytes, block.line, block.delimiter, block.encoding);
  const rows: string[][] = [];
  const lines: number[] = [];
  let { line } = block;
  for (const row of Papa.parse<string[]>(decodeText(block.bytes, block.encoding), { delimiter: block.delimiter, newline: "\n" }).data) {
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

/** Rows as lines of CSV, each ended by a newline; cells that hold a comma, a quote or a newline are quoted. */
export function csvLines(rows: readonly (readonly (string | number)[])[]): string {
  return rows.length === 0 ? "" : `${Papa.unparse(rows as (string | number)[][], { newline: "\n" })}\n`;
}

/** The decompressed bytes, whose errors name the file. */
async function* wholeBytes(
  source: RatingSource,
  options: DelimitedOptions,
  from: number,
  onCompressed: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    const bytes = counted(source, options, from);
    yield* from > 0 ? bytes : decompressed(bytes, onCompressed);
  } catch (cause) {
    if (cause instanceof RatingsError || options.signal?.aborted) throw cause;
    throw new RatingsError(`${source.name}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      file: source.name,
      remedy: "check that the file is whole",
    });
  }
}

async function* decompressed(chunks: AsyncGenerator<Uint8Array>, onCompressed: () => void): AsyncGenerator<Uint8Array> {
  try {
    let head: Uint8Array = new Uint8Array(0);
    while (head.length < GZIP_MAGIC.length) {
      const next = await chunks.next();
      if (next.done) break;
      head = joined(head, next.value);
    }
    if (!GZIP_MAGIC.every((byte, at) => head[at] === byte)) {
      yield head;
      yield* chunks;
      return;
    }
    onCompressed();
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => controller.enqueue(head as Uint8Array<ArrayBuffer>),
      async pull(controller) {
        const next = await chunks.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value as Uint8Array<ArrayBuffer>);
      },
    });
    yield* chunksOf(stream.pipeThrough(new DecompressionStream("gzip")));
  } finally {
    // A reader that stops early lets go of the file.
    await chunks.return(undefined);
  }
}

async function* counted(source: RatingSource, { onProgress, signal }: DelimitedOptions, from: number): AsyncGenerator<Uint8Array> {
  let done = from;
  for await (const chunk of iterateBytes(source, from)) {
    signal?.throwIfAborted();
    done += chunk.length;
    onProgress?.(done, source.bytes);
    if (chunk.length > 0) yield chunk;
  }
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

/** The quote that closes a cell: not doubled, with nothing but blanks up to the delimiter or newline. `bytes.length` when there is none. */
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

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** The delimiter that the first line holds most of, outside quotes. */
function sniffDelimiter(bytes: Uint8Array): string {
  const from = firstText(bytes);
  const first = new TextDecoder().decode(bytes.subarray(from, bytes.indexOf(NEWLINE, from))).replace(/"[^"]*"/g, "");
  let best = ",";
  let most = 0;
  for (const candidate of DELIMITERS) {
    const found = first.split(candidate).length - 1;
    if (found > most) [best, most] = [candidate, found];
  }
  return best;
}

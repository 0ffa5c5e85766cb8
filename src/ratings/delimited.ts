// Rows of delimited text, streamed: gzip, BOM, CRLF and quoted cells understood, every row with the line it starts on.

import Papa from "papaparse";
import { RatingsError } from "../errors.js";
import { chunksOf, type RatingSource } from "./folder.js";

export interface DelimitedOptions {
  /** Found out from the first lines when left out: tab, "::", ";", "|" or ",". */
  readonly delimiter?: string | undefined;
  /** Default "utf-8". */
  readonly encoding?: "utf-8" | "latin1" | undefined;
  /** Bytes read so far, before decompression, and in all where that is known. */
  readonly onProgress?: ((done: number, total: number | undefined) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Rows of one batch and the line, from 1, on which each starts. */
export interface RowBatch {
  readonly rows: readonly (readonly string[])[];
  readonly lines: readonly number[];
}

const GZIP_MAGIC = [0x1f, 0x8b];
const NEWLINE = "\n";
const QUOTE = '"';

/**
 * @throws RatingsError when the bytes are no valid gzip stream.
 */
export async function* readDelimited(source: RatingSource, options: DelimitedOptions = {}): AsyncGenerator<RowBatch> {
  const decoder = new TextDecoder(options.encoding ?? "utf-8");
  let delimiter = options.delimiter;
  let left = "";
  let line = 1;
  const parse = (text: string): RowBatch => {
    delimiter ??= sniffDelimiter(text);
    const batch = parseRows(text, delimiter, line);
    line += countOf(text, NEWLINE);
    return batch;
  };
  try {
    for await (const bytes of decompressed(source, options)) {
      left += decoder.decode(bytes, { stream: true });
      const end = lastRecordEnd(left);
      if (end === 0) continue;
      yield parse(left.slice(0, end));
      left = left.slice(end);
    }
  } catch (cause) {
    if (cause instanceof RatingsError || options.signal?.aborted) throw cause;
    throw new RatingsError(`${source.name}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      file: source.name,
      remedy: "check that the file is whole",
    });
  }
  left += decoder.decode();
  if (left !== "") yield parse(left);
}

async function* decompressed(source: RatingSource, options: DelimitedOptions): AsyncGenerator<Uint8Array> {
  const chunks = counted(source, options)[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) return;
  const rest = (async function* () {
    yield first.value;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  })();
  if (!GZIP_MAGIC.every((byte, at) => first.value[at] === byte)) {
    yield* rest;
    return;
  }
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await rest.next();
      if (done) controller.close();
      else controller.enqueue(value as Uint8Array<ArrayBuffer>);
    },
  });
  yield* chunksOf(stream.pipeThrough(new DecompressionStream("gzip")));
}

async function* counted(source: RatingSource, { onProgress, signal }: DelimitedOptions): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of source.stream()) {
    signal?.throwIfAborted();
    done += chunk.length;
    onProgress?.(done, source.bytes);
    if (chunk.length > 0) yield chunk;
  }
}

/** The end of the last whole record: behind a newline that no quoted cell holds. 0 when there is none. */
function lastRecordEnd(text: string): number {
  if (!text.includes(QUOTE)) return text.lastIndexOf(NEWLINE) + 1;
  let end = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === QUOTE) quoted = !quoted;
    else if (character === NEWLINE && !quoted) end = at + 1;
  }
  return end;
}

function parseRows(text: string, delimiter: string, firstLine: number): RowBatch {
  const rows: string[][] = [];
  const lines: number[] = [];
  if (!text.includes(QUOTE)) {
    // Without quotes a row is a line: splitting is several times faster than parsing.
    let line = firstLine;
    for (const raw of text.split(NEWLINE)) {
      const row = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      if (row !== "") {
        rows.push(row.split(delimiter));
        lines.push(line);
      }
      line++;
    }
    return { rows, lines };
  }
  let line = firstLine;
  for (const row of Papa.parse<string[]>(text, { delimiter, newline: text.includes("\r\n") ? "\r\n" : "\n" }).data) {
    if (row.length > 1 || row[0] !== "") {
      rows.push(row);
      lines.push(line);
    }
    line += 1 + row.reduce((sum, cell) => sum + countOf(cell, NEWLINE), 0);
  }
  return { rows, lines };
}

/** The delimiter that the first line holds most of. */
function sniffDelimiter(text: string): string {
  const end = text.indexOf(NEWLINE);
  const first = end < 0 ? text : text.slice(0, end);
  let best = ",";
  let most = 0;
  for (const candidate of ["::", "\t", ",", ";", "|"]) {
    const found = first.split(candidate).length - 1;
    if (found > most) [best, most] = [candidate, found];
  }
  return best;
}

function countOf(text: string, character: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) count++;
  return count;
}

// A source opened as text, whatever it holds: unpacked, turned into UTF-8 with lines that end in newlines,
// and its form recognised by its first bytes.

import { OptionsError, RatingsError } from "../errors.js";
import { CHECKPOINT_FORMAT, MODEL_FORMAT } from "../safetensors.js";
import { checkRatio } from "./compression.js";
import { BLANKS, commentsIn, firstLines, sniffDelimiter } from "./delimiter.js";
import { chunksOf, iterateBytes, type RatingSource } from "./folder.js";
import { asciiOf, CARRIAGE_RETURN, checkEncoding, type Encoding, NEWLINE, QUOTE } from "./text-lines.js";

/** How a source is opened. */
export interface TextOptions {
  /**
   * Found out from the first lines when left out: tab, "::", ";", "|", "," or blanks.
   * A blank stands for any number of them, and the word "tab" for a tab.
   */
  readonly delimiter?: string | undefined;
  /** Default "guess". */
  readonly encoding?: Encoding | undefined;
  /** Whether cells may be quoted, with newlines and doubled quotes inside. Default true. */
  readonly quotes?: boolean | undefined;
  /** Bytes read so far, before decompression, and in all where that is known. */
  readonly onProgress?: ((done: number, total: number | undefined) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a source holds, by its first bytes. */
type Form = "delimited" | "json" | "parquet" | "matrix-market" | "arff" | "netflix";

export interface OpenText {
  readonly form: Form;
  /** The bytes, ended by a newline unless they are a Parquet file's. */
  readonly chunks: AsyncGenerator<Uint8Array>;
  /** The front of them: 64 KiB, or all there are. */
  readonly head: Uint8Array;
  /** Whether they end with the head. */
  readonly isWhole: boolean;
  readonly delimiter: string;
  /** The delimiter as it stands in the source: a blank for any number of them. */
  readonly cutBy?: string | undefined;
  /** Lines of comments in front, which are passed over. */
  readonly comments?: number | undefined;
  /** "guess", where the bytes are as they were. */
  readonly encoding: Encoding;
  /** The encoding that the bytes were turned from, when that was found out. */
  readonly turnedFrom?: string | undefined;
  /** Line, from 1, of the first. */
  readonly line: number;
  /** Where the first byte stands in the source; undefined when the bytes are no longer the source's own. */
  readonly at: number | undefined;
}

const HEAD_BYTES = 1 << 16;
const GZIP_MAGIC = [0x1f, 0x8b];
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** First bytes of what is no table of text, what it is, and what to do. */
const FOREIGN: readonly (readonly [magic: readonly number[], what: string, remedy: string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], "a zip archive or a spreadsheet", "unpack it, or save the sheet as CSV"],
  [[0xd0, 0xcf, 0x11, 0xe0], "a spreadsheet", "save the sheet as CSV"],
  [[0x41, 0x52, 0x52, 0x4f, 0x57, 0x31], "an Arrow file, which is not read", "save it as Parquet or CSV"],
  [[0x28, 0xb5, 0x2f, 0xfd], "packed by zstd", "unpack it, as with `zstd -dc FILE | tastespace train -`"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "packed by xz", "unpack it, as with `xz -dc FILE | tastespace train -`"],
  [[0x42, 0x5a, 0x68], "packed by bzip2", "unpack it, as with `bzip2 -dc FILE | tastespace train -`"],
  [[0x89, 0x48, 0x44, 0x46], "an HDF5 file, which is not read", "save its table as CSV or Parquet"],
  [[0x53, 0x51, 0x4c, 0x69, 0x74, 0x65], "an SQLite database, which is not read", "write its table out as CSV"],
];
/** The beginning of a safetensors file, with the format that its metadata name: of a model, or a checkpoint. */
const TENSORS = /^[\s\S]{5}\0\0\0\{"(?:__metadata__":\{"format":"([^"]*)")?/;
/** Beginnings of text that is no table. */
const FOREIGN_TEXT: readonly (readonly [front: RegExp, what: string, remedy: string])[] = [
  [
    /^version https:\/\/git-lfs\.github\.com\/spec\//,
    "a pointer of Git LFS, in the place of the file",
    "fetch the file itself: `git lfs pull`",
  ],
  [/^(\.\.\/)*(\.git)?\/annex\/objects\//, "a pointer of git-annex, in the place of the file", "fetch the file itself: `git annex get`"],
  [
    /^<(!doctype html|html|head)\b/i,
    "a web page",
    "fetch the file itself: a page that asks for a login or for consent may have come in its place",
  ],
  [/^<\?xml\b/i, "an XML file, which is not read", "write its table out as CSV, JSON lines or Parquet"],
  [/^%PDF-/, "a PDF document", "write its table out as CSV"],
];
/** An object, an array of objects or of arrays, an empty array, or a line that is an array. */
const JSON_FRONT = /^(\{\s*["}]|\[\s*[{[]|\[\s*\]\s*$|\[\s*["\d-][^\n]*,[^\n]*\][ \t\r]*(\n|$))/;
const PARQUET_MAGIC = [0x50, 0x41, 0x52, 0x31];

const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean => magic.every((byte, at) => bytes[at] === byte);

/**
 * Opens a source from its beginning.
 *
 * @throws RatingsError when it holds no text, or its packing is damaged;
 *   OptionsError for a delimiter or encoding that cannot be.
 */
export async function openText(source: RatingSource, options: TextOptions = {}): Promise<OpenText> {
  const { encoding = "guess" } = options;
  const asked = options.delimiter === "tab" ? "\t" : options.delimiter;
  if (asked === "" || (asked !== undefined && /["\r\n]/.test(asked)))
    throw new OptionsError(`delimiter is ${JSON.stringify(asked)}: it must be one or more characters, none of them a quote or a newline`);
  checkEncoding(encoding);
  let at: number | undefined = 0;
  let text = await withHead(wholeBytes(source, options, () => (at = undefined)));
  const fail = (what: string, remedy: string): RatingsError => new RatingsError(`${source.name}: ${what}`, { file: source.name, remedy });
  const none = { delimiter: ",", encoding, line: 1, at };
  if (startsWith(text.head, PARQUET_MAGIC)) return { ...text, ...none, form: "parquet" };
  for (const [magic, what, remedy] of FOREIGN) {
    if (!startsWith(text.head, magic)) continue;
    await text.chunks.return(undefined);
    throw fail(`it is ${what}`, remedy);
  }
  const tensors = TENSORS.exec(asciiOf(text.head.subarray(0, 500)));
  if (tensors) {
    await text.chunks.return(undefined);
    const [, format] = tensors;
    if (format === MODEL_FORMAT)
      throw fail("it is a model, not a table", `give a table; load(${JSON.stringify(source.name)}) reads the model`);
    const what = format === CHECKPOINT_FORMAT ? "the checkpoint of a training" : "a safetensors file";
    throw fail(`it is ${what}, not a table`, "give a table");
  }
  let turnedFrom: string | undefined;
  const turn = async (how: (chunks: AsyncGenerator<Uint8Array>) => AsyncGenerator<Uint8Array>): Promise<void> => {
    at = undefined;
    text = await withHead(how(text.chunks));
  };
  const wide = encoding === "guess" ? utf16In(text.head) : undefined;
  const isPlain = ["guess", "utf-8", "utf8", "latin1", "windows-1252"].includes(encoding.toLowerCase());
  if (wide !== undefined || !isPlain) {
    turnedFrom = wide;
    await turn((chunks) => decoded(chunks, wide ?? encoding));
  } else if (text.head.includes(0)) {
    await text.chunks.return(undefined);
    throw fail(
      "it holds no text",
      'give a table of text, JSON lines or a Parquet file; or name its encoding, such as encoding: "utf-16le"',
    );
  }
  if (startsWith(text.head, BYTE_ORDER_MARK)) {
    if (at !== undefined) at += BYTE_ORDER_MARK.length;
    text = without(text, BYTE_ORDER_MARK.length);
  }
  if (text.head.includes(CARRIAGE_RETURN) && !text.head.includes(NEWLINE)) await turn(withNewlines);
  const opened = { encoding: isPlain && wide === undefined ? encoding : "utf-8", turnedFrom, line: 1, delimiter: asked ?? "," };
  const front = asciiOf(text.head).trimStart();
  for (const [beginning, what, remedy] of FOREIGN_TEXT) {
    if (!beginning.test(front)) continue;
    await text.chunks.return(undefined);
    throw fail(`it is ${what}`, remedy);
  }
  if (front.startsWith("%%MatrixMarket")) return { ...text, ...opened, at, form: "matrix-market" };
  if (/^(%.*\r?\n|\s)*@relation\b/i.test(front)) return { ...text, ...opened, at, form: "arff" };
  const quotes = options.quotes ?? true;
  const comments = commentsIn(text, asked, quotes);
  if (comments) {
    text = without(text, comments.bytes);
    if (at !== undefined) at += comments.bytes;
    opened.line += comments.newlines;
  }
  if (asked === undefined && JSON_FRONT.test(comments ? asciiOf(text.head).trimStart() : front))
    return { ...text, ...opened, at, form: "json" };
  if (/^\d+:\s*\n\d+,/.test(front)) return { ...text, ...opened, delimiter: ",", at, form: "netflix" };
  const named = /^sep=(.)\r?\n/i.exec(asciiOf(text.head));
  if (named) {
    text = without(text, named[0].length);
    at = undefined;
  }
  const cutBy = asked ?? named?.[1] ?? sniffDelimiter(firstLines(text, quotes));
  if (cutBy === BLANKS) await turn((chunks) => blanksAsTabs(chunks, quotes));
  const delimiter = cutBy === BLANKS ? "\t" : cutBy;
  if (named) opened.line++;
  return { ...text, ...opened, delimiter, cutBy, comments: comments?.lines, at, form: "delimited" };
}

interface Text {
  readonly chunks: AsyncGenerator<Uint8Array>;
  readonly head: Uint8Array;
  readonly isWhole: boolean;
}

/** Bytes with their front known: the same front, however they come in chunks. */
async function withHead(chunks: AsyncGenerator<Uint8Array>): Promise<Text> {
  let first: Uint8Array = new Uint8Array(0);
  let ended = false;
  while (first.length <= HEAD_BYTES && !ended) {
    const next = await chunks.next();
    if (next.done) ended = true;
    else first = joined(first, next.value);
  }
  return { head: first.subarray(0, HEAD_BYTES), isWhole: ended && first.length <= HEAD_BYTES, chunks: followed(first, chunks) };
}

async function* followed(first: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (first.length > 0) yield first;
    yield* rest;
  } finally {
    // A reader that stops early lets go of the file.
    await rest.return(undefined);
  }
}

/** A text but for its first bytes, which stand in its head. */
export function without<T extends Text>(text: T, bytes: number): T {
  return { ...text, head: text.head.subarray(bytes), chunks: behind(text.chunks, bytes) };
}

async function* behind(chunks: AsyncGenerator<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of chunks) {
    const rest = chunk.subarray(Math.min(left, chunk.length));
    left -= chunk.length - rest.length;
    if (rest.length > 0) yield rest;
  }
}

/** The decompressed bytes, whose errors name the file. */
async function* wholeBytes(source: RatingSource, options: TextOptions, onCompressed: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* decompressed(countedBytes(source, options), onCompressed, (what) => {
      return new RatingsError(`${source.name}: it ${what}`, { file: source.name, remedy: "unpack it, if it is what it should be" });
    });
  } catch (cause) {
    if (cause instanceof RatingsError || options.signal?.aborted) throw cause;
    throw new RatingsError(`${source.name}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      file: source.name,
      remedy: "check that the file is whole",
    });
  }
}

async function* decompressed(
  chunks: AsyncGenerator<Uint8Array>,
  onCompressed: () => void,
  fail: (what: string) => RatingsError,
): AsyncGenerator<Uint8Array> {
  try {
    let head: Uint8Array = new Uint8Array(0);
    while (head.length < GZIP_MAGIC.length) {
      const next = await chunks.next();
      if (next.done) break;
      head = joined(head, next.value);
    }
    if (!startsWith(head, GZIP_MAGIC)) {
      yield head;
      yield* chunks;
      return;
    }
    onCompressed();
    let packed = head.length;
    let unpacked = 0;
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => controller.enqueue(head as Uint8Array<ArrayBuffer>),
      async pull(controller) {
        const next = await chunks.next();
        if (next.done) controller.close();
        else {
          packed += next.value.length;
          controller.enqueue(next.value as Uint8Array<ArrayBuffer>);
        }
      },
    });
    for await (const chunk of chunksOf(stream.pipeThrough(new DecompressionStream("gzip")))) {
      checkRatio(packed, (unpacked += chunk.length), fail);
      yield chunk;
    }
  } finally {
    await chunks.return(undefined);
  }
}

/** The bytes of a source from a place on, counted. */
export async function* countedBytes(source: RatingSource, { onProgress, signal }: TextOptions, from = 0): AsyncGenerator<Uint8Array> {
  let done = from;
  for await (const chunk of iterateBytes(source, from)) {
    signal?.throwIfAborted();
    done += chunk.length;
    onProgress?.(done, source.bytes);
    if (chunk.length > 0) yield chunk;
  }
}

export function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** UTF-16, by its byte order mark, or by every other byte of the first line being 0. */
function utf16In(bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  if (bytes.length < 4) return undefined;
  const zeros = (from: number): boolean => bytes[from] === 0 && bytes[from + 2] === 0;
  if (zeros(1) && bytes[0] !== 0 && bytes[2] !== 0) return "utf-16le";
  if (zeros(0) && bytes[1] !== 0 && bytes[3] !== 0) return "utf-16be";
  return undefined;
}

async function* decoded(chunks: AsyncGenerator<Uint8Array>, encoding: string): AsyncGenerator<Uint8Array> {
  const [decoder, encoder] = [new TextDecoder(encoding), new TextEncoder()];
  for await (const chunk of chunks) yield encoder.encode(decoder.decode(chunk, { stream: true }));
  yield encoder.encode(decoder.decode());
}

/** Lines that end with a carriage return alone, ended by newlines. */
async function* withNewlines(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield chunk.map((byte) => (byte === CARRIAGE_RETURN ? NEWLINE : byte));
}

const SPACE = 0x20;
const TAB = 0x09;

/** Runs of blanks as one tab, but those at the ends of lines are left out, and those in quotes stay. */
export async function* blanksAsTabs(chunks: AsyncGenerator<Uint8Array>, quotes: boolean): AsyncGenerator<Uint8Array> {
  let [quoted, waiting, atStart] = [false, false, true];
  for await (const chunk of chunks) {
    const out = new Uint8Array(chunk.length + 1);
    let length = 0;
    for (const byte of chunk) {
      if (quotes && byte === QUOTE) quoted = !quoted;
      if (!quoted && (byte === SPACE || byte === TAB)) {
        waiting = true;
        continue;
      }
      const endsLine = !quoted && (byte === NEWLINE || byte === CARRIAGE_RETURN);
      if (waiting && !atStart && !endsLine) out[length++] = TAB;
      waiting = false;
      out[length++] = byte;
      atStart = endsLine;
    }
    yield out.subarray(0, length);
  }
}

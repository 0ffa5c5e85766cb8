// Text without quotes: a row is a line, and splitting is several times faster than parsing.

import { OptionsError } from "../errors.js";

/**
 * How bytes become text: "guess" takes them for UTF-8, and for Windows-1252 (Latin-1 is a part of it) from the first
 * bytes on that are no UTF-8. Any other name is one that `TextDecoder` knows.
 */
export type Encoding = "guess" | "utf-8" | "latin1" | (string & {});

/** What "guess" has found so far; undefined while all is ASCII. */
export type FoundEncoding = "utf-8" | "windows-1252" | undefined;

/** Rows of one batch and the line, from 1, on which each starts. Empty lines are no rows. */
export interface RowBatch {
  readonly rows: readonly (readonly string[])[];
  readonly lines: readonly number[];
}

export const NEWLINE = 0x0a;
export const CARRIAGE_RETURN = 0x0d;
export const QUOTE = 0x22;
/** A longer record is taken for a quote that never closes, or for no text at all. */
export const LONGEST_RECORD_BYTES = 1 << 22;
/** What stands for bytes that are no text. */
export const REPLACEMENT = "\uFFFD";

/** Bytes as text, a character each: enough to see how a text begins and is cut. */
export const asciiOf = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);

/** The cells of whole lines, the first of which is line `line`. */
export function splitLines(bytes: Uint8Array, line: number, delimiter: string, text: TextDecoding): RowBatch {
  const rows: string[][] = [];
  const lines: number[] = [];
  for (const raw of text.decode(bytes).split("\n")) {
    const row = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (row !== "") {
      rows.push(row.split(delimiter));
      lines.push(line);
    }
    line++;
  }
  return { rows, lines };
}

/** Decodes the blocks of one text. What the first block that is not ASCII is found to be, all later ones are. */
export class TextDecoding {
  readonly #encoding: Encoding;
  #found: FoundEncoding;
  /** Whether a text that began as UTF-8 went on as something else: those bytes are then U+FFFD. */
  isMixed = false;

  /** @param found what the text before was found to be. */
  constructor(encoding: Encoding, found?: FoundEncoding) {
    this.#encoding = encoding;
    this.#found = found;
  }

  get found(): FoundEncoding {
    return this.#found;
  }

  decode(bytes: Uint8Array): string {
    if (this.#encoding !== "guess") return new TextDecoder(this.#encoding, { ignoreBOM: true }).decode(bytes);
    if (this.#found === "windows-1252") return new TextDecoder("windows-1252").decode(bytes);
    try {
      const text = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true }).decode(bytes);
      // UTF-8 needs more bytes than characters for all but ASCII.
      if (text.length < bytes.length) this.#found = "utf-8";
      return text;
    } catch {
      if (this.#found === "utf-8") {
        this.isMixed = true;
        return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
      }
      this.#found = "windows-1252";
      return new TextDecoder("windows-1252").decode(bytes);
    }
  }
}

/** @throws OptionsError for an encoding that the platform does not know. */
export function checkEncoding(encoding: Encoding): void {
  if (encoding === "guess") return;
  try {
    new TextDecoder(encoding);
  } catch {
    throw new OptionsError(`encoding is "${encoding}": no such encoding is known`, {
      remedy: "give utf-8, latin1, windows-1252, utf-16le, or another name of the Encoding Standard; or leave it out",
    });
  }
}

export function newlinesIn(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === NEWLINE) count++;
  return count;
}

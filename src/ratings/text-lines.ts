// Text without quotes: a row is a line, and splitting is several times faster than parsing.

/** How bytes become text; "guess" takes UTF-8 where it is valid, else Latin-1. */
export type Encoding = "utf-8" | "latin1" | "guess";

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

/** The cells of whole lines, the first of which is line `line`. */
export function splitLines(bytes: Uint8Array, line: number, delimiter: string, encoding: Encoding): RowBatch {
  const rows: string[][] = [];
  const lines: number[] = [];
  for (const raw of decodeText(bytes, encoding).split("\n")) {
    const row = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (row !== "") {
      rows.push(row.split(delimiter));
      lines.push(line);
    }
    line++;
  }
  return { rows, lines };
}

export function decodeText(bytes: Uint8Array, encoding: Encoding): string {
  if (encoding !== "guess") return new TextDecoder(encoding, { ignoreBOM: true }).decode(bytes);
  try {
    return new TextDecoder("utf-8", { ignoreBOM: true, fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}

export function newlinesIn(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === NEWLINE) count++;
  return count;
}

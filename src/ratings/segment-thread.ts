// A thread that reads segments of a file. Which it is asked for are ranges of bytes, cut anywhere:
// a line belongs to the range in which it starts.

import { openSync, readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { LONGEST_RECORD_BYTES, NEWLINE, QUOTE } from "./text-lines.js";
import type { RowFormat } from "./row-reader.js";
import { readSegment, type Segment } from "./segment.js";

export interface SegmentThreadData {
  readonly path: string;
  /** Where the first line starts, and where the file ends. */
  readonly from: number;
  readonly size: number;
  readonly format: RowFormat;
}

/** A range of bytes: [from, to). */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** The last line of a range is looked for so far beyond it at first. */
const OVERHANG_BYTES = 1 << 16;

const { path, from: firstByte, size, format } = workerData as SegmentThreadData;
const file = openSync(path, "r");
/** Searched by Node's own methods, ten times as fast as a Uint8Array's. */
let buffer = Buffer.alloc(0);
let expectedRows = 0;

parentPort?.on("message", (range: ByteRange) => {
  const segment = read(range);
  if (!segment) return parentPort?.postMessage(undefined);
  const { user, item, value, weight, time } = segment.columns;
  expectedRows = user.length;
  const handedOver = [user, item, value, weight, time, segment.users, segment.items].flatMap((array) =>
    ArrayBuffer.isView(array) ? [array.buffer as ArrayBuffer] : [],
  );
  parentPort?.postMessage(segment, handedOver);
});

/** The rows of the lines that start in a range; undefined where a quote or an endless line makes it no segment. */
function read(range: ByteRange): Segment | undefined {
  // One byte more in front tells whether a line starts with the range.
  const front = range.from > firstByte ? range.from - 1 : range.from;
  for (let overhang = OVERHANG_BYTES; ; overhang = LONGEST_RECORD_BYTES) {
    const to = Math.min(range.to + overhang, size);
    const bytes = bytesBetween(front, to);
    if (!bytes) return undefined;
    const start = front < range.from ? bytes.indexOf(NEWLINE) + 1 : 0;
    const lastNewline = bytes.indexOf(NEWLINE, range.to - 1 - front);
    const noneStarts = front < range.from && (start === 0 || front + start >= range.to);
    if (noneStarts) return readSegment(bytes.subarray(0, 0), start > 0 ? front + start : range.from, format);
    const end = to === size && lastNewline < 0 ? closed(bytes.length) : lastNewline + 1;
    if (end > 0) {
      const lines = buffer.subarray(start, end);
      if ((format.quotes && lines.includes(QUOTE)) || hasEndlessLine(lines)) return undefined;
      return readSegment(lines, Math.min(front + end, size), format, expectedRows);
    }
    if (overhang === LONGEST_RECORD_BYTES) return undefined;
  }
}

/** Whether a line is longer than a record may be. */
function hasEndlessLine(lines: Buffer): boolean {
  for (let from = 0; from + LONGEST_RECORD_BYTES < lines.length;) {
    const newline = lines.lastIndexOf(NEWLINE, from + LONGEST_RECORD_BYTES);
    if (newline < from) return true;
    from = newline + 1;
  }
  return false;
}

/** Bytes of the file, in the buffer, with room for one more; undefined when the file is no longer so long. */
function bytesBetween(from: number, to: number): Buffer | undefined {
  const length = to - from;
  if (buffer.length <= length) buffer = Buffer.alloc(length + 1);
  for (let done = 0; done < length;) {
    const count = readSync(file, buffer, done, length - done, from + done);
    if (count === 0) return undefined;
    done += count;
  }
  return buffer.subarray(0, length);
}

/** Ends the last line of the file, which has no newline. @returns where it then ends. */
function closed(length: number): number {
  buffer[length] = NEWLINE;
  return length + 1;
}

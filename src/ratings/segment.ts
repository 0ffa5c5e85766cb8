// A segment: part of a table's text, read by itself with ids of its own, which are
// translated when segments are joined in order.

import { Ids, type RawId } from "./ids.js";
import type { RatingColumns } from "./rating-columns.js";
import type { Rounding } from "./rounding.js";
import { BadRow, type RowFormat, RowReader } from "./row-reader.js";
import type { SkippedRow } from "./table.js";
import type { FoundEncoding } from "./text-lines.js";

export interface Segment {
  /** Where it ends, in bytes of the source. */
  readonly end: number;
  readonly lines: number;
  readonly columns: RatingColumns;
  readonly rounding: Rounding;
  /** The raw ids that the columns' indices stand for, in order of first appearance; numbers alone as Float64Array. */
  readonly users: readonly RawId[] | Float64Array;
  readonly items: readonly RawId[] | Float64Array;
  readonly skippedRows: number;
  readonly missingRows: number;
  /** Lines from 1 in the segment. */
  readonly firstSkipped: readonly SkippedRow[];
  readonly firstBadTime: RowReader["firstBadTime"];
  readonly encoding: FoundEncoding;
  /** The malformed row at which reading ended; `line` from 1 in the segment. */
  readonly bad?: { readonly what: string; readonly line: number } | undefined;
}

/**
 * Reads whole lines without quotes.
 *
 * @param end where they end in the source.
 * @param expectedRows as many as there were in the segment before, if any.
 */
export function readSegment(bytes: Uint8Array, end: number, format: RowFormat, expectedRows = 0): Segment {
  const reader = new RowReader(format, new Ids(), new Ids());
  let lines = 0;
  let bad: Segment["bad"];
  try {
    lines = reader.takeLines(bytes, 1, expectedRows);
  } catch (error) {
    if (!(error instanceof BadRow)) throw error;
    bad = { what: error.message, line: error.line };
  }
  const { columns, users, items, text, skippedRows, missingRows, firstSkipped, firstBadTime } = reader;
  const ids = { users: compact(users), items: compact(items) };
  const left = { skippedRows, missingRows, firstSkipped, firstBadTime };
  return { end, lines, columns: columns.columns(), rounding: columns.rounding, ...ids, ...left, encoding: text.found, bad };
}

/** Arrays of numbers can be handed from thread to thread without a copy. */
function compact({ raw }: Ids): readonly RawId[] | Float64Array {
  return raw.every((id) => typeof id === "number") ? Float64Array.from(raw) : raw;
}

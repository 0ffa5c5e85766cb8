// Rows into columns: plain numbers by the scan, everything else as text. Whoever holds bytes reads them through here, so that a
// file is read alike as a stream, in one piece, or in segments on several threads.

import { GrowingColumns } from "./growing-columns.js";
import { type Ids, toRawId } from "./ids.js";
import { areScannable, type ColumnPlaces, NumericRows, scanNumericRows } from "./numeric-rows.js";
import { type Encoding, NEWLINE, newlinesIn, type RowBatch, splitLines } from "./text-lines.js";

/** How rows are read once the first line has been seen. */
export interface RowFormat {
  readonly delimiter: string;
  readonly encoding: Encoding;
  /** Whether cells may be quoted. */
  readonly quotes: boolean;
  readonly places: ColumnPlaces;
  /** Leaves malformed rows out and counts them, instead of throwing. */
  readonly skipBadRows: boolean;
}

/** A malformed row, and the line on which it starts. */
export class BadRow extends Error {
  readonly line: number;

  constructor(what: string, line: number) {
    super(what);
    this.line = line;
  }
}

/** Text behind a row that is no plain numbers is split up to here, before the scan is tried again. */
const TEXT_BYTES = 1 << 16;

export class RowReader {
  readonly columns: GrowingColumns;
  readonly users: Ids;
  readonly items: Ids;
  readonly #format: RowFormat;
  readonly #scannable: boolean;
  readonly #scanned = new NumericRows();
  skippedRows = 0;

  constructor(format: RowFormat, users: Ids, items: Ids) {
    this.#format = format;
    this.users = users;
    this.items = items;
    this.columns = new GrowingColumns(format.places.time >= 0);
    this.#scannable = areScannable(format.delimiter, format.places);
  }

  /**
   * Takes whole lines without quotes.
   *
   * @param line of the first, from 1.
   * @param expectedRows in all, as far as can be told.
   * @returns the number of lines.
   * @throws BadRow
   */
  takeLines(bytes: Uint8Array, line: number, expectedRows = 0): number {
    const { delimiter, encoding, places } = this.#format;
    const first = line;
    for (let at = 0; at < bytes.length;) {
      if (this.#scannable) {
        const stop = scanNumericRows(bytes, at, delimiter, places, this.#scanned);
        this.columns.addNumbers(this.#scanned, this.users, this.items, expectedRows);
        line += this.#scanned.lines;
        if (stop > at) {
          at = stop;
          continue;
        }
      }
      const newline = bytes.indexOf(NEWLINE, Math.min(at + TEXT_BYTES, bytes.length - 1));
      const text = bytes.subarray(at, newline + 1);
      this.takeRows(splitLines(text, line, delimiter, encoding));
      line += newlinesIn(text);
      at = newline + 1;
    }
    return line - first;
  }

  /** Takes rows of cells. @throws BadRow */
  takeRows({ rows, lines }: RowBatch): void {
    const { places, skipBadRows } = this.#format;
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at];
      const bad = malformed(row, places);
      if (bad) {
        if (!skipBadRows) throw new BadRow(bad, lines[at]);
        this.skippedRows++;
        continue;
      }
      const user = this.users.add(toRawId(row[places.user].trim()));
      const item = this.items.add(toRawId(row[places.item].trim()));
      this.columns.push(user, item, Number(row[places.value]), timeOf(row[places.time]));
    }
  }
}

/** An empty time is none: as a number it would be 1970. */
const timeOf = (cell: string | undefined): number => (cell === undefined || cell.trim() === "" ? NaN : Number(cell));

function malformed(row: readonly string[], places: ColumnPlaces): string | undefined {
  const [user, item, value] = [row[places.user], row[places.item], row[places.value]];
  if (user === undefined || item === undefined || value === undefined)
    return `the row has ${row.length} cells, too few for user, item and rating`;
  if (user.trim() === "") return "the user is empty";
  if (item.trim() === "") return "the item is empty";
  if (value.trim() === "" || !Number.isFinite(Math.fround(Number(value)))) return `rating "${value}" is not a number`;
  return undefined;
}

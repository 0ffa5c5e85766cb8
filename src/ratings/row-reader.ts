// Rows into columns: plain numbers by the scan, everything else as text. Whoever holds bytes reads them through here,
// so that a file is read alike as a stream, in one piece, or in segments on several threads.

import { isBlank, opinionIn, type Opinions, ratingIn, timeIn } from "./cells.js";
import { GrowingColumns } from "./growing-columns.js";
import { isWeight, LARGEST_RATING, LARGEST_WEIGHT } from "./largest-rating.js";
import { type Ids, toRawId } from "./ids.js";
import { areScannable, type ColumnPlaces, NumericRows, scanNumericRows } from "./numeric-rows.js";
import { cut, howMany, shown } from "../shown.js";
import type { SkippedRow } from "./table.js";
import { type Encoding, NEWLINE, newlinesIn, REPLACEMENT, type RowBatch, splitLines, TextDecoding } from "./text-lines.js";

/** How rows are read once the first line has been seen. */
export interface RowFormat {
  readonly delimiter: string;
  readonly encoding: Encoding;
  /** Whether cells may be quoted. */
  readonly quotes: boolean;
  /** `value` is −1 where every row counts as 1. */
  readonly places: ColumnPlaces;
  /** Columns of the table, where their number is known: a row with more cells is malformed, unless those are empty. */
  readonly width?: number | undefined;
  /** What the words of a column of likes and dislikes count for. */
  readonly opinions?: Opinions | undefined;
  /** The most there is, of ratings such as 4/5; that of the first such one when left out. */
  readonly outOf?: number | undefined;
  /** Leaves malformed rows out and counts them, instead of throwing. */
  readonly skipBadRows: boolean;
  /** Ratings that stand for none, as text: such rows are left out and counted. */
  readonly missing?: readonly string[] | undefined;
  /** The least and the most that a rating may be; others are malformed. */
  readonly scale?: readonly [minimum: number, maximum: number] | undefined;
}

/** A malformed row, and the line on which it starts. */
export class BadRow extends Error {
  readonly line: number;

  constructor(what: string, line: number) {
    super(what);
    this.line = line;
  }
}

export const A_LINE_EACH = "give one JSON object a line, or one array of objects";

/** What to do about a malformed row, by what is wrong with it. */
export function aboutBadRow(what: string): string {
  // Of a cell that is too long to be shown whole, the closing quote is missing.
  const [, quoted] = /^rating (".*") is (?:not a number|neither .*)$/.exec(what) ?? [];
  const cell = quoted === undefined ? /^rating ([^\s…]+) is outside/.exec(what)?.[1] : (JSON.parse(quoted) as string);
  return [
    ...(what.startsWith("the line is no") ? [A_LINE_EACH] : []),
    "skipBadRows: true leaves such rows out and counts them",
    ...(/ is out of /.test(what) ? ["write all of them out of the same"] : []),
    ...(cell === undefined ? [] : [`missing: [${JSON.stringify(cell)}] those that say ${cell === "" ? "nothing" : cell}`]),
    ...(what.startsWith("the text ") ? ['encoding: "latin1" reads all of it alike'] : []),
  ].join("; ");
}

/** Of the rows that are left out, so many are named. */
export const NAMED_ROWS = 3;
/** Text behind a row that is no plain numbers is split up to here, before the scan is tried again. */
const TEXT_BYTES = 1 << 16;

export class RowReader {
  readonly columns: GrowingColumns;
  readonly users: Ids;
  readonly items: Ids;
  text: TextDecoding;
  readonly #format: RowFormat;
  readonly #scannable: boolean;
  readonly #scanned: NumericRows;
  readonly #missing: ReadonlySet<string>;
  readonly #missingNumbers: ReadonlySet<number>;
  /** Of ratings such as 4/5. */
  #outOf: number | undefined;
  skippedRows = 0;
  missingRows = 0;
  /** The first few of the malformed rows that were left out. */
  readonly firstSkipped: SkippedRow[] = [];
  /** The first time that was none, and left all ratings without. */
  firstBadTime: { readonly line: number; readonly text: string } | undefined;

  /** @param columns to add the rows to, of the same ids. */
  constructor(
    format: RowFormat,
    users: Ids,
    items: Ids,
    text = new TextDecoding(format.encoding),
    columns = new GrowingColumns(format.places.time >= 0, format.places.weight >= 0),
  ) {
    this.#format = format;
    this.users = users;
    this.items = items;
    this.text = text;
    this.columns = columns;
    this.#scanned = new NumericRows(format.places.weight >= 0);
    this.#scannable = areScannable(format.delimiter, format.places);
    this.#outOf = format.outOf;
    const missing = (format.missing ?? []).map((value) => value.trim());
    this.#missing = new Set(missing);
    // A word such as NA is no number, and stands for no other word.
    const numbers = missing.filter((value) => value !== "").map((value) => Math.fround(Number(value)));
    this.#missingNumbers = new Set(numbers.filter((value) => !Number.isNaN(value)));
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
    const { delimiter, places, width } = this.#format;
    const first = line;
    for (let at = 0; at < bytes.length;) {
      if (this.#scannable) {
        const stop = scanNumericRows(bytes, at, delimiter, places, this.#scanned, width);
        if (this.#isOffScale(this.#scanned) || hasBadWeight(this.#scanned)) {
          // As text, such a row can be named.
          this.takeRows(splitLines(bytes.subarray(at, stop), line, delimiter, this.text));
        } else {
          if (this.#missing.size > 0) this.#dropMissing(this.#scanned);
          this.columns.addNumbers(this.#scanned, this.users, this.items, expectedRows);
        }
        line += this.#scanned.lines;
        if (stop > at) {
          at = stop;
          continue;
        }
      }
      const newline = bytes.indexOf(NEWLINE, Math.min(at + TEXT_BYTES, bytes.length - 1));
      const text = bytes.subarray(at, newline + 1);
      this.takeRows(splitLines(text, line, delimiter, this.text));
      line += newlinesIn(text);
      at = newline + 1;
    }
    return line - first;
  }

  /** Takes rows of cells; rows of empty cells are none. @throws BadRow */
  takeRows({ rows, lines }: RowBatch): void {
    const { places, skipBadRows } = this.#format;
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at];
      const value = places.rating < 0 ? 1 : this.#valueIn(row[places.rating]);
      if (value === undefined) {
        this.missingRows++;
        continue;
      }
      const weight = places.weight < 0 ? 1 : weightIn(row[places.weight]);
      const bad = this.#malformed(row, value, weight);
      if (bad !== undefined) {
        if (isBlank(row)) continue;
        if (!skipBadRows) throw new BadRow(bad, lines[at]);
        if (this.firstSkipped.length < NAMED_ROWS) this.firstSkipped.push({ line: lines[at], what: bad });
        this.skippedRows++;
        continue;
      }
      const user = this.users.add(toRawId(row[places.user].trim()));
      const item = this.items.add(toRawId(row[places.item].trim()));
      const time = places.time >= 0 ? timeIn(row[places.time] ?? "") : NaN;
      if (places.time >= 0 && !Number.isFinite(time)) this.firstBadTime ??= { line: lines[at], text: row[places.time] ?? "" };
      this.columns.push(user, item, value, time, weight);
    }
  }

  /** Counts rows that were left out elsewhere. @param first the first few of them. */
  addSkipped(count: number, first: readonly SkippedRow[]): void {
    this.skippedRows += count;
    const named = [...this.firstSkipped, ...first].sort((a, b) => a.line - b.line).slice(0, NAMED_ROWS);
    this.firstSkipped.splice(0, Infinity, ...named);
  }

  /** The rating in a cell: NaN when there is none, undefined when it stands for none. */
  #valueIn(cell: string | undefined): number | undefined {
    if (cell === undefined) return NaN;
    if (this.#missing.has(cell.trim())) return undefined;
    const { opinions } = this.#format;
    if (opinions) {
      const word = opinionIn(cell);
      return Object.hasOwn(opinions, word) ? opinions[word] : NaN;
    }
    const { value, outOf } = ratingIn(cell);
    if (this.#missingNumbers.has(Math.fround(value))) return undefined;
    if (outOf === undefined || Number.isNaN(value)) return value;
    this.#outOf ??= outOf;
    return outOf === this.#outOf ? value : NaN;
  }

  #malformed(row: readonly string[], value: number, weight: number): string | undefined {
    const { places, scale, width = Infinity } = this.#format;
    const [user, item, rating] = [row[places.user], row[places.item], places.rating < 0 ? "1" : row[places.rating]];
    if (user === undefined || item === undefined || rating === undefined)
      return `the row has ${howMany(row.length, "cell")}, too few for user, item and rating`;
    if (row.length > width && row.slice(width).some((cell) => cell.trim() !== ""))
      return `the row has ${howMany(row.length, "cell")}, and the table has ${howMany(width, "column")}: a cell with a delimiter in it has to be quoted`;
    if (user.trim() === "") return "the user is empty";
    if (item.trim() === "") return "the item is empty";
    if (Number.isNaN(value)) return this.#noRating(rating);
    if (!Number.isFinite(value) && !/\d/.test(rating)) return `rating ${shown(rating)} is not a number`;
    if (Math.abs(value) > LARGEST_RATING) return `rating ${cut(rating.trim())} is beyond ±${LARGEST_RATING}, the largest that is taken`;
    if (scale && (value < scale[0] || value > scale[1])) return `rating ${cut(rating.trim())} is outside the scale ${scale.join(":")}`;
    if (!isWeight(weight)) return `weight ${shown(row[places.weight] ?? "")} is not from 0 to ${LARGEST_WEIGHT}`;
    if (this.text.isMixed && (user + item).includes(REPLACEMENT)) return "the text is not UTF-8, though it is further up";
    return undefined;
  }

  /** Why a cell holds no rating. */
  #noRating(rating: string): string {
    const { opinions } = this.#format;
    if (opinions) return `rating ${shown(rating)} is neither ${Object.keys(opinions).join(" nor ")}`;
    const { value, outOf } = ratingIn(rating);
    if (Number.isNaN(value)) return `rating ${shown(rating)} is not a number`;
    return `rating ${shown(rating)} is out of ${outOf}, and others are out of ${this.#outOf}`;
  }

  #isOffScale({ value, count }: NumericRows): boolean {
    const { scale } = this.#format;
    if (!scale) return false;
    for (let at = 0; at < count; at++) {
      if ((value[at] < scale[0] || value[at] > scale[1]) && !this.#missingNumbers.has(Math.fround(value[at]))) return true;
    }
    return false;
  }

  /** Moves the rows that have a rating together. */
  #dropMissing(rows: NumericRows): void {
    let kept = 0;
    for (let at = 0; at < rows.count; at++) {
      if (this.#missingNumbers.has(Math.fround(rows.value[at]))) continue;
      rows.user[kept] = rows.user[at];
      rows.item[kept] = rows.item[at];
      rows.value[kept] = rows.value[at];
      rows.time[kept] = rows.time[at];
      if (rows.weight) rows.weight[kept] = rows.weight[at];
      kept++;
    }
    this.missingRows += rows.count - kept;
    rows.count = kept;
  }
}

/** The weight in a cell; NaN when there is none. */
function weightIn(cell = ""): number {
  const { value, outOf } = ratingIn(cell);
  return outOf === undefined ? value : NaN;
}

function hasBadWeight({ weight, count }: NumericRows): boolean {
  if (weight) for (let at = 0; at < count; at++) if (!isWeight(weight[at])) return true;
  return false;
}

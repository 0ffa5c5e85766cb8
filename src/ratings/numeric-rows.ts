// The fast path of the readers: rows of plain decimal numbers, read byte by byte with no string in between.
// Whatever is not plain is left to the general path, so both give the same ratings.

/** Column numbers, from 0; `value` is −1 where every row counts as 1, `time` and `weight` where there is none. */
export interface ColumnPlaces {
  readonly user: number;
  readonly item: number;
  readonly rating: number;
  readonly time: number;
  readonly weight: number;
}

/** Rows that a scan fills at most: few enough to stay in the processor's cache until they are indexed. */
const BATCH_ROWS = 4096;

/**
 * Scanned rows: raw ids, ratings, times and weights, `count` of them. Without a column of times, `time` is not
 * touched.
 */
export class NumericRows {
  readonly user: Float64Array = new Float64Array(BATCH_ROWS);
  readonly item: Float64Array = new Float64Array(BATCH_ROWS);
  /** 1 where there is no column of ratings. */
  readonly value: Float64Array = new Float64Array(BATCH_ROWS).fill(1);
  readonly time: Float64Array = new Float64Array(BATCH_ROWS);
  /** Where there is a column of weights. */
  readonly weight: Float64Array | undefined;
  count = 0;
  /** Lines scanned, empty ones among them. */
  lines = 0;

  constructor(weighted = false) {
    this.weight = weighted ? new Float64Array(BATCH_ROWS) : undefined;
  }
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
/** So many digits are exact in a float64, and dividing them by a power of ten rounds once, as Number(text) does. */
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => Number(`1e${exponent}`));
const NOT_PLAIN = -1;

/** Whether rows of such columns can be scanned: all columns different, delimiters of one or two ASCII characters. */
export function areScannable(delimiter: string, { user, item, ...others }: ColumnPlaces): boolean {
  const columns = [user, item, ...Object.values(others).filter((column) => column >= 0)];
  const ascii = new TextEncoder().encode(delimiter).length === delimiter.length;
  return ascii && delimiter.length <= 2 && columns.every((column) => column >= 0) && new Set(columns).size === columns.length;
}

/**
 * Reads plain rows of a block of whole lines without quotes. A row is plain when its ids are canonical integers and its
 * rating, time and weight decimal numbers, all of at most 15 digits; empty lines are passed over.
 *
 * @param from where a line starts; `delimiter` and `places` are scannable.
 * @param width columns that a row may have; one with more is not plain. Default: any number.
 * @param rows is filled from its front.
 * @returns where the first row starts that is not plain or finds no room; the block's length when there is none.
 */
export function scanNumericRows(
  bytes: Uint8Array,
  from: number,
  delimiter: string,
  places: ColumnPlaces,
  rows: NumericRows,
  width = Infinity,
): number {
  const first = delimiter.charCodeAt(0);
  const second = delimiter.length > 1 ? delimiter.charCodeAt(1) : undefined;
  const { user, item, rating, time, weight } = places;
  const more = width - 1 - Math.max(user, item, rating, time, weight);
  const inOrder = second === undefined && user === 0 && item === 1 && rating === 2 && time === 3 && weight < 0;
  let at = from;
  rows.count = 0;
  rows.lines = 0;
  while (at < bytes.length && rows.count < BATCH_ROWS) {
    const next = inOrder ? scanInOrder(bytes, at, first, rows) : at;
    if (next > at) {
      at = next;
    } else if (isLineEnd(bytes, at)) {
      at += bytes[at] === NEWLINE ? 1 : 2;
      rows.lines++;
    } else {
      let end = scanRow(bytes, at, first, second, places, rows);
      if (end === NOT_PLAIN) break;
      // Further columns are of no interest, but for their number.
      let further = 0;
      for (; bytes[end] !== NEWLINE; end++) if (isDelimiter(bytes, end, first, second)) further++;
      if (further > more) break;
      at = end + 1;
      rows.count++;
      rows.lines++;
    }
  }
  return at;
}

/**
 * Rows of user, item, rating, time and nothing else, as most files have them, twice as fast.
 *
 * @returns where the first other row starts.
 */
function scanInOrder(bytes: Uint8Array, from: number, delimiter: number, rows: NumericRows): number {
  const { user, item, value, time } = rows;
  let start = from;
  let row = rows.count;
  for (; start < bytes.length && row < BATCH_ROWS; row++) {
    let at = scanId(bytes, start, user, row);
    if (at === NOT_PLAIN || bytes[at] !== delimiter) break;
    at = scanId(bytes, at + 1, item, row);
    if (at === NOT_PLAIN || bytes[at] !== delimiter) break;
    at = scanDecimal(bytes, at + 1, value, row);
    if (at === NOT_PLAIN || bytes[at] !== delimiter) break;
    at = scanDecimal(bytes, at + 1, time, row);
    if (at === NOT_PLAIN || !isLineEnd(bytes, at)) break;
    start = bytes[at] === NEWLINE ? at + 1 : at + 2;
  }
  rows.lines += row - rows.count;
  rows.count = row;
  return start;
}

/** One row, of any columns. @returns where the last wanted cell ends, or NOT_PLAIN. */
function scanRow(
  bytes: Uint8Array,
  from: number,
  first: number,
  second: number | undefined,
  { user, item, rating, time, weight }: ColumnPlaces,
  rows: NumericRows,
): number {
  const row = rows.count;
  const lastColumn = Math.max(user, item, rating, time, weight);
  let at = from;
  for (let column = 0; ; column++) {
    if (column === user) at = scanId(bytes, at, rows.user, row);
    else if (column === item) at = scanId(bytes, at, rows.item, row);
    else if (column === rating) at = scanDecimal(bytes, at, rows.value, row);
    else if (column === time) at = scanDecimal(bytes, at, rows.time, row);
    else if (column === weight) at = scanDecimal(bytes, at, rows.weight!, row);
    else while (bytes[at] !== NEWLINE && !isDelimiter(bytes, at, first, second)) at++;
    if (at === NOT_PLAIN) return NOT_PLAIN;
    const delimited = isDelimiter(bytes, at, first, second);
    if (column === lastColumn) return delimited || isLineEnd(bytes, at) ? at : NOT_PLAIN;
    if (!delimited) return NOT_PLAIN;
    at += second === undefined ? 1 : 2;
  }
}

/** A canonical integer, into `into[row]`. @returns where it ends, or NOT_PLAIN. */
function scanId(bytes: Uint8Array, from: number, into: Float64Array, row: number): number {
  const negative = bytes[from] === MINUS;
  const start = negative ? from + 1 : from;
  let at = start;
  let digits = 0;
  for (let code = bytes[at]; code >= ZERO && code <= NINE; code = bytes[++at]) digits = digits * 10 + (code - ZERO);
  const count = at - start;
  into[row] = negative ? -digits : digits;
  // "007" and "-0" are strings, as toRawId says.
  const canonical = bytes[start] !== ZERO || (count === 1 && !negative);
  return count > 0 && count <= EXACT_DIGITS && canonical ? at : NOT_PLAIN;
}

/** A decimal number, into `into[row]`. @returns where it ends, or NOT_PLAIN. */
function scanDecimal(bytes: Uint8Array, from: number, into: Float64Array, row: number): number {
  const negative = bytes[from] === MINUS;
  const start = negative ? from + 1 : from;
  let at = start;
  let digits = 0;
  let code = bytes[at];
  for (; code >= ZERO && code <= NINE; code = bytes[++at]) digits = digits * 10 + (code - ZERO);
  let count = at - start;
  if (code === POINT) {
    const whole = count;
    for (code = bytes[++at]; code >= ZERO && code <= NINE; code = bytes[++at]) digits = digits * 10 + (code - ZERO);
    count = at - start - 1;
    if (count <= EXACT_DIGITS) digits /= POWERS_OF_TEN[count - whole];
  }
  into[row] = negative ? -digits : digits;
  return count > 0 && count <= EXACT_DIGITS ? at : NOT_PLAIN;
}

function isDelimiter(bytes: Uint8Array, at: number, first: number, second: number | undefined): boolean {
  return bytes[at] === first && (second === undefined || bytes[at + 1] === second);
}

function isLineEnd(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === NEWLINE || (bytes[at] === CARRIAGE_RETURN && bytes[at + 1] === NEWLINE);
}

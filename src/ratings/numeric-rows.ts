// The fast path of the readers: rows of plain decimal numbers, read byte by byte with no string in between. Whatever is not plain is
// left to the general path, so both give the same ratings.

/** Column numbers, from 0; `time` is −1 where there is none. */
export interface ColumnPlaces {
  readonly user: number;
  readonly item: number;
  readonly value: number;
  readonly time: number;
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
/** So many digits are exact in a float64, and dividing them by a power of ten rounds once, as Number(text) does. */
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * Reads plain rows from the front of a block of whole lines without quotes. A row is plain when its ids are canonical integers and its
 * rating and time decimal numbers, all of at most 15 digits; empty lines are passed over.
 *
 * @param delimiter one or two ASCII characters.
 * @returns where the first row starts that is not plain; the block's length when all are.
 */
export function scanNumericRows(
  bytes: Uint8Array,
  delimiter: string,
  places: ColumnPlaces,
  take: (user: number, item: number, value: number, time: number) => void,
): number {
  const first = delimiter.charCodeAt(0);
  const second = delimiter.length > 1 ? delimiter.charCodeAt(1) : -1;
  const { user: userAt, item: itemAt, value: valueAt, time: timeAt } = places;
  const lastColumn = Math.max(userAt, itemAt, valueAt, timeAt);
  let at = 0;
  while (at < bytes.length) {
    const start = at;
    if (bytes[at] === NEWLINE || (bytes[at] === CARRIAGE_RETURN && bytes[at + 1] === NEWLINE)) {
      at += bytes[at] === NEWLINE ? 1 : 2;
      continue;
    }
    let user = 0;
    let item = 0;
    let value = 0;
    let time = NaN;
    for (let column = 0; column <= lastColumn; column++) {
      if (column === userAt || column === itemAt || column === valueAt || column === timeAt) {
        const negative = bytes[at] === MINUS;
        if (negative) at++;
        const from = at;
        let digits = 0;
        for (let digit = bytes[at] - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at] - ZERO) digits = digits * 10 + digit;
        const whole = at - from;
        let count = whole;
        if (bytes[at] === POINT) {
          at++;
          for (let digit = bytes[at] - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at] - ZERO) digits = digits * 10 + digit;
          count = at - from - 1;
        }
        if (count === 0 || count > EXACT_DIGITS) return start;
        if (column === userAt || column === itemAt) {
          // "007", "-0" and "7.0" are strings, as toRawId says.
          if (at - from !== whole || (bytes[from] === ZERO && (whole > 1 || negative))) return start;
          if (column === userAt) user = negative ? -digits : digits;
          if (column === itemAt) item = negative ? -digits : digits;
        } else {
          const number = (negative ? -digits : digits) / POWERS_OF_TEN[count - whole];
          if (column === valueAt) value = number;
          if (column === timeAt) time = number;
        }
      } else {
        while (bytes[at] !== NEWLINE && !isDelimiter(bytes, at, first, second)) at++;
      }
      if (isDelimiter(bytes, at, first, second)) at += second < 0 ? 1 : 2;
      else if (column < lastColumn || !isEnd(bytes, at)) return start;
    }
    // Further columns are of no interest.
    while (bytes[at] !== NEWLINE) at++;
    at++;
    take(user, item, value, time);
  }
  return at;
}

function isDelimiter(bytes: Uint8Array, at: number, first: number, second: number): boolean {
  return bytes[at] === first && (second < 0 || bytes[at + 1] === second);
}

function isEnd(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === NEWLINE || (bytes[at] === CARRIAGE_RETURN && bytes[at + 1] === NEWLINE);
}

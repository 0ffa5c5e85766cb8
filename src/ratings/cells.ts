// What the text of a cell stands for, where it is no plain number: ratings such as 4/5, 3,5 and ★★★★, and dates.

/** "4/5", "4 of 5", "4.0 out of 5 stars". */
const OUT_OF = /^([+-]?\d+(?:[.,]\d+)?) ?(?:\/|(?:out )?of) ?(\d+)(?: stars?)?$/i;
const STARS = /^([★⭐]\uFE0F? ?)+(½|1\/2)?[☆✩]*$|^½[☆✩]*$/u;
const DECIMAL_COMMA = /^[+-]?\d*,\d+$/;
/** "1,234" may be a thousand or one and a bit: it is taken for neither. */
const THOUSANDS = /^[+-]?\d{1,3}(,\d{3})+$/;

/** A number as tables have it: "0x2" is a mark or an address, and no 2. */
const numberIn = (text: string): number => (/^0[xob]/i.test(text) ? NaN : Number(text));

/** Whether all cells of a row are empty: such a row is none. */
export const isBlank = (row: readonly string[]): boolean => row.every((cell) => cell.trim() === "");

/** Whether a cell is a plain number. */
export const isNumber = (cell: string): boolean => cell.trim() !== "" && Number.isFinite(Number(cell));

/** The rating in a cell; NaN when there is none. `outOf` is the most there is, of "4/5". */
export function ratingIn(cell: string): { value: number; outOf?: number } {
  const text = cell.trim();
  if (text === "") return { value: NaN };
  const value = numberIn(text);
  if (!Number.isNaN(value)) return { value };
  const outOf = OUT_OF.exec(text);
  if (outOf) return { value: Number(outOf[1].replace(",", ".")), outOf: Number(outOf[2]) };
  if (DECIMAL_COMMA.test(text) && !THOUSANDS.test(text)) return { value: Number(text.replace(",", ".")) };
  if (STARS.test(text)) return { value: (text.match(/[★⭐]/gu) ?? []).length + (/½|1\/2/.test(text) ? 0.5 : 0) };
  return { value: NaN };
}

/** Words for liked and for not, in lower case. */
const OPINIONS: readonly (readonly [liked: string, not: string])[] = [
  ["true", "false"],
  ["yes", "no"],
  ["t", "f"],
  ["y", "n"],
  ["like", "dislike"],
  ["liked", "disliked"],
  ["up", "down"],
  ["thumbs up", "thumbs down"],
  ["upvote", "downvote"],
  ["positive", "negative"],
  ["recommended", "not recommended"],
  ["👍", "👎"],
];
const PAIR_OF = new Map(OPINIONS.flatMap((pair) => pair.map((word) => [word, pair] as const)));

/** A word as it is looked up: "Not_Recommended" is "not recommended". */
export const opinionIn = (cell: string): string =>
  cell
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, " ");

export const isOpinion = (cell: string): boolean => PAIR_OF.has(opinionIn(cell));

/** What the words of a column of ratings count for: 1 for liked, 0 for not. */
export type Opinions = Readonly<Record<string, number>>;

/** Those of cells that are all such words, with the other word of each pair; undefined for any others. */
export function opinionsOf(cells: readonly string[]): Opinions | undefined {
  const pairs = new Set<readonly [liked: string, not: string]>();
  for (const cell of cells) {
    const pair = PAIR_OF.get(opinionIn(cell));
    if (!pair) return undefined;
    pairs.add(pair);
  }
  return pairs.size === 0 ? undefined : Object.fromEntries([...pairs].flatMap(([liked, not]) => [[liked, 1], [not, 0]])); // prettier-ignore
}

/** "2005-09-06", "2005-09-06 10:11:12.5", "2005/09/06T10:11Z", "2005-09-06T10:11:12+02:00". */
const ISO =
  /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))? ?(?:Z|UTC|GMT|([+-])(\d{2}):?(\d{2}))?)?$/i;
/** "06.09.2005": points are written where the day comes first. */
const DAY_FIRST = /^(\d{1,2})\.(\d{1,2})\.(\d{4})(.*)$/;
/** "6 Sep 2005", "Sep 6, 2005", "Tue Sep 06 10:11:12 +0000 2005"; and "09 6, 2005", whose comma tells day from year. */
const NAMED = /[A-Za-z]{3,}|^\d{1,2} \d{1,2}, \d{4}$/;
const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

/** Seconds since 1970 UTC of a number or a date; NaN when it is neither, or can be read in two ways, as 09/06/2005. */
export function timeIn(cell: string): number {
  const text = cell.trim();
  if (text === "") return NaN;
  const number = numberIn(text);
  if (!Number.isNaN(number)) return number;
  const [, day, month, year, rest] = DAY_FIRST.exec(text) ?? [];
  const parts = ISO.exec(day === undefined ? text : `${year}-${month}-${day}${rest}`);
  if (parts) {
    const [y, m, d, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0));
    const zone = parts[7] === undefined ? 0 : (parts[7] === "-" ? -1 : 1) * (Number(parts[8]) * 60 + Number(parts[9])) * MINUTE;
    const days = Date.UTC(y, m - 1, d) / 1000 / DAY;
    const isDate = new Date(days * DAY * 1000).getUTCDate() === d && m >= 1 && m <= 12 && hour < 24 && minute < 60;
    return isDate ? days * DAY + (hour * 60 + minute) * MINUTE + second - zone : NaN;
  }
  if (!NAMED.test(text)) return NaN;
  const zoned = /Z$|UTC|GMT|[+-]\d{4}/.test(text) ? text : `${text} UTC`;
  return Date.parse(zoned) / 1000;
}

/** Whether a number may be a time: seconds, or finer units, since 1970, later than 1973. */
export const looksLikeTime = (value: number): boolean => value >= 1e8 && Number.isInteger(value);

/** How many of a time's units make a second: times that are too late for seconds are milli-, micro- or nanoseconds. */
export function unitsPerSecond(time: number): number {
  const size = Math.abs(time);
  return size < 1e11 ? 1 : size < 1e14 ? 1e3 : size < 1e17 ? 1e6 : 1e9;
}

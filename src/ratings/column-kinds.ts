// What the cells of a column may be, by the first rows of a table: ratings, times, likes in words, numbers of the rows.

import { isOpinion, looksLikeTime, type Opinions, opinionsOf, ratingIn, timeIn } from "./cells.js";

/** Below so many rows, nothing stands out. */
export const FEWEST_ROWS = 20;

/** What the cells of a column may be. */
export interface Kind {
  /** All that are not empty. */
  readonly isNumeric: boolean;
  readonly isRating: boolean;
  readonly isTime: boolean;
  /** Some of them. */
  readonly hasRating: boolean;
  readonly mayBeTime: boolean;
  readonly distinct: number;
  /** Cells that are not empty. */
  readonly filled: number;
  /** The first few that differ. */
  readonly texts: readonly string[];
  /** Where all are words for liked and for not. */
  readonly opinions: Opinions | undefined;
  /** The most there is, of the first such as 4/5. */
  readonly outOf: number | undefined;
  /** "1.500" and "500", where points may stand between thousands. */
  readonly thousands: readonly [pointed: string, plain: string] | undefined;
  /** Whether every row has a whole number of its own. */
  readonly isKey: boolean;
}

/** A column of ratings has no more values than this, or fractions; and they lie between these. */
const MOST_VALUES = 25;
const [LEAST_RATING, LARGEST_RATING] = [-10, 100];

/** Texts of a column that are kept, to be shown. */
const TEXTS = 11;
/** "1.500", of which a German reads 1500. */
const POINTED = /^[1-9]\d{0,2}(\.\d{3})+$/;
/** A whole number from here on, without a point, speaks for thousands with one. */
const HUNDREDS = 100;

/** @param missing texts that stand for no rating. */
export function kindOf(body: readonly (readonly string[])[], place: number, missing: ReadonlySet<string>): Kind {
  const cells = body.map((row) => (row[place] ?? "").trim()).filter((cell) => cell !== "");
  const read = cells.map(ratingIn);
  const values = read.map(({ value }) => value);
  const numbers = values.filter((value) => !Number.isNaN(value));
  const isNumeric = cells.length > 0 && numbers.length === cells.length;
  const times = cells.filter((cell) => Number.isFinite(timeIn(cell)));
  const isTime =
    cells.length > 0 && cells.every((cell, at) => (Number.isNaN(values[at]) ? Number.isFinite(timeIn(cell)) : looksLikeTime(values[at])));
  const all = new Set(cells);
  const distinct = all.size;
  const pointed = cells.filter((cell) => cell.includes("."));
  const plain = pointed.length > 0 && pointed.every((cell) => POINTED.test(cell)) ? cells.find((cell) => /^\d+$/.test(cell) && Number(cell) >= HUNDREDS) : undefined; // prettier-ignore
  const inRange = numbers.every((value) => value >= LEAST_RATING && value <= LARGEST_RATING);
  return {
    isNumeric,
    isRating: isNumeric && !isTime && inRange && (distinct <= MOST_VALUES || numbers.some((value) => !Number.isInteger(value))),
    isTime,
    hasRating: numbers.length > 0,
    mayBeTime: times.length * 2 >= cells.length && times.length > 0,
    distinct,
    filled: cells.length,
    texts: [...all].slice(0, TEXTS),
    opinions: numbers.length > 0 ? undefined : opinionsOf(cells.filter((cell) => !missing.has(cell))),
    outOf: read.find(({ outOf: most }) => most !== undefined)?.outOf,
    thousands: plain === undefined ? undefined : [pointed[0], plain],
    isKey: body.length >= FEWEST_ROWS && distinct === body.length && cells.every((cell) => Number.isSafeInteger(Number(cell))),
  };
}

/** Whether a column holds likes and dislikes: in words, or as 1 and 0. */
export const tellsOpinions = ({ opinions, texts }: Kind): boolean =>
  opinions !== undefined || (texts.length > 0 && texts.every((text) => text === "0" || text === "1"));

/** Whether a column of text may hold what was liked and what not, in words that are not known. */
export const mayBeOpinions = ({ isNumeric, mayBeTime, distinct, texts, filled }: Kind): boolean =>
  !isNumeric && !mayBeTime && filled >= FEWEST_ROWS && (distinct === 2 || (distinct < TEXTS && texts.some(isOpinion)));

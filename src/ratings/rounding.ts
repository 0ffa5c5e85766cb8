// What float32 does to ratings: all are kept in it, so ratings that differ by less than its steps at their size would be
// stored as equal. Told by the doubles, while they are read.

import { RatingsError } from "../errors.js";
import { shown } from "../shown.js";

/**
 * Of ratings that were read: their ends, and the first of those that were moved farthest when they were stored. As soon
 * as float32 is fine enough for some of them it is for all, and nothing more is counted.
 */
export interface Rounding {
  readonly fine: boolean;
  readonly least: number;
  readonly most: number;
  readonly moved: number | undefined;
}

const FINE: Rounding = { fine: true, least: NaN, most: NaN, moved: undefined };
export const NO_ROUNDING: Rounding = { fine: false, least: Infinity, most: -Infinity, moved: undefined };

/** Digits after the point of a float32, and its least exponent. */
const [FRACTION_BITS, LEAST_EXPONENT] = [23, -126];
/** A step is too coarse beyond this share of all that the ratings differ by: held-out errors of all models rise then. */
const COARSE = 2 ** -6;
/** Ratings nearer to each other, for their size, are equal but for the last digits of sums and quotients. */
const EQUAL = 2 ** -40;

/** By how much neighbours of this size differ in float32. */
const stepAt = (size: number): number => 2 ** (Math.max(Math.floor(Math.log2(size)), LEAST_EXPONENT) - FRACTION_BITS);

const sizeOf = ({ least, most }: Pick<Rounding, "least" | "most">): number => Math.max(Math.abs(least), Math.abs(most));

const error = (value: number): number => Math.abs(value - Math.fround(value));

/** Whether float32 is too coarse for what is between two ratings. */
export const isCoarse = (least: number, most: number): boolean =>
  most - least > sizeOf({ least, most }) * EQUAL && stepAt(sizeOf({ least, most })) > (most - least) * COARSE;

/** Takes `count` values more into account. */
export function roundingWith(before: Rounding, values: Float64Array, count: number): Rounding {
  if (before.fine || count === 0) return before;
  let { least, most, moved } = before;
  for (let at = 0; at < count; at++) {
    const value = values[at];
    if (value < least) least = value;
    if (value > most) most = value;
  }
  // Where it is too coarse in the end, all ratings are of about one size, at which the step may double once.
  if (2 * stepAt(sizeOf({ least, most })) <= (most - least) * COARSE) return FINE;
  for (let at = 0; at < count; at++) if (error(values[at]) > (moved === undefined ? 0 : error(moved))) moved = values[at];
  return { fine: false, least, most, moved };
}

/** What several together had. */
export function joinedRounding(all: readonly Rounding[]): Rounding {
  if (all.some(({ fine }) => fine)) return FINE;
  const moved = all.flatMap((one) => one.moved ?? []);
  const most = moved.reduce((largest, value) => Math.max(largest, error(value)), 0);
  return {
    fine: false,
    least: Math.min(...all.map((one) => one.least)),
    most: Math.max(...all.map((one) => one.most)),
    moved: moved.find((value) => error(value) === most),
  };
}

/** @param where before the sentence. @throws RatingsError where ratings would be stored as others are that they differ from. */
export function checkRounding({ fine, least, most, moved }: Rounding, where = "", file?: string): void {
  if (fine || moved === undefined || !isCoarse(least, most) || error(moved) <= ((most - least) * COARSE) / 2) return;
  throw new RatingsError(
    `${where}rating ${moved} would be stored as ${shown(Math.fround(moved))}: the ratings go from ${least} to ${most}, and are kept in ` +
      `float32, which has steps of ${digits(stepAt(sizeOf({ least, most })))} there`,
    { file, remedy: remedyFor(least, most) },
  );
}

/** What to do about ratings that float32 is too coarse for. */
export const remedyFor = (least: number, most: number): string =>
  most - least < sizeOf({ least, most }) / 2
    ? `subtract the same number from all ratings, such as the least, ${least}`
    : "give ratings in a smaller unit: multiply all by the same number";

/** @throws RatingsError for ratings that arithmetic in float32 cannot tell apart, be they stored exactly. */
export function checkTellable(least: number, most: number): void {
  if (!isCoarse(least, most)) return;
  throw new RatingsError(
    `the ratings go from ${least} to ${most}, and training is in float32, which has steps of ${digits(stepAt(sizeOf({ least, most })))} there`,
    { remedy: remedyFor(least, most) },
  );
}

const digits = (value: number): string => String(Number(value.toPrecision(3)));

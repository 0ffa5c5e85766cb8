// Rows of the caller's own, from memory or a database's cursor, into columns:
// every one is checked, and the first wrong one named.

import { OptionsError, RatingsError } from "../errors.js";
import { checkOptions, namesOf, oneOf } from "../options.js";
import { shown } from "../shown.js";
import { unitsPerSecond } from "./cells.js";
import { type Catalogue, CATALOGUE_KIND, type GivenEntry } from "./catalogue.js";
import { doubtDuplicates } from "./doubts.js";
import { DUPLICATE_POLICIES, type DuplicatePolicy, mergeDuplicates, WHICH_COUNTS } from "./duplicates.js";
import { GrowingColumns } from "./growing-columns.js";
import { Ids, isRawId, type RawId, toRawId } from "./ids.js";
import { isWeight, LARGEST_RATING, LARGEST_WEIGHT } from "./largest-rating.js";
import type { RatingColumns } from "./rating-columns.js";
import { checkRounding } from "./rounding.js";

/**
 * A rating by name, as databases give rows. A rating is kept in float32, with seven digits. A time is a Date, or seconds
 * since 1970 UTC, or finer units, told by their size; a weight says how often the rating counts, once where it is left
 * out. A weight of null is refused, as an empty cell of a file is: what is not known might stand for 0 as well as for 1.
 */
export interface RatingRow {
  readonly user: RawId;
  readonly item: RawId;
  readonly rating: number;
  readonly time?: number | Date | null | undefined;
  readonly weight?: number | undefined;
}

/** A rating as an array. */
export type RatingTuple = readonly [
  user: RawId,
  item: RawId,
  rating: number,
  time?: number | Date | null | undefined,
  weight?: number | undefined,
];

/**
 * A rating as callers have it. Of arrays in a variable, TypeScript knows no places: they come as lists of texts and
 * numbers, and are checked when they are taken, as all are.
 */
export type GivenRating = RatingRow | RatingTuple | readonly (RawId | Date | null | undefined)[];

/** How rows are taken. */
export interface FromOptions {
  /** Titles and genres of the items, and years. */
  readonly catalogue?: Catalogue | Iterable<GivenEntry> | undefined;
  /**
   * What becomes of a (user, item) pair rated twice, as in the readers.
   * Default "last", but an error when most rows are such.
   */
  readonly duplicates?: DuplicatePolicy | undefined;
}

const FROM_NAMES = namesOf<FromOptions>({ catalogue: CATALOGUE_KIND, duplicates: oneOf(...DUPLICATE_POLICIES) });
/** Cells of the longest row. */
const MOST_CELLS = 5;
const SHAPE = "give rows of [user, item, rating] or { user, item, rating }, either with a time, and a weight, or without";

/** Takes rows one by one. */
export class RowTaker {
  readonly users = new Ids();
  readonly items = new Ids();
  readonly #columns = new GrowingColumns(true);
  readonly #duplicates: DuplicatePolicy | undefined;
  #rows = 0;
  /** How many of the times' units make a second: told by the first. */
  #units: number | undefined;

  constructor(where: string, options: FromOptions) {
    checkOptions(where, options, FROM_NAMES);
    this.#duplicates = options.duplicates;
  }

  /** @throws RatingsError naming the row, from 1, with what it holds. */
  take(row: unknown): void {
    this.#rows++;
    if (typeof row !== "object" || row === null) throw this.#error(row, "it is no row", SHAPE);
    const wrong = shapeOf(row);
    if (wrong) throw this.#error(row, wrong.what, wrong.remedy);
    const {
      user,
      item,
      rating,
      time,
      weight = 1,
    } = Array.isArray(row)
      ? { user: row[0] as unknown, item: row[1] as unknown, rating: row[2] as unknown, time: row[3] as unknown, weight: row[4] as unknown }
      : (row as Readonly<Record<string, unknown>>);
    this.#checkId(row, "user", user);
    this.#checkId(row, "item", item);
    if (typeof rating !== "number") {
      const remedy = rating === undefined ? SHAPE : (remedyForRating(rating) ?? SHAPE);
      throw this.#error(row, rating === undefined ? "there is no rating" : `its rating ${shown(rating)} is no number`, remedy);
    }
    if (!Number.isFinite(rating)) throw this.#error(row, `its rating is ${rating}`, LEAVE_OUT);
    if (Math.abs(rating) > LARGEST_RATING)
      throw this.#error(row, `its rating ${rating} is beyond ±${LARGEST_RATING}`, "give ratings in a larger unit");
    if (typeof weight !== "number" || !isWeight(weight)) {
      const remedy =
        weight === null
          ? "give 1 where it counts once, as by weight ?? 1, or 0 where not at all"
          : "give how often it counts, or no weight";
      throw this.#error(row, `its weight ${shown(weight)} is not from 0 to ${LARGEST_WEIGHT}`, remedy);
    }
    this.#columns.push(this.users.add(user as RawId), this.items.add(item as RawId), rating, this.#secondsOf(row, time), weight);
  }

  /** @throws RatingsError for pairs rated twice, where they are an error. */
  columns(): RatingColumns {
    this.#checkSpelling("user", this.users);
    this.#checkSpelling("item", this.items);
    checkRounding(this.#columns.rounding);
    const read = this.#columns.columns();
    const { columns, duplicateRows } = mergeDuplicates(read, this.users.size, this.items.size, this.#duplicates ?? "last", (at) => {
      const [user, item] = [this.users.rawAt(read.user[at]), this.items.rawAt(read.item[at])];
      return new RatingsError(`row ${at + 1}: user ${shown(user)} rated item ${shown(item)} before`, {
        line: at + 1,
        remedy: WHICH_COUNTS,
      });
    });
    if (this.#duplicates === undefined) doubtDuplicates(this.#rows, duplicateRows, "the rows");
    return columns;
  }

  /** Ids such as 1 and "1" would be two, and `indexOf` find either by the other. */
  #checkSpelling(what: "user" | "item", ids: Ids): void {
    const twice = ids.raw.find((id, index) => typeof id === "string" && ids.indexOf(toRawId(id)) !== index);
    if (twice === undefined) return;
    throw new RatingsError(
      `the ${what}s ${shown(toRawId(twice as string))} and ${shown(twice)} are a number and a text, and would be two`,
      {
        remedy: "give ids of one type: Number(…) or String(…) of all of them",
      },
    );
  }

  #checkId(row: object, what: "user" | "item", id: unknown): void {
    if (isRawId(id)) return;
    if (id === undefined) throw this.#error(row, `there is no ${what}`, SHAPE);
    const remedy =
      typeof id === "bigint" || Number.isInteger(id)
        ? "String(…) makes a text of a bigint, which keeps the digits of ids beyond 2⁵³"
        : "give a whole number or text that is not empty";
    throw this.#error(row, `its ${what} ${shown(id)} is no id`, remedy);
  }

  /** NaN where there is none. */
  #secondsOf(row: object, time: unknown): number {
    if (time === undefined || time === null) return NaN;
    const isDate = time instanceof Date;
    const given = isDate ? time.getTime() : time;
    if (typeof given !== "number" || !Number.isFinite(given)) {
      const remedy = typeof time === "bigint" ? "Number(…) makes a number of it" : "give seconds since 1970, a Date, or no time";
      throw this.#error(row, `its time ${shown(time)} is none`, remedy);
    }
    if (isDate) return given / 1000;
    const units = unitsPerSecond(given);
    // Before 1973 a time in finer units is as small as seconds are.
    this.#units ??= given === 0 ? undefined : units;
    if (this.#units !== undefined && units > this.#units) {
      throw this.#error(
        row,
        `its time ${given} is in finer units than those of the rows before`,
        "give all in seconds since 1970, or Dates",
      );
    }
    return given / (this.#units ?? 1);
  }

  #error(row: unknown, what: string, remedy: string): RatingsError {
    return new RatingsError(`row ${this.#rows}, ${shown(row)}: ${what}`, { line: this.#rows, remedy });
  }
}

const LEAVE_OUT = "leave out rows without a rating";

/** What to do about a rating that is no number; undefined where that is not known. */
export function remedyForRating(rating: unknown): string | undefined {
  if (typeof rating === "string") return "give a number: Number(…) makes one of text";
  if (typeof rating === "bigint") return "give a number: Number(…) makes one of a bigint";
  if (typeof rating === "boolean") return "give a number: Number(…) makes 1 of true and 0 of false";
  return rating === null || typeof rating === "number" ? LEAVE_OUT : undefined;
}

/** What is wrong with a row's shape; undefined where nothing is. */
function shapeOf(row: object): { readonly what: string; readonly remedy: string } | undefined {
  if (Array.isArray(row)) return row.length > MOST_CELLS ? { what: `it has ${row.length} cells`, remedy: SHAPE } : undefined;
  const makes = ArrayBuffer.isView(row)
    ? "Array.from(row) makes an array of it"
    : row instanceof Map
      ? "Object.fromEntries(row) makes an object of it"
      : undefined;
  return makes === undefined ? undefined : { what: `it is a ${row.constructor.name}`, remedy: makes };
}

/** @throws OptionsError when rows cannot be gone through. */
export function checkRows(where: string, rows: unknown, kinds: readonly symbol[]): void {
  const iterable = Object(rows) as Record<symbol, unknown>;
  if (typeof rows !== "string" && kinds.some((kind) => typeof iterable[kind] === "function")) return;
  const remedy =
    Symbol.asyncIterator in iterable
      ? "Ratings.fromAsync takes rows that come one by one"
      : "give an array of rows, or anything else that `for … of` goes through";
  throw new OptionsError(`${where} takes rows, and ${shown(rows)} is none`, { remedy });
}

// The ratings as columns of dense indices and values, in file order. Everything downstream reads these typed arrays.

import { RatingsError } from "../errors.js";
import { checkArguments, hasPart, type Kind, LIST } from "../options.js";
import { howMany } from "../shown.js";
import { type Catalogue, catalogueOf, type GivenEntry } from "./catalogue.js";
import { type Ids, IDS_KIND, type RawId } from "./ids.js";
import { isWeight, LARGEST_RATING, LARGEST_WEIGHT } from "./largest-rating.js";
import { COLUMNS_KIND, type RatingColumns, type RatingStatistics } from "./rating-columns.js";
import { wholeOf } from "./share.js";
import { checkRows, type FromOptions, type GivenRating, RowTaker } from "./rows.js";

export type { RatingStatistics } from "./rating-columns.js";

const ROWS_KIND: Kind = { must: "a Uint32Array of row numbers", holds: (value) => value instanceof Uint32Array };

/** A set of ratings, which are float32: L columns, the ids of M users and N items, and what the catalogue knows of the items. */
export class Ratings implements RatingColumns {
  readonly users: Ids;
  readonly items: Ids;
  readonly user: Uint32Array;
  readonly item: Uint32Array;
  readonly value: Float32Array;
  readonly weight: Float32Array | undefined;
  readonly time: Float64Array | undefined;
  readonly catalogue: Catalogue;
  #statistics: RatingStatistics | undefined;

  /**
   * @throws RatingsError when the columns differ in length, an index is beyond its ids,
   *   a value is not finite or too large to be squared, or a weight is not from 0 to 10⁹.
   */
  constructor(columns: RatingColumns, users: Ids, items: Ids, catalogue?: Catalogue | Iterable<GivenEntry>) {
    checkArguments("new Ratings", { columns: [columns, COLUMNS_KIND], users: [users, IDS_KIND], items: [items, IDS_KIND] });
    const { user, item, value, weight, time } = columns;
    if ([item, value, weight, time].some((column) => column && column.length !== user.length)) {
      const weights = weight ? `, ${howMany(weight.length, "weight")}` : "";
      const lengths = `${howMany(user.length, "user")}, ${howMany(item.length, "item")}, ${howMany(value.length, "value")}${weights}`;
      throw new RatingsError(`columns differ in length: ${lengths}`);
    }
    for (let at = 0; at < user.length; at++) {
      if (user[at] >= users.size)
        throw new RatingsError(`rating ${at}: user index ${user[at]} is beyond the ${howMany(users.size, "user")}`);
      if (item[at] >= items.size)
        throw new RatingsError(`rating ${at}: item index ${item[at]} is beyond the ${howMany(items.size, "item")}`);
      if (!Number.isFinite(value[at])) throw new RatingsError(`rating ${at}: value ${value[at]} is not a finite number`);
      if (Math.abs(value[at]) > LARGEST_RATING) {
        throw new RatingsError(`rating ${at}: value ${value[at]} is beyond ±${LARGEST_RATING}`, {
          remedy: "give ratings in a larger unit",
        });
      }
      if (weight && !isWeight(weight[at])) {
        throw new RatingsError(`rating ${at}: weight ${weight[at]} is not from 0 to ${LARGEST_WEIGHT}`, {
          remedy: "say with weights how often ratings count; 0 leaves one out",
        });
      }
    }
    this.user = user;
    this.item = item;
    this.value = value;
    this.weight = weight;
    this.time = time;
    this.users = users;
    this.items = items;
    this.catalogue = catalogueOf(catalogue);
  }

  /**
   * Ratings from rows: arrays or objects, from an array or anything else that can be gone through.
   * Of a pair rated twice the last rating counts, unless `duplicates` says otherwise.
   *
   * @throws RatingsError naming the first wrong row, from 1, with what it holds; and for ratings whose differences are
   *   beyond the seven digits of float32, in which they are kept.
   */
  static from(rows: Iterable<GivenRating>, options: FromOptions = {}): Ratings {
    const taker = new RowTaker("Ratings.from", options);
    checkRows("Ratings.from", rows, [Symbol.iterator]);
    for (const row of rows) taker.take(row);
    return new Ratings(taker.columns(), taker.users, taker.items, options.catalogue);
  }

  /** The same from rows that come one by one, such as those of a database's cursor. */
  static async fromAsync(
    rows: AsyncIterable<GivenRating> | Iterable<GivenRating | Promise<GivenRating>>,
    options: FromOptions = {},
  ): Promise<Ratings> {
    const taker = new RowTaker("Ratings.fromAsync", options);
    checkRows("Ratings.fromAsync", rows, [Symbol.asyncIterator, Symbol.iterator]);
    for await (const row of rows) taker.take(row);
    return new Ratings(taker.columns(), taker.users, taker.items, options.catalogue);
  }

  /** Number of ratings, L. */
  get count(): number {
    return this.value.length;
  }

  /** The ratings at these row numbers, in that order, with the same ids: users and items keep their indices. */
  select(rows: Uint32Array): Ratings {
    checkArguments("select", { rows: [rows, ROWS_KIND] });
    const user = new Uint32Array(rows.length);
    const item = new Uint32Array(rows.length);
    const value = new Float32Array(rows.length);
    const weight = this.weight && new Float32Array(rows.length);
    const time = this.time && new Float64Array(rows.length);
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at];
      user[at] = this.user[row];
      item[at] = this.item[row];
      value[at] = this.value[row];
      if (weight && this.weight) weight[at] = this.weight[row];
      if (time && this.time) time[at] = this.time[row];
    }
    return new Ratings({ user, item, value, weight, time }, this.users, this.items, this.catalogue);
  }

  /**
   * A user's ratings, [raw item id, value] in file order, with their weights where they have some; none when there is
   * no such user.
   */
  ratedBy(user: RawId): [item: RawId, value: number, weight?: number][] {
    const m = this.users.indexOf(user);
    const rated: [RawId, number, number?][] = [];
    this.user.forEach((index, at) => {
      if (index !== m) return;
      const [item, value] = [this.items.rawAt(this.item[at]), this.value[at]];
      rated.push(this.weight ? [item, value, this.weight[at]] : [item, value]);
    });
    return rated;
  }

  /**
   * Mean, extremes (rating units) and counts, in float64; the mean is weighted, and ratings of weight 0 have no part
   * in it and the extremes. Where none counts all three are 0.
   */
  statistics(): RatingStatistics {
    return (this.#statistics ??=
      wholeOf(this)?.statistics ?? statisticsFrom(addedUp(NO_VALUES, this), this.users, this.items, this.count, this.weight !== undefined));
  }
}

/** What functions that take ratings ask for. */
export const RATINGS_KIND: Kind = {
  must: "Ratings",
  holds: (value) => hasPart(value, "users", "items", "user", "item", "value", "select"),
  remedy(value) {
    if (value instanceof Promise) return "await it";
    if (hasPart(value, "heldOut")) return "give its part train, or heldOut";
    if (hasPart(value, "ratings")) return "give its part ratings";
    if (typeof value === "string") return "const { ratings } = await readPath(path) reads a file";
    if (LIST.holds(value)) return "Ratings.from(rows) makes them of rows";
    return value === undefined ? "Ratings.from(rows) makes them of rows, readPath(path) reads a file" : undefined;
  },
};

/** The same of those that are held out. */
export const HELD_OUT_KIND: Kind = {
  ...RATINGS_KIND,
  remedy: (value) =>
    hasPart(value, "heldOut") ? "give its part heldOut" : "const { train, heldOut } = splitRatings(ratings) holds some of one set out",
};

/** Sum, weight, minimum and maximum of no values. */
export const NO_VALUES: Float64Array = Float64Array.of(0, 0, Infinity, -Infinity);

/** Adds values one by one to the weighted sum, the weight, the minimum and the maximum of those before. */
export function addedUp([sum, total, minimum, maximum]: Float64Array, { value: values, weight: weights }: RatingColumns): Float64Array {
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    const weight = weights ? weights[at] : 1;
    if (weight === 0) continue;
    sum += weight * value;
    total += weight;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  return Float64Array.of(sum, total, minimum, maximum);
}

/** @param count of all values that were added up. @param weighted whether they have weights. */
export function statisticsFrom(
  [sum, total, minimum, maximum]: Float64Array,
  users: Ids,
  items: Ids,
  count: number,
  weighted: boolean,
): RatingStatistics {
  const sizes = { users: users.size, items: items.size, ratings: count };
  const measured = total > 0 ? { mean: sum / total, minimum, maximum } : { mean: 0, minimum: 0, maximum: 0 };
  return { ...sizes, ...measured, ...(weighted && { weight: total }) };
}

// Columns of ratings while they are read. Room is made for all that is expected at once: memory that is never written
// to is never resident, so a column too long costs nothing, while one that grows by doubling is held twice.

import type { Ids } from "./ids.js";
import type { NumericRows } from "./numeric-rows.js";
import type { RatingColumns } from "./rating-columns.js";
import { joinedRounding, NO_ROUNDING, type Rounding, roundingWith } from "./rounding.js";

const FIRST_ROWS = 1024;
const RECENT = 1024;
/** What is expected is taken for a little more, so that columns seldom grow a second time. */
const MARGIN = 1.05;

export class GrowingColumns {
  #user = new Uint32Array(0);
  #item = new Uint32Array(0);
  #value = new Float32Array(0);
  /** From the first row on that has another weight than 1, where not from the beginning. */
  #weight: Float32Array | undefined;
  /** Kept as long as every row has a time. */
  #time: Float64Array | undefined;
  #capacity = 0;
  #count = 0;
  #rounding = NO_ROUNDING;
  /** Values of the last rows that came one by one: their number is looked at together. */
  readonly #recent = new Float64Array(RECENT);
  #recentCount = 0;

  /** @param timed whether rows have times at all. @param weighted whether they have weights, be they all 1. */
  constructor(timed: boolean, weighted = false) {
    this.#time = timed ? new Float64Array(0) : undefined;
    this.#weight = weighted ? new Float32Array(0) : undefined;
  }

  get count(): number {
    return this.#count;
  }

  /** What the ratings were as numbers of float64, and what became of them. */
  get rounding(): Rounding {
    this.#rounding = roundingWith(this.#rounding, this.#recent, this.#recentCount);
    this.#recentCount = 0;
    return this.#rounding;
  }

  /** Makes room. @param rows that come next. @param expected rows in all, as far as can be told. */
  reserve(rows: number, expected = 0): void {
    const needed = this.#count + rows;
    if (needed <= this.#capacity) return;
    this.#capacity = Math.ceil(Math.max(needed, expected * MARGIN, this.#capacity * 2, FIRST_ROWS));
    this.#user = grown(this.#user, new Uint32Array(this.#capacity), this.#count);
    this.#item = grown(this.#item, new Uint32Array(this.#capacity), this.#count);
    this.#value = grown(this.#value, new Float32Array(this.#capacity), this.#count);
    this.#weight &&= grown(this.#weight, new Float32Array(this.#capacity), this.#count);
    this.#time &&= grown(this.#time, new Float64Array(this.#capacity), this.#count);
  }

  /** One row of dense indices. */
  push(user: number, item: number, value: number, time: number, weight = 1): void {
    this.reserve(1);
    const at = this.#count++;
    this.#user[at] = user;
    this.#item[at] = item;
    this.#value[at] = value;
    if (!this.#rounding.fine) {
      this.#recent[this.#recentCount++] = value;
      if (this.#recentCount === RECENT) void this.rounding;
    }
    if (weight !== 1) this.#withWeights();
    if (this.#weight) this.#weight[at] = weight;
    if (!this.#time) return;
    this.#time[at] = time;
    if (!Number.isFinite(time)) this.#time = undefined;
  }

  /** Scanned rows, whose ids are given indices. @param expected rows in all, as far as can be told. */
  addNumbers(rows: NumericRows, users: Ids, items: Ids, expected = 0): void {
    const { count } = rows;
    this.reserve(count, expected);
    const at = this.#count;
    users.addNumbers(rows.user, count, this.#user, at);
    items.addNumbers(rows.item, count, this.#item, at);
    this.#value.set(rows.value.subarray(0, count), at);
    this.#rounding = roundingWith(this.#rounding, rows.value, count);
    this.#addWeights(rows.weight?.subarray(0, count), at, count);
    this.#time?.set(rows.time.subarray(0, count), at);
    this.#count += count;
  }

  /** Rows that were indexed by other ids: `users[m]` and `items[n]` are the indices here of their m and n. */
  append(columns: RatingColumns, rounding: Rounding, users: Uint32Array, items: Uint32Array, expected = 0): void {
    const { user, item, value, weight, time } = columns;
    this.reserve(user.length, expected);
    const at = this.#count;
    translate(user, users, this.#user, at);
    translate(item, items, this.#item, at);
    this.#value.set(value, at);
    this.#rounding = joinedRounding([this.#rounding, rounding]);
    this.#addWeights(weight, at, user.length);
    if (time) this.#time?.set(time, at);
    else this.#time = undefined;
    this.#count += user.length;
  }

  /** Rows that were indexed by the same ids. */
  appendRows({ user, item, value, weight, time }: RatingColumns, rounding: Rounding, expected = 0): void {
    this.reserve(user.length, expected);
    const at = this.#count;
    this.#user.set(user, at);
    this.#item.set(item, at);
    this.#value.set(value, at);
    this.#rounding = joinedRounding([this.#rounding, rounding]);
    this.#addWeights(weight, at, user.length);
    if (time) this.#time?.set(time, at);
    else this.#time = undefined;
    this.#count += user.length;
  }

  /** The rows so far, as views: they hold what they are views of until the last of them is gone. */
  columns(): RatingColumns {
    const [from, to] = [0, this.#count];
    return {
      user: this.#user.subarray(from, to),
      item: this.#item.subarray(from, to),
      value: this.#value.subarray(from, to),
      weight: this.#weight?.subarray(from, to),
      time: this.#time?.subarray(from, to),
    };
  }

  /** @param weight of `count` rows from `at` on; left out, 1 each. */
  #addWeights(weight: ArrayLike<number> | undefined, at: number, count: number): void {
    if (weight) this.#withWeights().set(weight, at);
    else this.#weight?.fill(1, at, at + count);
  }

  #withWeights(): Float32Array {
    return (this.#weight ??= new Float32Array(this.#capacity).fill(1));
  }
}

function grown<T extends Uint32Array | Float32Array | Float64Array>(from: T, to: T, count: number): T {
  to.set(from.subarray(0, count));
  return to;
}

function translate(indices: Uint32Array, by: Uint32Array, into: Uint32Array, at: number): void {
  for (let row = 0; row < indices.length; row++) into[at + row] = by[indices[row]];
}

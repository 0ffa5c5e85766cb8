// (user, item) pairs rated more than once: found user by user, merged by the policy of the caller's choice.

import { OptionsError } from "../errors.js";
import { isAscending, rowStarts } from "./csr.js";
import { type RatingColumns, weightAt } from "./rating-columns.js";

/** The names of what may become of a pair rated twice. */
export const DUPLICATE_POLICIES = ["last", "first", "mean", "sum", "count", "error"] as const;
/**
 * What becomes of a (user, item) pair rated twice: the last or first rating counts, their mean, their sum,
 * or how many there are; or it is an error. Under "count" the value of every pair is its number of rows.
 */
export type DuplicatePolicy = (typeof DUPLICATE_POLICIES)[number];

/** What to do about a pair rated twice where that is an error. */
export const WHICH_COUNTS = 'duplicates: "last", "first", "mean", "sum" or "count" says which rating counts';

/**
 * One rating per pair, at the place of its first appearance. Time and weight are those of the rating that counts;
 * under "mean", "sum" and "count" the time is that of the last, and the weight the mean of all. The mean is weighted.
 * Rows of weight 0 are no ratings of a pair: they stay as they are.
 *
 * @param error makes what "error" throws, from the row number of the second rating.
 * @returns where there are such pairs, also which rows are kept, and the values and weights of all as they then are.
 */
export function mergeDuplicates(
  columns: RatingColumns,
  users: number,
  items: number,
  policy: DuplicatePolicy,
  error: (at: number) => Error,
): { columns: RatingColumns; duplicateRows: number; kept?: Uint8Array; values?: Float32Array; weights?: Float32Array | undefined } {
  if (!DUPLICATE_POLICIES.includes(policy))
    throw new OptionsError(`duplicates is "${policy}": it must be ${DUPLICATE_POLICIES.map((name) => `"${name}"`).join(", ")}`);
  if (policy === "count") columns = { ...columns, value: new Float32Array(columns.value.length).fill(1) };
  const order = rowsByUser(columns.user, users);
  const found = firstDuplicate(columns, items, order);
  if (found === undefined) return { columns, duplicateRows: 0 };
  if (policy === "error") throw error(found);
  return merged(columns, items, policy, order);
}

/** Row numbers grouped by user, each group in file order; undefined when the file has that order already. */
function rowsByUser(user: Uint32Array, users: number): Uint32Array | undefined {
  if (isAscending(user)) return undefined;
  const next = rowStarts(user, users);
  const rows = new Uint32Array(user.length);
  for (let at = 0; at < user.length; at++) rows[next[user[at]]++] = at;
  return rows;
}

/** The first row, in the order by user, whose item that user has rated before. */
function firstDuplicate({ user, item, weight }: RatingColumns, items: number, order: Uint32Array | undefined): number | undefined {
  // The last user who rated each item, plus 1.
  const ratedBy = new Uint32Array(items);
  for (let k = 0; k < user.length; k++) {
    const at = order ? order[k] : k;
    const mark = user[at] + 1;
    if (weight?.[at] === 0) continue;
    if (ratedBy[item[at]] === mark) return at;
    ratedBy[item[at]] = mark;
  }
  return undefined;
}

function merged(columns: RatingColumns, items: number, policy: DuplicatePolicy, order: Uint32Array | undefined) {
  const { user, item } = columns;
  const [value, weight, time] = [columns.value.slice(), columns.weight?.slice(), columns.time?.slice()];
  const ratedBy = new Uint32Array(items);
  // Of the last user's rating of each item: its first row, and what that user's ratings of it sum to.
  const first = new Uint32Array(items);
  const sum = new Float64Array(items);
  // The same weighted, and the sum of the weights.
  const [weighted, weights] = [new Float64Array(items), new Float64Array(items)];
  const times = new Uint32Array(items);
  const kept = new Uint8Array(user.length).fill(1);
  let duplicateRows = 0;
  for (let k = 0; k < user.length; k++) {
    const at = order ? order[k] : k;
    const n = item[at];
    const own = weightAt(columns, at);
    if (own === 0) continue;
    if (ratedBy[n] !== user[at] + 1) {
      ratedBy[n] = user[at] + 1;
      first[n] = at;
      sum[n] = columns.value[at];
      weighted[n] = own * columns.value[at];
      weights[n] = own;
      times[n] = 1;
      continue;
    }
    sum[n] += columns.value[at];
    weighted[n] += own * columns.value[at];
    weights[n] += own;
    times[n]++;
    if (policy === "last") value[first[n]] = columns.value[at];
    if (policy === "mean") value[first[n]] = weighted[n] / weights[n];
    if (policy === "sum" || policy === "count") value[first[n]] = sum[n];
    if (weight && policy !== "first") weight[first[n]] = policy === "last" ? own : weights[n] / times[n];
    if (time && columns.time && policy !== "first") time[first[n]] = columns.time[at];
    kept[at] = 0;
    duplicateRows++;
  }
  const take = <T extends Uint32Array | Float32Array | Float64Array>(values: T): T => markedOnly(values, kept, 1);
  return {
    columns: { user: take(user), item: take(item), value: take(value), weight: weight && take(weight), time: time && take(time) },
    duplicateRows,
    kept,
    values: value,
    weights: weight,
  };
}

/** The values that are marked so. (`filter` of typed arrays makes an object of every number on the way.) */
export function markedOnly<T extends Uint32Array | Float32Array | Float64Array>(values: T, marks: Uint8Array, by: 0 | 1): T {
  let count = 0;
  for (let at = 0; at < marks.length; at++) if (marks[at] === by) count++;
  const chosen = new (values.constructor as new (length: number) => T)(count);
  let to = 0;
  for (let at = 0; at < marks.length; at++) if (marks[at] === by) chosen[to++] = values[at];
  return chosen;
}

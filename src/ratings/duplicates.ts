// (user, item) pairs rated more than once: found user by user, merged by the policy of the caller's choice.

import { OptionsError } from "../errors.js";
import type { RatingColumns } from "./ratings.js";

/** What becomes of a (user, item) pair rated twice: the last or first rating counts, or their mean, or it is an error. */
export type DuplicatePolicy = "last" | "first" | "mean" | "error";

/**
 * One rating a pair, at the place of its first appearance. The time is that of the rating that counts; under "mean", of the last.
 *
 * @param error makes what "error" throws, from the row number of the second rating.
 */
export function mergeDuplicates(
  columns: RatingColumns,
  users: number,
  policy: DuplicatePolicy,
  error: (at: number) => Error,
): { columns: RatingColumns; duplicateRows: number } {
  if (!["last", "first", "mean", "error"].includes(policy))
    throw new OptionsError(`duplicates is "${policy}": it must be "last", "first", "mean" or "error"`);
  const { user, item, time } = columns;
  const L = user.length;
  // Rows grouped by user, each group in file order; then pairs are neighbours after a sort by item.
  const start = new Uint32Array(users + 1);
  for (const m of user) start[m + 1]++;
  for (let m = 0; m < users; m++) start[m + 1] += start[m];
  const rows = new Uint32Array(L);
  const next = start.slice(0, -1);
  for (let at = 0; at < L; at++) rows[next[user[at]]++] = at;

  const value = columns.value.slice();
  const merged = time && time.slice();
  const dropped = new Uint8Array(L);
  let duplicateRows = 0;
  for (let m = 0; m < users; m++) {
    const group = rows.subarray(start[m], start[m + 1]);
    group.sort((a, b) => item[a] - item[b] || a - b);
    for (let from = 0; from < group.length;) {
      let to = from + 1;
      while (to < group.length && item[group[to]] === item[group[from]]) to++;
      if (to - from > 1) {
        if (policy === "error") throw error(group[from + 1]);
        const first = group[from];
        const last = group[to - 1];
        if (policy === "mean") {
          let sum = 0;
          for (let at = from; at < to; at++) sum += columns.value[group[at]];
          value[first] = sum / (to - from);
        } else if (policy === "last") value[first] = columns.value[last];
        if (merged && time && policy !== "first") merged[first] = time[last];
        for (let at = from + 1; at < to; at++) dropped[group[at]] = 1;
        duplicateRows += to - from - 1;
      }
      from = to;
    }
  }
  if (duplicateRows === 0) return { columns, duplicateRows };
  const kept = (_: number, at: number): boolean => dropped[at] === 0;
  return {
    columns: { user: user.filter(kept), item: item.filter(kept), value: value.filter(kept), time: merged?.filter(kept) },
    duplicateRows,
  };
}

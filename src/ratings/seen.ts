// Which items each user has rated, in training or held out of it, for leaving them out of recommendations.

import { csrOf } from "./csr.js";
import type { Ratings } from "./ratings.js";

/** Items that each user has rated, as rows of ascending item indices. */
export interface SeenItems {
  /** [M + 1] */
  readonly start: Uint32Array;
  readonly items: Uint32Array;
}

/** The items that a user has rated, ascending. */
export const itemsSeen = ({ start, items }: SeenItems, user: number): Uint32Array => items.subarray(start[user], start[user + 1]);

export function seenItems(ratings: Ratings): SeenItems {
  const [users, items] = [csrOf(ratings, "users"), csrOf(ratings, "items")];
  const next = users.start.slice(0, -1);
  const seen = new Uint32Array(ratings.count);
  // Item after item, so that each user's come in ascending order without being sorted.
  for (let n = 0; n < items.count; n++) {
    for (let at = items.start[n]; at < items.start[n + 1]; at++) seen[next[items.index[at]]++] = n;
  }
  return { start: users.start, items: seen };
}

/** The same, of so many users: those who are not among the first have seen nothing. */
export function withUsers({ start, items }: SeenItems, users: number): SeenItems {
  const longer = new Uint32Array(users + 1).fill(items.length);
  longer.set(start);
  return { start: longer, items };
}

/** What the same users have seen in one set of ratings or in another, each item once. */
export function seenInEither(one: SeenItems, other: SeenItems): SeenItems {
  const M = one.start.length - 1;
  const start = new Uint32Array(M + 1);
  const items = new Uint32Array(one.items.length + other.items.length);
  for (let m = 0; m < M; m++) {
    const [a, b] = [itemsSeen(one, m), itemsSeen(other, m)];
    let end = start[m];
    if (b.length === 0) {
      items.set(a, end);
      start[m + 1] = end + a.length;
      continue;
    }
    for (let i = 0, j = 0; i < a.length || j < b.length;) {
      const next = Math.min(a[i] ?? Infinity, b[j] ?? Infinity);
      if (a[i] === next) i++;
      if (b[j] === next) j++;
      if (end === start[m] || items[end - 1] !== next) items[end++] = next;
    }
    start[m + 1] = end;
  }
  return { start, items: items.slice(0, start[M]) };
}

// Which items each user has rated, in training or held out of it, for leaving them out of recommendations.

import { firstWhere } from "../first-where.js";
import { csrOf } from "./csr.js";
import { type Ids, indicesIn } from "./ids.js";
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

/** What was trained on ratings of some users and items, and which these are where it holds that: a model. */
export interface TrainedBefore {
  readonly users: Ids;
  readonly items: Ids;
  readonly seen: SeenItems | undefined;
}

/** 1 for each rating of a user and an item that there was a training rating of, [count]; undefined where that is not held. */
export function trainedMarks({ users, items, seen }: TrainedBefore, ratings: Ratings): Uint8Array | undefined {
  if (!seen) return undefined;
  const [knownUsers, knownItems] = [indicesIn(users, ratings.users), indicesIn(items, ratings.items)];
  const marks = new Uint8Array(ratings.count);
  for (let at = 0; at < marks.length; at++) {
    const [user, item] = [knownUsers[ratings.user[at]], knownItems[ratings.item[at]]];
    if (user >= 0 && item >= 0 && holds(seen.items, seen.start[user], seen.start[user + 1], item)) marks[at] = 1;
  }
  return marks;
}

/** Whether a number is among ascending ones from one place to another. */
function holds(numbers: Uint32Array, from: number, to: number, wanted: number): boolean {
  const found = firstWhere(from, to, (at) => numbers[at] >= wanted);
  return found < to && numbers[found] === wanted;
}

/** What users have seen, of so many users: those who are not among the first have seen nothing. */
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

// Which items each user has rated, for leaving them out of recommendations.

import type { RatingColumns, Ratings } from "./ratings.js";

/** Items that each user has rated, as rows of ascending item indices. */
export interface SeenItems {
  /** [M + 1] */
  readonly start: Uint32Array;
  readonly items: Uint32Array;
}

/** Of the training ratings and, when given, the held-out ones, which share their users. */
export function seenItems(ratings: Ratings, heldOut?: RatingColumns): SeenItems {
  const sets = heldOut ? [ratings, heldOut] : [ratings];
  const start = new Uint32Array(ratings.users.size + 1);
  for (const { user } of sets) for (let at = 0; at < user.length; at++) start[user[at] + 1]++;
  for (let m = 0; m < ratings.users.size; m++) start[m + 1] += start[m];
  const next = start.slice(0, -1);
  const items = new Uint32Array(start[ratings.users.size]);
  for (const { user, item } of sets) for (let at = 0; at < user.length; at++) items[next[user[at]]++] = item[at];
  for (let m = 0; m < ratings.users.size; m++) items.subarray(start[m], start[m + 1]).sort();
  return { start, items };
}

// Which items each user has rated, for leaving them out of recommendations.

import { buildCsr } from "./csr.js";
import type { RatingColumns, Ratings } from "./ratings.js";

/** Items that each user has rated, as rows of ascending item indices. */
export interface SeenItems {
  /** [M + 1] */
  readonly start: Uint32Array;
  readonly items: Uint32Array;
}

/** Of the training ratings and, when given, the held-out ones, which share their users. */
export function seenItems(ratings: Ratings, heldOut?: RatingColumns): SeenItems {
  const [users, count] = [ratings.users.size, ratings.items.size];
  const sets = [ratings, ...(heldOut ? [heldOut] : [])];
  const start = new Uint32Array(users + 1);
  for (const { user } of sets) for (let at = 0; at < user.length; at++) start[user[at] + 1]++;
  for (let m = 0; m < users; m++) start[m + 1] += start[m];
  const next = start.slice(0, -1);
  const items = new Uint32Array(start[users]);
  // Item after item, so that each user's come in ascending order without being sorted.
  const byItem = sets.map((set) => buildCsr(set, "items", count));
  for (let n = 0; n < count; n++) {
    for (const { start: first, index: user } of byItem) {
      for (let at = first[n]; at < first[n + 1]; at++) items[next[user[at]]++] = n;
    }
  }
  return { start, items };
}

// Which items each user has rated in training, for leaving them out of recommendations.

import { csrOf } from "./csr.js";
import type { Ratings } from "./ratings.js";

/** Items that each user has rated, as rows of ascending item indices. */
export interface SeenItems {
  /** [M + 1] */
  readonly start: Uint32Array;
  readonly items: Uint32Array;
}

/**
 * Of the ratings that a model is trained on. Held-out ones are not seen:
 * a list that left them out could never be right.
 */
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

// Weights of ratings: how often each counts. docs/models.md, "Weights of ratings".

import { Ratings } from "./ratings.js";
import { wholeOf } from "./share.js";

const known = new WeakMap<Ratings, Ratings>();

/**
 * The ratings that count, with the same ids: those of weight 0 are left out, and where all others weigh 1 there are no
 * weights. The same object when asked again; the ratings themselves, where they have no weights.
 */
export function ratingsThatCount(ratings: Ratings): Ratings {
  // What ranks share has been through this as it was read.
  if (!ratings.weight || wholeOf(ratings)) return ratings;
  let counting = known.get(ratings);
  if (!counting) {
    known.set(ratings, (counting = withoutIdle(ratings, ratings.weight)));
    known.set(counting, counting);
  }
  return counting;
}

/** Σ of the weights: the number of ratings, where they have none. */
export const weightOfAll = (ratings: Ratings): number => ratings.statistics().weight ?? ratings.count;

function withoutIdle(ratings: Ratings, weight: Float32Array): Ratings {
  let [none, ones] = [0, 0];
  for (let at = 0; at < weight.length; at++) {
    if (weight[at] === 0) none++;
    else if (weight[at] === 1) ones++;
  }
  if (none > 0) {
    const rows = new Uint32Array(weight.length - none);
    for (let at = 0, to = 0; at < weight.length; at++) if (weight[at] > 0) rows[to++] = at;
    ratings = ratings.select(rows);
  }
  if (none + ones < weight.length) return ratings;
  const { user, item, value, time, users, items, catalogue } = ratings;
  return new Ratings({ user, item, value, time }, users, items, catalogue);
}

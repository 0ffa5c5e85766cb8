// Ratings in an order of their own: sorted by raw ids, they are the same whatever the order
// of the rows that they were read from.

import { compareIds, Ids } from "./ids.js";
import { checkArguments } from "../options.js";
import { Ratings, RATINGS_KIND } from "./ratings.js";

/**
 * The same ratings, user by user and item by item in the order of their raw ids, which are indexed in that order too.
 * Splits, starting factors and sums follow rows and indices, so that what is trained on sorted ratings does not depend
 * on the order of a file, to the last bit.
 */
export function sortedRatings(ratings: Ratings): Ratings {
  checkArguments("sortedRatings", { ratings: [ratings, RATINGS_KIND] });
  const users = sortedIds(ratings.users);
  const items = sortedIds(ratings.items);
  const rows = byKey(byKey(undefined, ratings.item, items.places), ratings.user, users.places);
  const sorted = ratings.select(rows);
  const { value, weight, time } = sorted;
  const user = sorted.user.map((m) => users.places[m]);
  const item = sorted.item.map((n) => items.places[n]);
  return new Ratings({ user, item, value, weight, time }, users.ids, items.ids, ratings.catalogue);
}

/** The ids in order, and the place there of every index. */
function sortedIds({ raw }: Ids): { ids: Ids; places: Uint32Array } {
  const order = Uint32Array.from(raw.keys()).sort((a, b) => compareIds(raw[a], raw[b]));
  const places = new Uint32Array(order.length);
  order.forEach((index, place) => (places[index] = place));
  return { ids: new Ids(Array.from(order, (index) => raw[index])), places };
}

/** Row numbers by the places of their keys, a counting sort that keeps equals in the order given. */
function byKey(rows: Uint32Array | undefined, key: Uint32Array, places: Uint32Array): Uint32Array {
  const next = new Uint32Array(places.length + 1);
  for (let at = 0; at < key.length; at++) next[places[key[at]] + 1]++;
  for (let place = 0; place < places.length; place++) next[place + 1] += next[place];
  const sorted = new Uint32Array(key.length);
  for (let at = 0; at < key.length; at++) {
    const row = rows ? rows[at] : at;
    sorted[next[places[key[row]]]++] = row;
  }
  return sorted;
}

// Held-out ratings that a model was trained on: what they measure is no prediction.

import type { FactorModel } from "../models/factor-model.js";
import type { Ratings } from "../ratings/ratings.js";
import { itemsSeen } from "../ratings/seen.js";
import { indicesIn } from "./accuracy.js";

/**
 * Held-out pairs of a user and an item that the model has a training rating of;
 * undefined when it does not hold which those are.
 */
export function trainedPairs(model: Pick<FactorModel, "seen" | "users" | "items">, heldOut: Ratings): number | undefined {
  const { seen } = model;
  if (!seen) return undefined;
  const users = indicesIn(model.users, heldOut.users);
  const items = indicesIn(model.items, heldOut.items);
  const known = new Map<number, Set<number>>();
  const rated = (user: number): Set<number> => {
    let set = known.get(user);
    if (!set) known.set(user, (set = new Set(itemsSeen(seen, user))));
    return set;
  };
  let count = 0;
  for (let at = 0; at < heldOut.count; at++) {
    const user = users[heldOut.user[at]];
    if (user >= 0 && rated(user).has(items[heldOut.item[at]])) count++;
  }
  return count;
}

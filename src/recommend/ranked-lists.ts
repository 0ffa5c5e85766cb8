// Ranked lists of many users, made on an engine in batches. An engine puts the lower index first among equals,
// so it is given the items in the order in which equals are to stand.

import { type Engine, NO_ITEM } from "../engine/engine.js";
import type { FactorModel } from "../models/factor-model.js";
import type { Parameters } from "../models/parameters.js";
import { itemsSeen, type SeenItems } from "../ratings/seen.js";
import { inverseOf } from "./score.js";

/** What is ranked: a model, or one in training. */
type Rankable = Pick<FactorModel, "parameters" | "itemPlaces" | "users" | "items">;

/** For whom, by the indices of the model, and how. */
interface ListsWanted {
  /** Default: all users. */
  readonly users?: ArrayLike<number> | undefined;
  /** Whether an item may be listed. Default: all. */
  readonly allowed?: ((item: number) => boolean) | undefined;
  /** Items that are left out, by user: a row of ascending indices for every user of the model. */
  readonly seen?: SeenItems | undefined;
  /** Items per list, and weight of their biases. */
  readonly k: number;
  readonly alpha: number;
}

/**
 * The k best items of each user, best first, of equals in the order of `itemPlaces`:
 * [users, k], by the model's indices, `NO_ITEM` where fewer are left.
 *
 * @throws DeviceError
 */
export async function rankedLists(
  engine: Pick<Engine, "topItems">,
  model: Rankable,
  { users, allowed, seen, k, alpha }: ListsWanted,
): Promise<Uint32Array> {
  const inOrder = inverseOf(model.itemPlaces);
  const kept = allowed ? inOrder.filter(allowed) : inOrder;
  const ranked = rowsOnly(model.parameters, users ?? Uint32Array.from(model.users.raw.keys()), kept);
  const lists = await engine.topItems(ranked, seenAmong(seen, users, kept, model), k, alpha);
  return lists.map((place) => (place === NO_ITEM ? NO_ITEM : kept[place]));
}

/** The parameters with only these users and items, in this order. */
function rowsOnly(parameters: Parameters, users: ArrayLike<number>, items: Uint32Array): Parameters {
  const { factors: K, userFactors, userBiases, itemFactors, itemBiases, globalMean } = parameters;
  const rows = (factors: Float32Array, indices: ArrayLike<number>): Float32Array => {
    const taken = new Float32Array(indices.length * K);
    for (let at = 0; at < indices.length; at++) taken.set(factors.subarray(indices[at] * K, (indices[at] + 1) * K), at * K);
    return taken;
  };
  return {
    factors: K,
    globalMean,
    userFactors: rows(userFactors, users),
    userBiases: Float32Array.from(users, (m) => userBiases[m]),
    itemFactors: rows(itemFactors, items),
    itemBiases: Float32Array.from(items, (n) => itemBiases[n]),
  };
}

/** The seen items of the users that are among those kept, by their places there, ascending. */
function seenAmong(
  seen: SeenItems | undefined,
  users: ArrayLike<number> | undefined,
  kept: Uint32Array,
  { users: { size: M }, items: { size: N } }: Rankable,
): SeenItems {
  const places = new Int32Array(N).fill(-1);
  kept.forEach((n, at) => (places[n] = at));
  const count = users?.length ?? M;
  const start = new Uint32Array(count + 1);
  if (!seen) return { start, items: new Uint32Array(0) };
  const row = (at: number): Uint32Array => itemsSeen(seen, users ? users[at] : at);
  for (let at = 0; at < count; at++) {
    let among = 0;
    for (const n of row(at)) if (places[n] >= 0) among++;
    start[at + 1] = start[at] + among;
  }
  const items = new Uint32Array(start[count]);
  for (let at = 0; at < count; at++) {
    let next = start[at];
    for (const n of row(at)) if (places[n] >= 0) items[next++] = places[n];
    items.subarray(start[at], start[at + 1]).sort();
  }
  return { start, items };
}

// Ranked lists for all users of a model, made on an engine in batches.

import { type Engine, NO_ITEM } from "../engine/engine.js";
import { OptionsError } from "../errors.js";
import type { FactorModel, RecommendOptions } from "../models/factor-model.js";
import type { Parameters } from "../models/parameters.js";
import type { RawId } from "../ratings/ids.js";
import type { SeenItems } from "../ratings/seen.js";

/** One place of one user's list. */
export interface RecommendedItem {
  readonly user: RawId;
  /** From 1. */
  readonly rank: number;
  readonly item: RawId;
  readonly title: string;
  /** u·v + αb. */
  readonly score: number;
}

/** How the lists are made, as in `recommend`. */
export type RecommendAllOptions = Pick<RecommendOptions, "n" | "alpha" | "filter" | "filterSeen">;

/** Users whose places are given out at a time. */
const USERS_AT_A_TIME = 16_384;

/**
 * The lists that `recommend` gives, for every user of the model in index order, each best first; a user who has fewer unseen items has
 * a shorter one. The engine ranks; a GPU rounds scores to float32, so that near-equals may change places.
 *
 * @throws OptionsError when seen items are to be left out and the model does not hold them, or the filter keeps nothing; DeviceError.
 */
export async function* recommendAll(
  engine: Engine,
  model: FactorModel,
  options: RecommendAllOptions = {},
): AsyncGenerator<RecommendedItem[]> {
  const { n = 10, alpha = 1, filter, filterSeen = true } = options;
  if (!Number.isInteger(n) || n < 1) throw new OptionsError(`n is ${n}: it must be a whole number, 1 or greater`);
  if (!Number.isFinite(alpha)) throw new OptionsError(`alpha is ${alpha}: it must be a number`);
  if (filterSeen && !model.seen) {
    throw new OptionsError("this model does not hold which items its users have rated", {
      remedy: "train with keepSeen, or set filterSeen to false",
    });
  }
  const { users, items, catalogue, parameters } = model;
  const M = users.size;
  const kept = Uint32Array.from(items.raw.keys()).filter((index) => !filter || filter(items.rawAt(index)));
  if (kept.length === 0) throw new OptionsError(`the filter keeps none of the ${items.size} items`);
  const ranked = filter ? itemsOnly(parameters, kept) : parameters;
  const seen = filterSeen ? seenAmong(model.seen!, kept, items.size) : { start: new Uint32Array(M + 1), items: new Uint32Array(0) };
  const k = Math.min(n, kept.length);
  const lists = await engine.topItems(ranked, seen, k, alpha);
  for (let first = 0; first < M; first += USERS_AT_A_TIME) {
    const rows: RecommendedItem[] = [];
    for (let m = first; m < Math.min(M, first + USERS_AT_A_TIME); m++) {
      for (let place = 0; place < k; place++) {
        const at = lists[m * k + place];
        if (at === NO_ITEM) break;
        const item = items.rawAt(kept[at]);
        rows.push({ user: users.rawAt(m), rank: place + 1, item, title: catalogue.title(item), score: scoreOf(ranked, m, at, alpha) });
      }
    }
    yield rows;
  }
}

/** The parameters with only these items, in this order. */
function itemsOnly(parameters: Parameters, kept: Uint32Array): Parameters {
  const { factors: K, itemFactors, itemBiases, ...rest } = parameters;
  const factors = new Float32Array(kept.length * K);
  kept.forEach((n, at) => factors.set(itemFactors.subarray(n * K, (n + 1) * K), at * K));
  return { ...rest, factors: K, itemFactors: factors, itemBiases: Float32Array.from(kept, (n) => itemBiases[n]) };
}

/** The seen items that are among those kept, by their places there. */
function seenAmong({ start, items }: SeenItems, kept: Uint32Array, N: number): SeenItems {
  const places = new Int32Array(N).fill(-1);
  kept.forEach((n, at) => (places[n] = at));
  const left = new Uint32Array(start.length);
  const among: number[] = [];
  for (let m = 0; m + 1 < start.length; m++) {
    for (let at = start[m]; at < start[m + 1]; at++) if (places[items[at]] >= 0) among.push(places[items[at]]);
    left[m + 1] = among.length;
  }
  return { start: left, items: Uint32Array.from(among) };
}

function scoreOf({ factors: K, userFactors, itemFactors, itemBiases }: Parameters, m: number, n: number, alpha: number): number {
  let score = alpha * itemBiases[n];
  for (let k = 0; k < K; k++) score += userFactors[m * K + k] * itemFactors[n * K + k];
  return score;
}

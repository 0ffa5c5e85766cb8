// Ranked lists for all users of a model or chosen ones, made on an engine in batches.

import { type Engine, NO_ITEM } from "../engine/engine.js";
import { ENGINE_KIND } from "../engine/engine-kind.js";
import { OptionsError } from "../errors.js";
import { howMany } from "../shown.js";
import { checkArguments, checkOptions, LIST, namesOf, NUMBER, SWITCH, wholeFrom } from "../options.js";
import { type FactorModel, FILTER, MODEL_KIND, type RecommendOptions, whereElse } from "../models/factor-model.js";
import type { Parameters } from "../models/parameters.js";
import { knownIndex, type RawId } from "../ratings/ids.js";
import { seenInEither } from "../ratings/seen.js";
import { rankedLists } from "./ranked-lists.js";

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
export interface RecommendAllOptions extends Pick<RecommendOptions, "n" | "alpha" | "filter" | "filterSeen"> {
  /** Raw ids of the users that lists are made for, in this order. Default: all, in index order. */
  readonly users?: Iterable<RawId> | undefined;
}

const RECOMMEND_ALL_NAMES = namesOf<RecommendAllOptions>({
  n: wholeFrom(1),
  alpha: NUMBER,
  filter: FILTER,
  filterSeen: SWITCH,
  users: LIST,
});

/** Users whose places are given out at a time. */
const USERS_AT_A_TIME = 16_384;

/**
 * The lists that `recommend` gives, for every user of the model in index order or for chosen ones, each best
 * first; a user who has fewer unseen items has a shorter one. The engine ranks; a GPU rounds scores to float32, so
 * that near-equals may change places.
 *
 * @throws UnknownIdError for a chosen user; OptionsError when seen items are to be left out and the model does not hold
 *   them, or the filter keeps nothing; DeviceError.
 */
export async function* recommendAll(
  engine: Engine,
  model: FactorModel,
  options: RecommendAllOptions = {},
): AsyncGenerator<RecommendedItem[]> {
  checkArguments("recommendAll", { engine: [engine, ENGINE_KIND], model: [model, MODEL_KIND] });
  checkOptions("recommendAll", options, RECOMMEND_ALL_NAMES, whereElse);
  const { n = 10, alpha = 1, filter, filterSeen = true } = options;
  if (filterSeen && !model.seen) {
    throw new OptionsError("this model does not hold which items its users have rated", {
      remedy: "train with keepSeen: true, or give filterSeen: false",
    });
  }
  const { users, items, catalogue, parameters, seen, heldOut } = model;
  const chosen = options.users && chosenUsers(model, options.users);
  const allowed = Uint8Array.from(items.raw, (id, n) => Number(model.listsAt(n) && (!filter || filter(id))));
  const count = allowed.reduce((sum, kept) => sum + kept, 0);
  if (count === 0) throw new OptionsError(`the filter keeps none of the ${howMany(items.size, "item")}`);
  const k = Math.min(n, count);
  const rated = filterSeen && seen && heldOut ? seenInEither(seen, heldOut) : seen;
  const lists = await rankedLists(engine, model, {
    users: chosen,
    allowed: (item) => allowed[item] === 1,
    seen: filterSeen ? rated : undefined,
    k,
    alpha,
  });
  const U = chosen?.length ?? users.size;
  for (let first = 0; first < U; first += USERS_AT_A_TIME) {
    const rows: RecommendedItem[] = [];
    for (let at = first; at < Math.min(U, first + USERS_AT_A_TIME); at++) {
      const m = chosen ? chosen[at] : at;
      for (let place = 0; place < k; place++) {
        const index = lists[at * k + place];
        if (index === NO_ITEM) break;
        const item = items.rawAt(index);
        const score = scoreOf(parameters, m, index, alpha);
        rows.push({ user: users.rawAt(m), rank: place + 1, item, title: catalogue.title(item), score });
      }
    }
    yield rows;
  }
}

/** Each once, in the order given. @throws UnknownIdError; OptionsError when there is none. */
function chosenUsers({ users }: FactorModel, ids: Iterable<RawId>): Uint32Array {
  const chosen = new Set<number>();
  for (const id of ids) chosen.add(knownIndex(users, id, "user"));
  if (chosen.size === 0) throw new OptionsError("no user is chosen", { remedy: "name users, or leave the choice out for all" });
  return Uint32Array.from(chosen);
}

function scoreOf({ factors: K, userFactors, itemFactors, itemBiases }: Parameters, m: number, n: number, alpha: number): number {
  let score = alpha * itemBiases[n];
  for (let k = 0; k < K; k++) score += userFactors[m * K + k] * itemFactors[n * K + k];
  return score;
}

// The best items of every user, float64: the plain loop that shaders/item-scores.wgsl and
// shaders/top-items.wgsl parallelise.

import { itemsSeen, type SeenItems } from "../../ratings/seen.js";
import { scoreItems, topScored } from "../../recommend/score.js";
import { NO_ITEM, type ScoredRows } from "../engine.js";

/** Lists [M, k] row-major, best first; `NO_ITEM` where fewer are left. */
export function topItems(rows: ScoredRows, seen: SeenItems, k: number, alpha: number): Uint32Array {
  const { factors: K, userFactors, userBiases } = rows;
  const lists = new Uint32Array(userBiases.length * k).fill(NO_ITEM);
  for (let user = 0; user < userBiases.length; user++) {
    const left = new Set(itemsSeen(seen, user));
    const scores = scoreItems(userFactors.subarray(user * K, (user + 1) * K), rows, alpha);
    const best = topScored(scores, k, (item) => !left.has(item));
    lists.set(best, user * k);
  }
  return lists;
}

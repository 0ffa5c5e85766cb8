// Scores of items and the best of them. docs/models.md, "Scores, fold-in, polarizing and similar items".

import type { ScoredRows } from "../engine/engine.js";
import { compareIds, type Ids } from "../ratings/ids.js";

/**
 * Ranking scores of all N items for a user's factors: u·v_n + α b_n, without the user's bias, which changes no order.
 *
 * @param alpha weight of the item biases; below 1 it plays popularity down.
 */
export function scoreItems(userFactors: ArrayLike<number>, rows: ScoredRows, alpha: number): Float64Array {
  const { factors: K, itemFactors, itemBiases } = rows;
  const scores = new Float64Array(itemBiases.length);
  let item = 0;
  // Four items at a time, since each sum waits for its last addition.
  for (; item + 4 <= scores.length; item += 4) {
    const [first, second, third, fourth] = [item * K, (item + 1) * K, (item + 2) * K, (item + 3) * K];
    let a = alpha * itemBiases[item];
    let b = alpha * itemBiases[item + 1];
    let c = alpha * itemBiases[item + 2];
    let d = alpha * itemBiases[item + 3];
    for (let k = 0; k < K; k++) {
      const u = userFactors[k];
      a += u * itemFactors[first + k];
      b += u * itemFactors[second + k];
      c += u * itemFactors[third + k];
      d += u * itemFactors[fourth + k];
    }
    scores[item] = a;
    scores[item + 1] = b;
    scores[item + 2] = c;
    scores[item + 3] = d;
  }
  for (; item < scores.length; item++) {
    let sum = alpha * itemBiases[item];
    for (let k = 0; k < K; k++) sum += userFactors[k] * itemFactors[item * K + k];
    scores[item] = sum;
  }
  return scores;
}

/** Lengths of rows, which do not change. */
const lengths = new WeakMap<ScoredRows["itemFactors"], Float64Array>();

function lengthsOf({ factors: K, itemFactors }: ScoredRows): Float64Array {
  let known = lengths.get(itemFactors);
  if (!known) {
    known = new Float64Array(itemFactors.length / K);
    for (let at = 0; at < itemFactors.length; at++) known[Math.floor(at / K)] += itemFactors[at] ** 2;
    lengths.set(itemFactors, (known = known.map(Math.sqrt)));
  }
  return known;
}

/** Cosines of all items' factors with one item's; items with zero factors get 0. */
export function cosines(item: number, rows: ScoredRows): Float64Array {
  const { factors: K, itemFactors } = rows;
  const scores = scoreItems(Float64Array.from(itemFactors.subarray(item * K, (item + 1) * K)), rows, 0);
  const length = lengthsOf(rows);
  for (let other = 0; other < scores.length; other++) {
    const product = length[other] * length[item];
    scores[other] = product > 0 ? scores[other] / product : 0;
  }
  return scores;
}

/**
 * Places among equals: those of more ratings first, then those of the lower raw id.
 * Neither depends on the order of the data's rows.
 */
export function placesAmongEquals({ raw }: Ids, counts: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from(raw.keys()).sort((a, b) => counts[b] - counts[a] || compareIds(raw[a], raw[b]));
  return inverseOf(order);
}

/** Of places the indices in order, and the other way round. */
export function inverseOf(order: Uint32Array): Uint32Array {
  const places = new Uint32Array(order.length);
  order.forEach((index, place) => (places[index] = place));
  return places;
}

/**
 * The `count` best-scored indices that are allowed, best first.
 *
 * @param places order of equals, the lowest first. Default: the indices.
 */
export function topScored(
  scores: ArrayLike<number>,
  count: number,
  allowed: (index: number) => boolean,
  places?: ArrayLike<number>,
): number[] {
  const before = (a: number, b: number): boolean => (places ? places[a] < places[b] : a < b);
  const better = (a: number, b: number): boolean => scores[a] > scores[b] || (scores[a] === scores[b] && before(a, b));
  // A heap with the worst of the best on top.
  const heap: number[] = [];
  const sift = (from: number): void => {
    for (let at = from; ;) {
      let worst = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && better(heap[worst], heap[child])) worst = child;
      if (worst === at) return;
      [heap[at], heap[worst]] = [heap[worst], heap[at]];
      at = worst;
    }
  };
  let least = -Infinity;
  for (let index = 0; index < scores.length; index++) {
    if (scores[index] < least) continue;
    if (heap.length === count && (count === 0 || !better(index, heap[0]))) continue;
    if (!allowed(index)) continue;
    if (heap.length === count) {
      heap[0] = index;
      sift(0);
      least = scores[heap[0]];
      continue;
    }
    heap.push(index);
    for (let at = heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!better(heap[parent], heap[at])) break;
      [heap[parent], heap[at]] = [heap[at], heap[parent]];
      at = parent;
    }
  }
  return heap.sort((a, b) => (better(a, b) ? -1 : 1));
}

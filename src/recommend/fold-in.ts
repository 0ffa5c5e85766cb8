// Fold-in: the factors and bias of a new user or item from a few ratings, the other side fixed. Spec §7.

import { gramSolve } from "../engine/reference/gram-solve.js";
import type { AlsHyperparameters } from "../models/als.js";
import type { Parameters } from "../models/parameters.js";

/** Ratings of one new user (of `index` items) or of one new item (by `index` users). */
export interface FewRatings {
  readonly index: Uint32Array;
  readonly value: Float32Array;
}

/**
 * The joint solve of one new row, float64; no ratings give zeros.
 *
 * @param side "users" folds in a user against the items' parameters, "items" the other way round.
 * @throws NotPositiveDefiniteError when τ or γ is 0 and the ratings are too few.
 */
export function foldIn(
  rated: FewRatings,
  side: "users" | "items",
  parameters: Parameters,
  h: AlsHyperparameters,
): { factors: Float64Array; bias: number } {
  const [factors, biases] =
    side === "users" ? [parameters.itemFactors, parameters.itemBiases] : [parameters.userFactors, parameters.userBiases];
  const K = parameters.factors;
  // Only the rated rows of the fixed side are needed.
  const fixed = { factors: new Float64Array(rated.index.length * K), biases: new Float64Array(rated.index.length) };
  rated.index.forEach((row, at) => {
    fixed.factors.set(factors.subarray(row * K, row * K + K), at * K);
    fixed.biases[at] = biases[row];
  });
  const rows = { count: 1, start: Uint32Array.of(0, rated.index.length), index: rated.index.map((_, at) => at), value: rated.value };
  const solved = { factors: new Float64Array(K), biases: new Float64Array(1) };
  gramSolve({ ...h, update: "joint" }, side, rows, parameters.globalMean, solved, fixed);
  return { factors: solved.factors, bias: solved.biases[0] };
}

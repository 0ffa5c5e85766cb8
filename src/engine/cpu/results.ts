// Puts sums together that threads took in blocks: in the order of the blocks, whoever took them.

import type { ExpectedErrors, Moments, Norms, PosteriorSums } from "../engine.js";

/**
 * The sums of blocks, [blocks, width], in the order of the blocks.
 *
 * @param given by each thread: block after block, each its number and its sums.
 */
export function blocksInOrder(given: readonly unknown[], width: number): Float64Array {
  const lists = given as Float64Array[];
  const all = new Float64Array(lists.reduce((sum, { length }) => sum + (length / (width + 1)) * width, 0));
  for (const values of lists)
    for (let at = 0; at < values.length; at += width + 1) all.set(values.subarray(at + 1, at + 1 + width), values[at] * width);
  return all;
}

/** Adds up blocks of `width` sums, one after the other. */
export function addBlocks(blocks: Float64Array, width: number): Float64Array {
  const total = new Float64Array(width);
  for (let at = 0; at < blocks.length; at += width) for (let k = 0; k < width; k++) total[k] += blocks[at + k];
  return total;
}

export const normsOf = ([factors, biases]: Float64Array): Norms => ({ factors, biases });

export const expectedErrorsOf = ([squares, variances, logDensity]: Float64Array): ExpectedErrors => ({ squares, variances, logDensity });

export const momentsOf = (sums: Float64Array, count: number, D: number): Moments => ({
  count,
  sums: sums.slice(0, D),
  gram: sums.slice(D),
});

export const posteriorSumsOf = (sums: Float64Array, count: number, D: number): PosteriorSums => ({
  count,
  secondMoments: [...sums.subarray(0, D)],
  logDeterminants: sums[D],
});

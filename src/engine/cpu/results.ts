// Puts sums together that threads took in blocks: in the order of the blocks, whoever took them.

import type { ExpectedErrors, Moments, Norms, PosteriorSums } from "../engine.js";

/**
 * Adds up blocks of `width` sums.
 *
 * @param given by each thread: block after block, each its number and its sums.
 */
export function addBlocks(given: readonly unknown[], width: number): Float64Array {
  const blocks: { readonly block: number; readonly sums: Float64Array }[] = [];
  for (const values of given as Float64Array[]) {
    for (let at = 0; at < values.length; at += width + 1) blocks.push({ block: values[at], sums: values.subarray(at + 1, at + 1 + width) });
  }
  blocks.sort((a, b) => a.block - b.block);
  const total = new Float64Array(width);
  for (const { sums } of blocks) for (let k = 0; k < width; k++) total[k] += sums[k];
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

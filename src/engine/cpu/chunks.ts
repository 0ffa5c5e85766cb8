// Cuts the rows of a side into chunks that threads take one after the other, the dearest first.

import type { RowSlice } from "../engine.js";

const MOST_CHUNKS = 2048;
const LEAST_CHUNKS = 64;
/** Multiply-adds that a chunk should have at least, so that taking one costs nothing beside it. */
const LEAST_WORK = 1 << 18;
const MOST_ROWS = 1024;

/**
 * @param steps of conjugate gradients; left out, systems are factored.
 * @returns first and last + 1 of each chunk, one after the other.
 */
export function chunksOf(start: Uint32Array, K: number, { from, to }: RowSlice, carriesFull: boolean, steps?: number): Uint32Array {
  const D = K + 2;
  const perRating = steps === undefined ? (D * D) / (carriesFull ? 1 : 2) + 8 * D : 2 * (steps + 1) * D;
  const perRow = steps === undefined ? (D * D * D) / (carriesFull ? 2 : 6) + 500 : (steps + 1) * D * D + 500;
  const workOf = (row: number): number => (start[row + 1] - start[row]) * perRating + perRow;
  let total = 0;
  for (let row = from; row < to; row++) total += workOf(row);
  const most = Math.max(LEAST_WORK, total / MOST_CHUNKS, Math.min(total / LEAST_CHUNKS, 64 * LEAST_WORK));
  const chunks: { from: number; to: number; work: number }[] = [];
  for (let row = from; row < to;) {
    const first = row;
    let work = 0;
    do work += workOf(row++);
    while (row < to && row - first < MOST_ROWS && work + workOf(row) <= most);
    chunks.push({ from: first, to: row, work });
  }
  chunks.sort((a, b) => b.work - a.work);
  return Uint32Array.from(chunks.flatMap((chunk) => [chunk.from, chunk.to]));
}

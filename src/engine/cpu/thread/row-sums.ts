// Sums over rows: threads take blocks of rows; within a block rows are added one after the other.

import type { RowSum, SharedJob } from "../jobs.js";
import { SUM_ROWS } from "../memory-plan.js";
import { SPREADS } from "./kernels.js";
import type { ThreadSession } from "./thread-session.js";

/** Blocks grow with the number of rows, so that what they give does not: never with the number of threads. */
const MOST_BLOCKS = 64;

/** @returns block after block, each its number and its sums. */
export function* sumRows(session: ThreadSession, { sum }: SharedJob & { do: "sumRows" }): Generator<void, Float64Array> {
  const { memory, tickets, K } = session;
  const count = memory.count(`${sum.side} rows`);
  const perBlock = SUM_ROWS * Math.max(1, Math.ceil(count / (SUM_ROWS * MOST_BLOCKS)));
  const D = K + 1;
  const width = { squaredNorms: 2, posteriorSums: D + 1, moments: D + D * D }[sum.of];
  const take = kernelOf(session, sum);
  const results: Float64Array[] = [];
  for (let block = tickets.take(); block * perBlock < count; block = tickets.take()) {
    const sums = memory.slotDoubles("sums", Math.max(2, width)).fill(0);
    const end = Math.min(count, (block + 1) * perBlock);
    for (let row = block * perBlock; row < end; row += memory.pieceRows) {
      take(row, Math.min(memory.pieceRows, end - row));
      yield;
    }
    results.push(Float64Array.of(block), sums.slice(0, width));
  }
  const all = new Float64Array(results.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const values of results) {
    all.set(values, at);
    at += values.length;
  }
  return all;
}

function kernelOf({ memory, kernels, outline }: ThreadSession, sum: RowSum): (row: number, rows: number) => void {
  const { side } = sum;
  const sums = memory.slot("sums");
  const pin = (role: string, row: number, rows: number): number =>
    memory.has(`${side} ${role}`) ? memory.pin(`${side} ${role}`, row, rows, `own ${role}`) : 0;
  switch (sum.of) {
    case "squaredNorms":
      return (row, rows) => {
        const weights = sum.weighted ? pin("weights", row, rows) : 0;
        kernels.squaredNorms(pin("rows", row, rows), weights, rows, sums);
      };
    case "moments":
      return (row, rows) => kernels.moments(pin("rows", row, rows), rows, memory.slot("matrix"), sums);
    case "posteriorSums":
      return (row, rows) =>
        kernels.posteriorSums(
          pin("rows", row, rows),
          pin("spreads", row, rows),
          pin("logDeterminants", row, rows),
          rows,
          SPREADS[outline.spread],
          sums,
        );
  }
}

// What moves all rows of a side, number by number.

import type { RowSlice } from "../../engine.js";
import type { SharedJob } from "../jobs.js";
import type { ThreadSession } from "./thread-session.js";

/** Heavy ball: what a sweep has moved is moved on. */
export function* extrapolate(session: ThreadSession, { side, momentum }: SharedJob & { do: "extrapolate" }): Generator<void, void> {
  const { memory, kernels } = session;
  const blocks = memory.stride(`${side} rows`) / 4;
  yield* eachPiece(session, `${side} rows`, (row, rows) => {
    const own = memory.pin(`${side} rows`, row, rows, "own rows");
    const before = memory.pin(`${side} before`, row, rows, "own before");
    kernels.heavyBall(own, before, rows * blocks, momentum);
    memory.putBack(`${side} rows`, row, rows, "own rows");
    memory.putBack(`${side} before`, row, rows, "own before");
  });
}

/** Has threads take pieces of an array's rows, or of a slice of them. */
export function* eachPiece(
  { memory, tickets }: ThreadSession,
  field: string,
  take: (row: number, rows: number) => void,
  { from, to }: RowSlice = { from: 0, to: memory.count(field) },
): Generator<void, void> {
  for (let piece = tickets.take(); from + piece * memory.pieceRows < to; piece = tickets.take()) {
    const row = from + piece * memory.pieceRows;
    take(row, Math.min(memory.pieceRows, to - row));
    yield;
  }
}

// What moves all rows of a side, number by number.

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

/** Has threads take pieces of an array's rows. */
export function* eachPiece(
  { memory, tickets }: ThreadSession,
  field: string,
  take: (row: number, rows: number) => void,
): Generator<void, void> {
  const count = memory.count(field);
  for (let piece = tickets.take(); piece * memory.pieceRows < count; piece = tickets.take()) {
    const row = piece * memory.pieceRows;
    take(row, Math.min(memory.pieceRows, count - row));
    yield;
  }
}

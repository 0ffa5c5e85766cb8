// Batch steps: new velocities of a side's rows, taken in chunks as half-sweeps are, and the steps along them.

import type { SharedJob } from "../jobs.js";
import { FixedRows, OwnRows } from "./half-sweep.js";
import { eachPiece } from "./moves.js";
import type { ThreadSession } from "./thread-session.js";

export function* slopes(session: ThreadSession, job: SharedJob & { do: "slopes" }): Generator<void, void> {
  const { memory, kernels, outline, tickets } = session;
  const { side, chunks, lambda, precisions, biases, step, momentum } = job;
  session.setPrecisions(precisions);
  kernels.setSlopes(memory.slot("sums"), memory.slot("weighed"), memory.slot("vectors"), lambda, step, momentum, biases);
  kernels.setRated(0, 0, 0, 0, outline.globalMean);
  const [fixed, own] = [new FixedRows(session, side), new OwnRows(session, side)];
  const start = memory.words(`${side} start`);
  for (let chunk = tickets.take(); 2 * chunk < chunks.length; chunk = tickets.take()) {
    const to = chunks[2 * chunk + 1];
    for (let row = chunks[2 * chunk]; row < to; row++) {
      own.pin(row, 1);
      kernels.beginSlopes();
      yield* fixed.eachPart(start[row], start[row + 1], (index, value, count) => kernels.addSlopes(0, index, value, count));
      kernels.finishSlopes(0);
      own.putBack(row, 1);
    }
    yield;
  }
}

export function* takeStep(session: ThreadSession, { side, rows: moved }: SharedJob & { do: "takeStep" }): Generator<void, void> {
  const { memory, kernels } = session;
  const blocks = memory.stride(`${side} rows`) / 4;
  const take = (row: number, rows: number): void => {
    const own = memory.pin(`${side} rows`, row, rows, "own rows");
    kernels.takeStep(own, memory.pin(`${side} velocity`, row, rows, "own velocity"), rows * blocks);
    memory.putBack(`${side} rows`, row, rows, "own rows");
  };
  yield* eachPiece(session, `${side} rows`, take, moved);
}

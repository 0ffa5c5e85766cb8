// Half-sweeps: threads take chunks of rows, the dearest first, and solve each where it lies or piece by piece.

import type { Side } from "../../engine.js";
import type { SharedJob, SystemNumbers } from "../jobs.js";
import { FixedRows, OwnRows } from "./half-sweep.js";
import { SPREADS } from "./kernels.js";
import type { ThreadSession } from "./thread-session.js";

/** @returns the lowest row whose system was singular; −1 when there is none. */
export function* solve(session: ThreadSession, { side, system, chunks }: SharedJob & { do: "solve" }): Generator<void, number> {
  takeSystem(session, system);
  const [fixed, own] = [new FixedRows(session, side), new OwnRows(session, side)];
  let failed = -1;
  for (let chunk = session.tickets.take(); 2 * chunk < chunks.length; chunk = session.tickets.take()) {
    const [from, to] = [chunks[2 * chunk], chunks[2 * chunk + 1]];
    if (system.steps !== undefined) {
      yield* descendChunk(session, side, fixed, own, from, to);
      continue;
    }
    const row = yield* solveChunk(session, side, fixed, own, from, to);
    if (row >= 0 && (failed < 0 || row < failed)) failed = row;
    yield;
  }
  return failed;
}

function takeSystem(session: ThreadSession, system: SystemNumbers): void {
  const { memory, kernels, outline, K } = session;
  const { kind, lambda, confidence, weighted, biases, noise, precisions, prior } = system;
  const spread = SPREADS[outline.spread];
  kernels.setSystem(
    kind,
    lambda,
    outline.globalMean,
    confidence,
    weighted,
    biases,
    noise !== undefined,
    noise?.seed ?? 0,
    noise?.draw ?? 0,
    spread,
  );
  if (system.steps !== undefined) kernels.setDescent(kind, lambda, outline.globalMean, confidence, weighted, biases, system.steps);
  if (precisions) session.setPrecisions(precisions);
  if (!prior) return;
  const at = memory.slot("prior");
  memory.slotFloats("prior", prior.packed.length).set(prior.packed);
  if (system.steps !== undefined) {
    kernels.setSharedMatrix(at);
    return;
  }
  new Float32Array(memory.memory.buffer, at + prior.packed.byteLength, K + 1).set(prior.rhs);
  kernels.setPriorMatrix(at, at + prior.packed.byteLength);
}

/** Conjugate gradients: a row of more ratings than are taken at a time goes through them once a pass. */
function* descendChunk(
  { memory, kernels }: ThreadSession,
  side: Side,
  fixed: FixedRows,
  own: OwnRows,
  from: number,
  to: number,
): Generator<void, void> {
  const start = memory.words(`${side} start`);
  for (let row = from; row < to;) {
    let end = row;
    while (end < to && end - row < own.most && start[end + 1] - start[row] <= fixed.most) end++;
    const rows = Math.max(1, end - row);
    own.pin(row, rows);
    if (end > row) {
      const { index, value } = fixed.take(start[row], start[end] - start[row]);
      kernels.descendRows(rows, memory.pin(`${side} start`, row, rows + 1, "start"), index, value);
    } else {
      kernels.beginDescent(start[row + 1] - start[row]);
      do {
        kernels.beginPass();
        for (let at = start[row]; at < start[row + 1]; at += fixed.most) {
          const count = Math.min(fixed.most, start[row + 1] - at);
          const { index, value } = fixed.take(at, count);
          kernels.addPart(index, value, count);
          yield;
        }
      } while (kernels.finishPass());
    }
    own.putBack(row, rows);
    row += rows;
  }
}

function* solveChunk(
  { memory, kernels }: ThreadSession,
  side: Side,
  fixed: FixedRows,
  own: OwnRows,
  from: number,
  to: number,
): Generator<void, number> {
  const start = memory.words(`${side} start`);
  let failed = -1;
  for (let row = from; row < to;) {
    let end = row;
    while (end < to && end - row < own.most && start[end + 1] - start[row] <= fixed.most) end++;
    const rows = Math.max(1, end - row);
    own.pin(row, rows);
    if (end > row) {
      const { index, value } = fixed.take(start[row], start[end] - start[row]);
      const bad = kernels.solveRows(row, rows, memory.pin(`${side} start`, row, rows + 1, "start"), index, value);
      if (bad >= 0 && failed < 0) failed = row + bad;
    } else {
      // A row with more ratings than are taken at a time.
      kernels.beginRow();
      for (let at = start[row]; at < start[row + 1]; at += fixed.most) {
        const count = Math.min(fixed.most, start[row + 1] - at);
        const { index, value } = fixed.take(at, count);
        kernels.addRatings(index, value, count);
        yield;
      }
      if (!kernels.finishRow(row, 0, start[row + 1] - start[row]) && failed < 0) failed = row;
    }
    own.putBack(row, rows);
    row += rows;
  }
  return failed;
}

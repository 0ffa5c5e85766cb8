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
  const solver = system.steps === undefined ? factorization(session) : descent(session);
  let failed = -1;
  for (let chunk = session.tickets.take(); 2 * chunk < chunks.length; chunk = session.tickets.take()) {
    const row = yield* solveChunk(session, side, fixed, own, solver, chunks[2 * chunk], chunks[2 * chunk + 1]);
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

/** How rows are solved that lie where kernels reach them. */
interface RowSolver {
  /**
   * Several rows, by where their starts, indices and values are.
   *
   * @returns the first that was singular among them; −1 for none.
   */
  many(row: number, rows: number, start: number, index: number, value: number): number;
  /** A row with more ratings than are taken at a time. @returns whether it could be solved. */
  one(row: number, ratings: RatingsOfRow): Generator<void, boolean>;
}

/** The ratings of one row. */
interface RatingsOfRow {
  readonly count: number;
  /** Their weights together. */
  readonly weight: number;
  /** Goes through them once, as many at a time as are to be had. */
  eachPart(add: (index: number, value: number, count: number) => void): Generator<void, void>;
}

const factorization = ({ kernels }: ThreadSession): RowSolver => ({
  many: (row, rows, start, index, value) => kernels.solveRows(row, rows, start, index, value),
  *one(row, ratings) {
    kernels.beginRow();
    yield* ratings.eachPart((index, value, count) => kernels.addRatings(index, value, count));
    return kernels.finishRow(row, 0, ratings.count) !== 0;
  },
});

/** Conjugate gradients go through a row's ratings once a pass; no system is singular for them. */
const descent = ({ kernels }: ThreadSession): RowSolver => ({
  many: (_, rows, start, index, value) => {
    kernels.descendRows(rows, start, index, value);
    return -1;
  },
  *one(_, ratings) {
    kernels.beginDescent(ratings.count, ratings.weight);
    do {
      kernels.beginPass();
      yield* ratings.eachPart((index, value, count) => kernels.addPart(index, value, count));
    } while (kernels.finishPass());
    return true;
  },
});

function* solveChunk(
  { memory }: ThreadSession,
  side: Side,
  fixed: FixedRows,
  own: OwnRows,
  solver: RowSolver,
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
      const bad = solver.many(row, rows, memory.pin(`${side} start`, row, rows + 1, "start"), index, value);
      if (bad >= 0 && failed < 0) failed = row + bad;
    } else {
      const [first, last] = [start[row], start[row + 1]];
      const count = last - first;
      const weight = memory.has(`${side} weights`) ? memory.elements(`${side} weights`)[row] : count;
      const isSolved = yield* solver.one(row, { count, weight, eachPart: (add) => fixed.eachPart(first, last, add) });
      if (!isSolved && failed < 0) failed = row;
    }
    own.putBack(row, rows);
    row += rows;
  }
  return failed;
}

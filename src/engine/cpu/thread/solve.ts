// Half-sweeps: threads take chunks of rows, the dearest first, and solve each where it lies or piece by piece.

import { otherSide, type Side } from "../../engine.js";
import type { SharedJob, SystemNumbers } from "../jobs.js";
import { SPREADS } from "./kernels.js";
import { gathers } from "./rated-rows.js";
import type { ThreadSession } from "./thread-session.js";

/** Ratings of a row that are taken without a pause: some milliseconds' work. */
const MOST_AT_ONCE = 1 << 15;

/** @returns the lowest row whose system was singular; −1 when there is none. */
export function* solve(session: ThreadSession, { side, system, chunks }: SharedJob & { do: "solve" }): Generator<void, number> {
  takeSystem(session, system);
  const [fixed, own] = [new FixedRows(session, side), new OwnRows(session, side)];
  let failed = -1;
  for (let chunk = session.tickets.take(); 2 * chunk < chunks.length; chunk = session.tickets.take()) {
    const row = yield* solveChunk(session, side, fixed, own, chunks[2 * chunk], chunks[2 * chunk + 1]);
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
  if (precisions) session.setPrecisions(precisions);
  if (!prior) return;
  const at = memory.slot("prior");
  memory.slotFloats("prior", prior.packed.length).set(prior.packed);
  new Float32Array(memory.memory.buffer, at + prior.packed.byteLength, K + 1).set(prior.rhs);
  kernels.setPriorMatrix(at, at + prior.packed.byteLength);
}

/** The other side's rows of some ratings, for kernels. */
export class FixedRows {
  readonly #session: ThreadSession;
  readonly #side: Side;
  readonly #gathers: boolean;
  readonly #local: number;

  /** @param side of the ratings' order; the other one is fixed. */
  constructor(session: ThreadSession, side: Side) {
    const { memory, kernels } = session;
    this.#session = session;
    this.#side = side;
    this.#gathers = gathers(session, otherSide(side));
    this.#local = memory.slot("user");
    if (this.#gathers) memory.slotWords("user", memory.pieceRatings).forEach((_, at, places) => (places[at] = at));
    else kernels.setFixed(this.#addressOf("rows"), this.#addressOf("spreads"));
  }

  /** Most ratings at a time. */
  get most(): number {
    const { memory } = this.#session;
    const here = !this.#gathers && memory.resident(`${this.#side} index`) && memory.resident(`${this.#side} value`);
    return here ? MOST_AT_ONCE : Math.min(MOST_AT_ONCE, memory.pieceRatings);
  }

  /** @returns where the rows' numbers and the values of `count` ratings from the first one are. */
  take(first: number, count: number): { readonly index: number; readonly value: number } {
    const { memory, kernels } = this.#session;
    const value = memory.pin(`${this.#side} value`, first, count, "value");
    if (!this.#gathers) return { index: memory.pin(`${this.#side} index`, first, count, "index"), value };
    const rows = memory.words(`${this.#side} index`).subarray(first, first + count);
    const gather = (role: string): number => {
      const name = `${otherSide(this.#side)} ${role}`;
      return memory.has(name) ? memory.gather(name, rows, `gathered users ${role}`) : 0;
    };
    kernels.setFixed(gather("rows"), gather("spreads"));
    return { index: this.#local, value };
  }

  #addressOf(role: string): number {
    const { memory } = this.#session;
    const name = `${otherSide(this.#side)} ${role}`;
    return memory.has(name) ? memory.pin(name, 0, 0, "") : 0;
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

/** The rows that are solved, and what they carry. */
class OwnRows {
  readonly most: number;
  readonly #session: ThreadSession;
  readonly #names: readonly (readonly [name: string, slot: string] | undefined)[];

  constructor(session: ThreadSession, side: Side) {
    const { memory } = session;
    this.#session = session;
    this.#names = ["rows", "means", "spreads", "logDeterminants"].map((role) =>
      memory.has(`${side} ${role}`) ? ([`${side} ${role}`, `own ${role}`] as const) : undefined,
    );
    const here = memory.resident(`${side} start`) && this.#names.every((known) => !known || memory.resident(known[0]));
    this.most = here ? Infinity : memory.pieceRows;
  }

  pin(row: number, rows: number): void {
    const { memory, kernels } = this.#session;
    const [own, means, spreads, logs] = this.#names.map((known) => (known ? memory.pin(known[0], row, rows, known[1]) : 0));
    kernels.setOwn(own, means, spreads, logs);
  }

  putBack(row: number, rows: number): void {
    for (const known of this.#names) if (known) this.#session.memory.putBack(known[0], row, rows, known[1]);
  }
}

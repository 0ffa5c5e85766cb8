// Rows in and out: what comes as factors [count, K], biases and covariances is stored in padded rows.

import type { RowChoice, Side } from "../../engine.js";
import { spreadLength } from "../fields.js";
import type { GivenRows, SoleJob } from "../jobs.js";
import { SPREADS } from "./kernels.js";
import type { ThreadSession } from "./thread-session.js";

/** Rows between two pauses whose covariances are factored. */
const MOST_AT_ONCE = 64;

/** Copies rows of one stride into rows of another. */
function copyRows(from: Float32Array, fromStride: number, to: Float32Array, toStride: number, count: number, length: number): void {
  for (let row = 0; row < count; row++) {
    const [source, target] = [row * fromStride, row * toStride];
    for (let k = 0; k < length; k++) to[target + k] = from[source + k];
  }
}

export function* writeRows(session: ThreadSession, { side, from, rows }: SoleJob & { do: "writeRows" }): Generator<void, void> {
  const { memory, kernels, outline, K } = session;
  const { factors, biases, covariances } = rows;
  const count = biases.length;
  const S = memory.stride(`${side} rows`);
  const stored = memory.floats(`${side} rows`).subarray(from * S, (from + count) * S);
  copyRows(factors, K, stored, S, count, K);
  copyRows(biases, 1, stored.subarray(K), S, count, 1);
  if (!covariances || !memory.has(`${side} spreads`)) return;
  const [T, length] = [memory.stride(`${side} spreads`), spreadLength(K, outline.spread)];
  copyRows(covariances, length, memory.floats(`${side} spreads`).subarray(from * T), T, count, length);
  const perPiece = Math.min(memory.pieceRows, MOST_AT_ONCE);
  for (let row = from; row < from + count; row += perPiece) {
    yield;
    const piece = Math.min(perPiece, from + count - row);
    const logs = memory.pin(`${side} logDeterminants`, row, piece, "own logDeterminants");
    kernels.takeLogDeterminants(SPREADS[outline.spread], piece, memory.pin(`${side} spreads`, row, piece, "own spreads"), logs);
    memory.putBack(`${side} logDeterminants`, row, piece, "own logDeterminants");
  }
}

export function readRows(session: ThreadSession, { side, kept, from, to }: SoleJob & { do: "readRows" }): GivenRows {
  const { memory, outline, K } = session;
  const name = kept ? `${side} kept` : side;
  const count = to - from;
  const S = memory.stride(`${name} rows`);
  const stored = memory.floats(`${name} rows`).subarray(from * S, to * S);
  const factors = new Float32Array(count * K);
  const biases = new Float32Array(count);
  copyRows(stored, S, factors, K, count, K);
  copyRows(stored.subarray(K), S, biases, 1, count, 1);
  if (!memory.has(`${name} spreads`)) return { factors, biases };
  const [T, length] = [memory.stride(`${name} spreads`), spreadLength(K, outline.spread)];
  const covariances = new Float32Array(count * length);
  copyRows(memory.floats(`${name} spreads`).subarray(from * T, to * T), T, covariances, length, count, length);
  return { factors, biases, covariances };
}

/** What solving and stepping leave in rows. */
const packedFields = ({ memory }: ThreadSession, side: Side): string[] =>
  ["rows", "velocity", "squares", "spreads", "logDeterminants"].map((role) => `${side} ${role}`).filter((name) => memory.has(name));

/** The arrays of each row side by side, [rows, width]. */
export function readPacked(session: ThreadSession, { side, rows }: SoleJob & { do: "readPacked" }): Float32Array {
  return packed(session, side, rows, undefined);
}

export function writePacked(session: ThreadSession, { side, rows, packed: given }: SoleJob & { do: "writePacked" }): void {
  packed(session, side, rows, given);
}

/** Reads rows, or writes what is given. */
function packed(session: ThreadSession, side: Side, rows: RowChoice, given: Float32Array | undefined): Float32Array {
  const { memory } = session;
  const names = packedFields(session, side);
  const width = names.reduce((sum, name) => sum + memory.stride(name), 0);
  const count = rows instanceof Uint32Array ? rows.length : rows.to - rows.from;
  const all = given ?? new Float32Array(count * width);
  let first = 0;
  for (const name of names) {
    const [stored, stride] = [memory.floats(name), memory.stride(name)];
    for (let at = 0; at < count; at++) {
      const row = (rows instanceof Uint32Array ? rows[at] : rows.from + at) * stride;
      const to = at * width + first;
      if (given) for (let k = 0; k < stride; k++) stored[row + k] = all[to + k];
      else for (let k = 0; k < stride; k++) all[to + k] = stored[row + k];
    }
    first += stride;
  }
  return all;
}

// The rows of a half-sweep where kernels reach them: those of the side that moves,
// and those of the other that its ratings name.

import { otherSide, type Side } from "../../engine.js";
import { gathers } from "./rated-rows.js";
import type { ThreadSession } from "./thread-session.js";

/** Ratings of a row that are taken without a pause: some milliseconds' work. */
const MOST_AT_ONCE = 1 << 15;

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

  /** Takes the ratings `first` to `last` − 1, as many at a time as are to be had; pauses where that is long work. */
  *eachPart(first: number, last: number, add: (index: number, value: number, count: number) => void): Generator<void, void> {
    const { most } = this;
    for (let at = first; at < last; at += most) {
      const count = Math.min(most, last - at);
      const { index, value } = this.take(at, count);
      add(index, value, count);
      if (count === most) yield;
    }
  }

  #addressOf(role: string): number {
    const { memory } = this.#session;
    const name = `${otherSide(this.#side)} ${role}`;
    return memory.has(name) ? memory.pin(name, 0, 0, "") : 0;
  }
}

/** The rows that are solved or moved, and what they carry. */
export class OwnRows {
  readonly most: number;
  readonly #session: ThreadSession;
  readonly #names: readonly (readonly [name: string, slot: string] | undefined)[];

  constructor(session: ThreadSession, side: Side) {
    const { memory } = session;
    this.#session = session;
    this.#names = ["rows", "pulls", "spreads", "logDeterminants", "velocity"].map((role) =>
      memory.has(`${side} ${role}`) ? ([`${side} ${role}`, `own ${role}`] as const) : undefined,
    );
    const here = memory.resident(`${side} start`) && this.#names.every((known) => !known || memory.resident(known[0]));
    this.most = here ? Infinity : memory.pieceRows;
  }

  pin(row: number, rows: number): void {
    const { memory, kernels } = this.#session;
    const [own, pulls, spreads, logs, velocity] = this.#names.map((known) => (known ? memory.pin(known[0], row, rows, known[1]) : 0));
    kernels.setOwn(own, pulls, spreads, logs, velocity);
  }

  putBack(row: number, rows: number): void {
    for (const known of this.#names) if (known) this.#session.memory.putBack(known[0], row, rows, known[1]);
  }
}

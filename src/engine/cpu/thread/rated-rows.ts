// Ratings in their columns, and the rows of both sides that they join, where kernels reach them.

import { type RatingSet, type Side, SIDES } from "../../engine.js";
import { firstWhere } from "../../../first-where.js";
import type { ThreadSession } from "./thread-session.js";

interface RatedPiece {
  readonly user: number;
  readonly item: number;
  readonly value: number;
}

/** Whether rows that ratings refer to have to be copied side by side. */
export function gathers({ memory }: ThreadSession, side: Side): boolean {
  const missing = (name: string): boolean => memory.has(name) && !memory.resident(name);
  return ["rows", "spreads", "shares", "squares"].some((role) => missing(`${side} ${role}`));
}

export class RatedRows {
  readonly #session: ThreadSession;
  readonly #names: Readonly<Record<"user" | "item" | "value", string>>;
  readonly #training: boolean;
  readonly #gathers: Readonly<Record<Side, boolean>>;

  constructor(session: ThreadSession, over: RatingSet) {
    this.#session = session;
    this.#training = over === "training";
    this.#names = this.#training
      ? { user: "", item: "users index", value: "users value" }
      : { user: "heldOut user", item: "heldOut item", value: "heldOut value" };
    this.#gathers = { users: gathers(session, "users"), items: gathers(session, "items") };
    const { users, items } = this.#gathers;
    if (!users && !items) this.#setRated((side, role) => session.memory.pin(`${side} ${role}`, 0, 0, ""));
  }

  /** `count` ratings from number `from` on, at most a piece. */
  take(from: number, count: number): RatedPiece {
    const { memory } = this.#session;
    const value = memory.pin(this.#names.value, from, count, "value");
    if (!this.#gathers.users && !this.#gathers.items) {
      const user = this.#training ? this.#writeUsers(from, count) : memory.pin(this.#names.user, from, count, "user");
      return { user, item: memory.pin(this.#names.item, from, count, "item"), value };
    }
    const rows = { users: this.#usersOf(from, count), items: memory.words(this.#names.item).slice(from, from + count) };
    this.#setRated((side, role) => {
      const name = `${side} ${role}`;
      return this.#gathers[side] ? memory.gather(name, rows[side], `gathered ${name}`) : memory.pin(name, 0, 0, "");
    });
    const local = (side: Side, slot: string): number => {
      const places = memory.slotWords(slot, count);
      if (this.#gathers[side]) for (let at = 0; at < count; at++) places[at] = at;
      else places.set(rows[side]);
      return memory.slot(slot);
    };
    return { user: local("users", "user"), item: local("items", "item"), value };
  }

  #usersOf(from: number, count: number): Uint32Array {
    const { memory } = this.#session;
    if (!this.#training) return memory.words(this.#names.user).slice(from, from + count);
    this.#writeUsers(from, count);
    return memory.slotWords("user", count).slice();
  }

  /** The training ratings have no column of users: it is written from where rows start. */
  #writeUsers(from: number, count: number): number {
    const { memory } = this.#session;
    const start = memory.words("users start");
    const users = memory.slotWords("user", count);
    let row = rowAt(start, from);
    for (let at = from; at < from + count; row++) {
      const end = Math.min(start[row + 1], from + count);
      users.fill(row, at - from, end - from);
      at = end;
    }
    return memory.slot("user");
  }

  #setRated(addressOf: (side: Side, role: string) => number): void {
    const { memory, kernels, outline } = this.#session;
    const [users, items] = SIDES.map((side) => addressOf(side, "rows"));
    const [userSpreads, itemSpreads] = SIDES.map((side) => (memory.has(`${side} spreads`) ? addressOf(side, "spreads") : 0));
    kernels.setRated(users, items, userSpreads, itemSpreads, outline.globalMean);
  }
}

/** The row whose ratings the one of this number is among. */
const rowAt = (start: Uint32Array, rating: number): number => firstWhere(1, start.length - 1, (at) => start[at] > rating) - 1;

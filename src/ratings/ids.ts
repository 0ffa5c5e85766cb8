// Maps raw user and item ids, any integer or string, to dense indices in order of first appearance, and back.

import { UnknownIdError } from "../errors.js";
import { hasPart, type Kind } from "../options.js";
import { grouped, shown } from "../shown.js";
import { nearIds } from "./near.js";

/** An id as the data has it: an integer or text. */
export type RawId = number | string;

/** Whether a value is an id: a whole number, or text that is not empty. */
export const isRawId = (value: unknown): value is RawId => (typeof value === "string" ? value.trim() !== "" : Number.isSafeInteger(value));

/**
 * The id that a cell of text stands for: a number when the text is the canonical form of a safe integer ("7", "-3"),
 * else the text itself ("007", "tt0114709"), so that writing it out again gives the same text.
 */
export function toRawId(text: string): RawId {
  const number = Number(text);
  return Number.isSafeInteger(number) && String(number) === text ? number : text;
}

/** Whole numbers from 0 to below this are looked up in an array by themselves, some ten times faster than in a Map. */
const DIRECT_IDS = 2 ** 24;

/** Entries of one Map, at most: engines stop at 2²⁴. */
const MOST_MAPPED = 2 ** 24 - 1;

/** Dense index ↔ raw id. Indices run from 0 to `size` − 1 in order of first appearance. */
export class Ids {
  readonly #raw: RawId[];
  /** Of an id in [0, DIRECT_IDS), its index plus 1; 0 for none. Built, like the map, when an id is first looked up. */
  #direct = new Uint32Array(0);
  /** Indices of all other ids, in as many maps as they need, each of `#most` entries but the last. */
  #mapped: Map<RawId, number>[] | undefined;
  readonly #most: number;

  /** @param most entries of one map; for tests. */
  constructor(raw: RawId[] = [], most = MOST_MAPPED) {
    this.#raw = raw;
    this.#most = most;
  }

  /** Number of ids. */
  get size(): number {
    return this.#raw.length;
  }

  /** The raw ids in index order. */
  get raw(): readonly RawId[] {
    return this.#raw;
  }

  /** The raw id at a dense index; undefined beyond the end. */
  rawAt(index: number): RawId {
    return this.#raw[index];
  }

  /** The dense index of a raw id, or −1. Text that spells an integer finds the integer id and the other way round. */
  indexOf(id: RawId): number {
    const index = this.#find(id);
    return index >= 0 ? index : this.#find(typeof id === "string" ? toRawId(id) : String(id));
  }

  /** The dense index of a raw id, which is given the next free one when it is new. */
  add(id: RawId): number {
    const index = this.#find(id);
    if (index >= 0) return index;
    this.#raw.push(id);
    this.#remember(id, this.#raw.length - 1);
    return this.#raw.length - 1;
  }

  /** The dense indices of ids, new ones added. */
  addAll(ids: readonly RawId[] | Float64Array): Uint32Array {
    const indices = new Uint32Array(ids.length);
    if (ids instanceof Float64Array) this.addNumbers(ids, ids.length, indices, 0);
    else for (let k = 0; k < ids.length; k++) indices[k] = this.add(ids[k]);
    return indices;
  }

  /** The dense indices of `count` numbers at the front of `ids`, new ones added, into `indices` from `at` on. */
  addNumbers(ids: Float64Array, count: number, indices: Uint32Array, at: number): void {
    let direct = this.#direct;
    for (let k = 0; k < count; k++) {
      const id = ids[k];
      const found = id >= 0 && id < direct.length ? direct[id] : 0;
      if (found > 0) indices[at + k] = found - 1;
      else {
        indices[at + k] = this.add(id);
        direct = this.#direct;
      }
    }
  }

  #find(id: RawId): number {
    if (!this.#mapped) this.#build();
    if (isDirect(id)) return id < this.#direct.length ? this.#direct[id] - 1 : -1;
    for (const map of this.#mapped!) {
      const index = map.get(id);
      if (index !== undefined) return index;
    }
    return -1;
  }

  #build(): void {
    this.#mapped = [new Map()];
    for (let index = 0; index < this.#raw.length; index++) this.#remember(this.#raw[index], index);
  }

  #remember(id: RawId, index: number): void {
    if (!isDirect(id)) {
      let last = this.#mapped!.at(-1)!;
      if (last.size === this.#most) this.#mapped!.push((last = new Map()));
      last.set(id, index);
      return;
    }
    if (id >= this.#direct.length) {
      let length = Math.max(1024, this.#direct.length);
      while (length <= id) length *= 2;
      const grown = new Uint32Array(length);
      grown.set(this.#direct);
      this.#direct = grown;
    }
    this.#direct[id] = index + 1;
  }
}

/** An id as the first of some lists that hold it has it; undefined where none does. */
export function heldId(id: RawId, ...lists: readonly (Ids | undefined)[]): RawId | undefined {
  for (const ids of lists) {
    const index = ids?.indexOf(id) ?? -1;
    if (index >= 0) return ids!.rawAt(index);
  }
  return undefined;
}

/** What functions that take ids ask for. */
export const IDS_KIND: Kind = { must: "Ids", holds: (value) => hasPart(value, "rawAt", "add") };

/** The dense index of a raw id of a model. @throws UnknownIdError */
export function knownIndex(ids: Ids, id: RawId, what: "user" | "item"): number {
  const index = ids.indexOf(id);
  if (index < 0) {
    const remedy =
      what === "user" ? "someone new needs ratings, not an id" : "an item is known by ratings; findItem(title) gives the id of a title";
    const such = ids.size > 0 ? `; the ids are such as ${shown(ids.rawAt(0))}` : "";
    throw new UnknownIdError(
      `no ${what} has the id ${shown(id)} among the ${grouped(ids.size)} of the model`,
      nearIds(id, ids.raw),
      `${remedy}${such}`,
    );
  }
  return index;
}

function isDirect(id: RawId): id is number {
  return typeof id === "number" && id >= 0 && id < DIRECT_IDS && Number.isInteger(id);
}

/** Orders raw ids, whatever the order of the data: integers by size, then texts by their letters' codes. */
export function compareIds(a: RawId, b: RawId): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The index among known ids of every wanted one; −1 for the unknown. */
export function indicesIn(known: Ids, wanted: Ids): Int32Array {
  return Int32Array.from({ length: wanted.size }, (_, index) => known.indexOf(wanted.rawAt(index)));
}

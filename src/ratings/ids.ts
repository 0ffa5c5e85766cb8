// Maps raw user and item ids, any integer or string, to dense indices in order of first appearance, and back.

import { UnknownIdError } from "../errors.js";

/** An id as the data has it: an integer or text. */
export type RawId = number | string;

/**
 * The id that a cell of text stands for: a number when the text is the canonical form of a safe integer ("7", "-3"), else
 * the text itself ("007", "tt0114709"), so that writing it out again gives the same text.
 */
export function toRawId(text: string): RawId {
  const number = Number(text);
  return Number.isSafeInteger(number) && String(number) === text ? number : text;
}

/** Dense index ↔ raw id. Indices run from 0 to `size` − 1 in order of first appearance. */
export class Ids {
  readonly #raw: RawId[];
  #indexes: Map<RawId, number> | undefined;

  constructor(raw: RawId[] = []) {
    this.#raw = raw;
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
    const known = this.#map();
    return known.get(id) ?? known.get(typeof id === "string" ? toRawId(id) : String(id)) ?? -1;
  }

  /** The dense index of a raw id, which is given the next free one when it is new. */
  add(id: RawId): number {
    const known = this.#map();
    let index = known.get(id);
    if (index === undefined) {
      index = this.#raw.length;
      this.#raw.push(id);
      known.set(id, index);
    }
    return index;
  }

  #map(): Map<RawId, number> {
    return (this.#indexes ??= new Map(this.#raw.map((id, index) => [id, index])));
  }
}

/** The dense index of a raw id of a model. @throws UnknownIdError */
export function knownIndex(ids: Ids, id: RawId, what: "user" | "item"): number {
  const index = ids.indexOf(id);
  if (index < 0) throw new UnknownIdError(`no ${what} has the id "${id}" among the ${ids.size} of the model`);
  return index;
}

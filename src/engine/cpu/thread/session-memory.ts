// A thread's view of a session's arrays. An array lies in the WebAssembly memory, where kernels reach it, or outside:
// then the thread copies the pieces that it works on into its scratch, and back.

import { ARRAYS, bytesOf, type Elements } from "../fields.js";
import type { SessionOutline, SharedArrays } from "../jobs.js";
import type { PlacedField } from "../memory-plan.js";

const PAGE = 1 << 16;

export class SessionMemory {
  readonly memory: WebAssembly.Memory;
  readonly pieceRatings: number;
  readonly pieceRows: number;
  readonly #fields = new Map<string, { readonly field: PlacedField; readonly values: Elements }>();
  readonly #outline: SessionOutline;
  readonly #scratch: number;

  /** @throws RangeError when there is no memory for it. */
  constructor(outline: SessionOutline, shared: SharedArrays | undefined, thread: number) {
    const { plan } = outline;
    this.#outline = outline;
    this.memory = shared?.memory ?? new WebAssembly.Memory({ initial: plan.pages, maximum: plan.pages });
    this.#scratch = plan.scratchAddress + thread * plan.scratchBytes;
    this.pieceRatings = plan.pieceRatings;
    this.pieceRows = plan.pieceRows;
    for (const field of plan.fields) {
      const { name, address, type, count, stride } = field;
      const buffer = address === undefined ? (shared?.outside[name] ?? new ArrayBuffer(bytesOf(field))) : this.memory.buffer;
      this.#fields.set(name, { field, values: new ARRAYS[type](buffer as ArrayBuffer, address ?? 0, count * stride) });
    }
  }

  /** Bytes of the memory, all of it. */
  get bytes(): number {
    return this.#outline.plan.pages * PAGE;
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  stride(name: string): number {
    return this.#known(name).field.stride;
  }

  count(name: string): number {
    return this.#known(name).field.count;
  }

  floats(name: string): Float32Array {
    return this.#known(name).values as Float32Array;
  }

  words(name: string): Uint32Array {
    return this.#known(name).values as Uint32Array;
  }

  doubles(name: string): Float64Array {
    return this.#known(name).values as Float64Array;
  }

  elements(name: string): Elements {
    return this.#known(name).values;
  }

  /** Whether kernels reach the array where it lies. */
  resident(name: string): boolean {
    return this.#known(name).field.address !== undefined;
  }

  /** Address of a piece of the thread's scratch. */
  slot(name: string): number {
    const place = this.#outline.plan.scratch[name];
    if (!place) throw new Error(`there is no scratch for ${name}`);
    return this.#scratch + place.offset;
  }

  slotWords(name: string, count: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, this.slot(name), count);
  }

  slotFloats(name: string, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, this.slot(name), count);
  }

  slotDoubles(name: string, count: number): Float64Array {
    return new Float64Array(this.memory.buffer, this.slot(name), count);
  }

  /** Where kernels find rows `from` to `from + count` − 1 of an array: copied into a slot where it lies outside. */
  pin(name: string, from: number, count: number, slot: string): number {
    const { field, values } = this.#known(name);
    const { address, stride, type } = field;
    const bytes = ARRAYS[type].BYTES_PER_ELEMENT * stride;
    if (address !== undefined) return address + from * bytes;
    const at = this.slot(slot);
    new ARRAYS[type](this.memory.buffer, at, count * stride).set(values.subarray(from * stride, (from + count) * stride));
    return at;
  }

  /** Puts pinned rows back that kernels have written. */
  putBack(name: string, from: number, count: number, slot: string): void {
    const { field, values } = this.#known(name);
    const { address, stride, type } = field;
    if (address !== undefined) return;
    values.set(new ARRAYS[type](this.memory.buffer, this.slot(slot), count * stride), from * stride);
  }

  /** Copies the rows of these numbers side by side. @returns where they begin. */
  gather(name: string, rows: Uint32Array, slot: string): number {
    const { field, values } = this.#known(name);
    const { stride } = field;
    const to = this.slotFloats(slot, rows.length * stride);
    for (let at = 0; at < rows.length; at++)
      to.set(values.subarray(rows[at] * stride, (rows[at] + 1) * stride) as Float32Array, at * stride);
    return this.slot(slot);
  }

  /** Puts gathered rows back to where they came from. */
  scatter(name: string, rows: Uint32Array, slot: string): void {
    const { field, values } = this.#known(name);
    const { stride } = field;
    const from = this.slotFloats(slot, rows.length * stride);
    for (let at = 0; at < rows.length; at++) values.set(from.subarray(at * stride, (at + 1) * stride), rows[at] * stride);
  }

  #known(name: string): { readonly field: PlacedField; readonly values: Elements } {
    const known = this.#fields.get(name);
    if (!known) throw new Error(`the session has no ${name}`);
    return known;
  }
}

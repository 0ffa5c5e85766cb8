// Ratings on the device, piece by piece: all of them at once where they fit, else in two slots that take turns,
// filled from host memory.

import { rowOfEach, type Csr } from "../../../ratings/csr.js";
import type { Side } from "../../engine.js";
import { createStorage, uploadStorage } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import type { SidePlan } from "./memory-plan.js";
import { cutPieces, type Piece } from "./pieces.js";
import { formatOf, packValues, valueBytes, type ValueFormat } from "./values.js";

/** The columns of a piece. */
interface PieceBuffers {
  /** Row of each rating; of the users' side only, for the sums over ratings. */
  readonly row: GPUBuffer | undefined;
  readonly index: GPUBuffer;
  readonly value: GPUBuffer;
}

const SLOTS = 2;

export class RatingStore {
  readonly pieces: readonly Piece[];
  readonly format: ValueFormat;
  readonly streamed: boolean;
  readonly #device: Device;
  /** A piece each, or the slots. */
  readonly #buffers: readonly PieceBuffers[];
  /** Of pieces that are streamed, their values as they are written. */
  readonly #values: readonly (Uint32Array | Float32Array)[] = [];
  /** What each slot holds. */
  readonly #loaded: { piece: number; rows: boolean }[] = [];

  constructor(device: Device, side: Side, csr: Csr, plan: SidePlan) {
    this.#device = device;
    this.pieces = cutPieces(csr, plan.own, plan.other, plan.mostRatings);
    this.format = formatOf(csr);
    this.streamed = plan.streamed;
    const other = side === "users" ? "item" : "user";
    const labels = { row: `${side} of each rating`, index: `${other} of each rating, by ${side}`, value: `ratings by ${side}` };
    if (this.streamed) {
      this.#values = this.pieces.map(({ csr: { value, weight } }) => packValues(value, this.format, weight));
      const most = this.pieces.reduce((count, { csr: { index } }) => Math.max(count, index.length), 0);
      this.#buffers = Array.from({ length: SLOTS }, () => ({
        row: side === "users" ? createStorage(device, labels.row, 4 * most) : undefined,
        index: createStorage(device, labels.index, 4 * most),
        value: createStorage(device, labels.value, valueBytes(this.format, most)),
      }));
    } else {
      this.#buffers = this.pieces.map(({ csr: part }) => ({
        row: side === "users" ? uploadStorage(device, labels.row, rowOfEach(part)) : undefined,
        index: uploadStorage(device, labels.index, part.index),
        value: uploadStorage(device, labels.value, packValues(part.value, this.format, part.weight)),
      }));
    }
  }

  /** Where a piece is, once it is loaded. */
  buffers(piece: number): PieceBuffers {
    return this.#buffers[this.streamed ? piece % SLOTS : piece];
  }

  /** @param rows whether the row of each rating is wanted too, which only sums over ratings read. */
  isLoaded(piece: number, rows = false): boolean {
    const slot = this.#loaded[piece % SLOTS];
    return !this.streamed || (slot?.piece === piece && (slot.rows || !rows));
  }

  /** Brings a piece to the device, behind the work that is queued. */
  load(piece: number, rows = false): void {
    if (this.isLoaded(piece, rows)) return;
    const { row, index, value } = this.buffers(piece);
    const { csr } = this.pieces[piece];
    const write = (buffer: GPUBuffer, data: Uint32Array | Float32Array): void =>
      this.#device.gpu.queue.writeBuffer(buffer, 0, data as Uint32Array<ArrayBuffer>);
    if (rows && row) write(row, rowOfEach(csr));
    if (!this.isLoaded(piece)) {
      write(index, csr.index);
      write(value, this.#values[piece]);
    }
    this.#loaded[piece % SLOTS] = { piece, rows };
  }

  get bytes(): number {
    return this.#buffers.reduce((sum, { row, index, value }) => sum + (row?.size ?? 0) + index.size + value.size, 0);
  }

  destroy(): void {
    for (const { row, index, value } of this.#buffers) {
      row?.destroy();
      index.destroy();
      value.destroy();
    }
  }
}

/** Idle stores are kept as long as they take no more than this together. */
const IDLE_BYTES = 512 * 2 ** 20;

interface Entry {
  readonly csr: Csr;
  readonly key: string;
  readonly store: RatingStore;
  borrowers: number;
}

const stores = new WeakMap<Device, RatingStores>();

/** The stores of a device. */
export function ratingStoresOf(device: Device): RatingStores {
  let known = stores.get(device);
  if (!known) stores.set(device, (known = new RatingStores(device)));
  return known;
}

/** The stores of a device, so that trainings of the same ratings, one after the other or at once, upload them once. */
class RatingStores {
  readonly #device: Device;
  /** Those used last come last. */
  readonly #entries: Entry[] = [];

  constructor(device: Device) {
    this.#device = device;
  }

  /** A store that is the caller's until it is given back. */
  borrow(side: Side, csr: Csr, plan: SidePlan): RatingStore {
    const key = [side, plan.own.size, plan.other.size, plan.mostRatings, plan.streamed].join(":");
    let entry = this.#entries.find((known) => known.csr === csr && known.key === key && (!plan.streamed || known.borrowers === 0));
    if (!entry) {
      entry = { csr, key, store: new RatingStore(this.#device, side, csr, plan), borrowers: 0 };
      this.#entries.push(entry);
    }
    entry.borrowers++;
    return entry.store;
  }

  giveBack(store: RatingStore): void {
    const at = this.#entries.findIndex((entry) => entry.store === store);
    const [entry] = this.#entries.splice(at, 1);
    entry.borrowers--;
    this.#entries.push(entry);
    const idle = this.#entries.filter(({ borrowers }) => borrowers === 0);
    let bytes = idle.reduce((sum, { store: { bytes: own } }) => sum + own, 0);
    for (const oldest of idle) {
      if (bytes <= IDLE_BYTES) break;
      bytes -= oldest.store.bytes;
      this.#entries.splice(this.#entries.indexOf(oldest), 1);
      oldest.store.destroy();
    }
  }
}

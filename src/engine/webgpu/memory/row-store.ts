// The rows of both sides on the device, shard by shard, and the copies that are set aside.

import { type Rows, type RowSlice, type Side, SIDES, weightsOf, type Which, type Workload } from "../../engine.js";
import { type Copy, createStorage, uploadStorage } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import { blocksOf } from "../rows/tile-plan.js";
import type { MemoryPlan } from "./memory-plan.js";
import { packRows, strideOf, unpackRows } from "./row-layout.js";

/** A shard of a side's rows. */
export interface RowShard {
  readonly rows: GPUBuffer;
  readonly count: number;
}

export class RowStore {
  readonly shards: Readonly<Record<Side, readonly RowShard[]>>;
  readonly #device: Device;
  readonly #workload: Workload;
  readonly #plan: MemoryPlan;
  readonly #counted: boolean;
  readonly #stride: number;
  #kept: Readonly<Record<Side, readonly GPUBuffer[]>> | undefined;

  /** @param counted whether a row's last component is the weight of its ratings; else 0. */
  constructor(device: Device, workload: Workload, plan: MemoryPlan, counted: boolean) {
    this.#device = device;
    this.#workload = workload;
    this.#plan = plan;
    this.#counted = counted;
    this.#stride = strideOf(workload.factors, workload.spread);
    this.shards = { users: this.#upload("users"), items: this.#upload("items") };
  }

  /** Copies the present rows aside. */
  keep(): void {
    const { users, items } = this.shards;
    this.#kept ??= {
      users: users.map(({ rows }) => createStorage(this.#device, "kept user rows", rows.size)),
      items: items.map(({ rows }) => createStorage(this.#device, "kept item rows", rows.size)),
    };
    const encoder = this.#device.gpu.createCommandEncoder({ label: "keep" });
    for (const side of SIDES)
      this.shards[side].forEach(({ rows }, shard) => encoder.copyBufferToBuffer(rows, 0, this.#kept![side][shard], 0, rows.size));
    this.#device.gpu.queue.submit([encoder.finish()]);
  }

  buffers(side: Side, which: Which): readonly GPUBuffer[] {
    return which === "kept" && this.#kept ? this.#kept[side] : this.shards[side].map(({ rows }) => rows);
  }

  /** Where a slice of rows lies, shard by shard. */
  copies(side: Side, which: Which, slice: RowSlice): Copy[] {
    const shards = this.#plan.shards[side];
    return this.buffers(side, which).flatMap((source, shard) => {
      const [from, to] = [Math.max(slice.from, shards.from(shard)), Math.min(slice.to, shards.to(shard))];
      if (from >= to) return [];
      const bytes = 4 * this.#stride;
      return [{ source, from: (from - shards.from(shard)) * bytes, size: (to - from) * bytes }];
    });
  }

  /** @param read what `copies` names. */
  unpack(read: readonly Float32Array[], { from, to }: RowSlice): Rows {
    const { factors: K, spread } = this.#workload;
    const { factors, biases, spread: covariances } = unpackRows(read, to - from, K, spread);
    return spread === "diagonal" || spread === "full" ? { factors, biases, covariances } : { factors, biases };
  }

  /** Rows as they lie on the device: all that `unpack` leaves out too. */
  pack(side: Side, rows: Rows, from: number): Float32Array {
    const { factors: K, spread } = this.#workload;
    const family = spread === "diagonal" || spread === "full" ? spread : undefined;
    const packed = packRows(rows.factors, rows.biases, K, spread, family && { family, values: rows.covariances! });
    if (!this.#counted) return packed;
    const { [side]: weights } = weightsOf(this.#workload);
    const last = 4 * blocksOf(K) - 1;
    for (let row = 0; row < rows.biases.length; row++) packed[row * this.#stride + last] = weights[from + row];
    return packed;
  }

  /** Rows of these numbers out of all that `copies` names. */
  chosen(all: Float32Array, rows: Uint32Array): Float32Array {
    const packed = new Float32Array(rows.length * this.#stride);
    rows.forEach((row, at) => packed.set(all.subarray(row * this.#stride, (row + 1) * this.#stride), at * this.#stride));
    return packed;
  }

  /** Overwrites rows from `from` on with what `pack` or a read gave. */
  write(side: Side, packed: Float32Array, from: number, which: Which = "current"): void {
    if (which === "kept" && !this.#kept) this.keep();
    const shards = this.#plan.shards[side];
    const to = from + packed.length / this.#stride;
    this.buffers(side, which).forEach((buffer, shard) => {
      const [first, last] = [Math.max(from, shards.from(shard)), Math.min(to, shards.to(shard))];
      if (first >= last) return;
      const part = packed.subarray((first - from) * this.#stride, (last - from) * this.#stride);
      this.#device.gpu.queue.writeBuffer(buffer, 4 * this.#stride * (first - shards.from(shard)), part as Float32Array<ArrayBuffer>);
    });
  }

  /** Puts factors, biases and covariances into rows as they lie on the device; the rest stays. */
  overwrite(side: Side, packed: Float32Array, rows: Rows, from: number): void {
    const given = this.pack(side, rows, from);
    const K = this.#workload.factors;
    // The velocity or the squares that a row carries are no part of `rows`.
    const { spread } = this.#workload;
    const own = spread === "velocity" || spread === "squares" ? K + 1 : this.#stride;
    for (let at = 0; at < packed.length; at += this.#stride) packed.set(given.subarray(at, at + own), at);
  }

  #upload(side: Side): RowShard[] {
    const packed = this.pack(side, this.#workload.rows[side], 0);
    const shards = this.#plan.shards[side];
    return Array.from({ length: shards.count }, (_, shard) => {
      const [from, to] = [shards.from(shard), shards.to(shard)];
      const rows = uploadStorage(this.#device, `${side} rows`, packed.subarray(from * this.#stride, to * this.#stride));
      return { rows, count: to - from };
    });
  }

  destroy(): void {
    for (const side of SIDES) {
      for (const { rows } of this.shards[side]) rows.destroy();
      for (const buffer of this.#kept?.[side] ?? []) buffer.destroy();
    }
  }
}

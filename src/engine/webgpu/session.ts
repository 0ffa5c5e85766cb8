// What the trainings of all models share on the device: rows of both sides, ratings, the parameters set aside, the readbacks, and, for those
// solved by alternating half-sweeps, these.

import { NotPositiveDefiniteError } from "../../errors.js";
import type { Parameters } from "../../models/parameters.js";
import { rowOfEach, type Csr } from "../../ratings/csr.js";
import type { RatingColumns } from "../../ratings/ratings.js";
import type { RowSlice, Side } from "../engine.js";
import { createStorage, readBuffer, uploadStorage } from "./buffers.js";
import type { Device } from "./device.js";
import type { GramKernel } from "./gram-kernel.js";
import { HalfSweep, type HalfSweepSettings } from "./half-sweep.js";
import { packRows, unpackRows } from "./rows.js";
import type { Sum } from "./sums.js";
import type { Spread } from "./tile-plan.js";

/** A row that no task has: what `first_singular_row` holds while every system was solved. */
const NO_ROW = 0xffffffff;

export const SIDES = ["users", "items"] as const;

export interface RowSessionParts {
  readonly byUser: Csr;
  readonly byItem: Csr;
  readonly initial: Parameters;
  readonly spread: Spread;
}

export interface SessionParts extends RowSessionParts {
  readonly gram: GramKernel;
  readonly settings: Record<Side, HalfSweepSettings>;
  /** The matrix that all rows of a side share, of the variants that have one. */
  readonly base?: Record<Side, GPUBuffer> | undefined;
}

/** Ratings on the device, one buffer a column. */
export interface RatingBuffers {
  readonly user: GPUBuffer;
  readonly item: GPUBuffer;
  readonly value: GPUBuffer;
  readonly count: number;
}

/** One side's index on the device: the other side's index and the value of each rating, row by row. */
interface CsrBuffers {
  readonly index: GPUBuffer;
  readonly value: GPUBuffer;
}

/** Parameters and ratings on the device, whatever trains them. */
export class RowSession {
  protected readonly device: Device;
  /** Rows of each side: see shaders/shared/rows.wgsl. */
  protected readonly rows: Record<Side, GPUBuffer>;
  protected readonly csr: Record<Side, CsrBuffers>;
  protected readonly trainRatings: RatingBuffers;
  readonly #parts: RowSessionParts;
  readonly #buffers: GPUBuffer[] = [];
  #kept: Record<Side, GPUBuffer> | undefined;

  constructor(device: Device, parts: RowSessionParts) {
    this.device = device;
    this.#parts = parts;
    const { byUser, byItem, initial } = parts;
    const rowsOf = (side: Side, factors: Float32Array, biases: Float32Array): GPUBuffer => {
      const spread = initial.posterior && { family: initial.posterior.family, values: initial.posterior[side] };
      return this.upload(`${side} rows`, packRows(factors, biases, initial.factors, parts.spread, spread));
    };
    this.rows = {
      users: rowsOf("users", initial.userFactors, initial.userBiases),
      items: rowsOf("items", initial.itemFactors, initial.itemBiases),
    };
    this.csr = {
      users: { index: this.upload("item of each rating, by user", byUser.index), value: this.upload("ratings by user", byUser.value) },
      items: { index: this.upload("user of each rating, by item", byItem.index), value: this.upload("ratings by item", byItem.value) },
    };
    this.trainRatings = {
      user: this.upload("user of each rating", rowOfEach(byUser)),
      item: this.csr.users.index,
      value: this.csr.users.value,
      count: byUser.index.length,
    };
  }

  keep(): void {
    const { users, items } = this.rows;
    this.#kept ??= { users: this.create("kept user rows", users.size), items: this.create("kept item rows", items.size) };
    const encoder = this.device.gpu.createCommandEncoder({ label: "keep" });
    for (const side of SIDES) encoder.copyBufferToBuffer(this.rows[side], 0, this.#kept[side], 0, this.rows[side].size);
    this.device.gpu.queue.submit([encoder.finish()]);
  }

  /** Factors, biases and covariances of both sides, current or kept. @throws NotPositiveDefiniteError, DeviceError */
  protected async readRows(which: "current" | "kept") {
    const rows = which === "kept" ? (this.#kept ?? this.rows) : this.rows;
    const { byUser, byItem, initial, spread } = this.#parts;
    const [users, items] = await this.device.checked("reading the factors", async () => {
      const encoder = this.device.gpu.createCommandEncoder({ label: "read" });
      const reads = [rows.users, rows.items].map((buffer) => readBuffer(this.device, encoder, buffer));
      return await this.finish(encoder, reads);
    });
    return {
      users: unpackRows(new Float32Array(users), byUser.count, initial.factors, spread),
      items: unpackRows(new Float32Array(items), byItem.count, initial.factors, spread),
    };
  }

  /** The point estimates of both sides, current or kept. @throws NotPositiveDefiniteError, DeviceError */
  protected async readParameters(which: "current" | "kept"): Promise<Parameters> {
    return this.parametersOf(await this.readRows(which));
  }

  protected parametersOf({ users, items }: Record<Side, { factors: Float32Array; biases: Float32Array }>): Parameters {
    const { factors, globalMean } = this.#parts.initial;
    return {
      factors,
      userFactors: users.factors,
      userBiases: users.biases,
      itemFactors: items.factors,
      itemBiases: items.biases,
      globalMean,
    };
  }

  /** Runs summing kernels and reads their partial sums. @throws NotPositiveDefiniteError, DeviceError */
  protected async readSums(sums: readonly Sum[]): Promise<ArrayBuffer[]> {
    return await this.device.checked("measuring", async () => {
      const encoder = this.device.gpu.createCommandEncoder({ label: "measure" });
      const pass = encoder.beginComputePass({ label: "measure" });
      for (const sum of sums) sum.encode(pass);
      pass.end();
      const reads = sums.map(({ partials }) => readBuffer(this.device, encoder, partials));
      return await this.finish(encoder, reads);
    });
  }

  /** Submits, and resolves to what the reads give. */
  protected async finish(encoder: GPUCommandEncoder, reads: readonly (() => Promise<ArrayBuffer>)[]): Promise<ArrayBuffer[]> {
    this.device.gpu.queue.submit([encoder.finish()]);
    return await Promise.all(reads.map((read) => read()));
  }

  /** A buffer that lives as long as the session. */
  protected upload(label: string, data: Uint32Array | Float32Array): GPUBuffer {
    const buffer = uploadStorage(this.device, label, data);
    this.#buffers.push(buffer);
    return buffer;
  }

  protected create(label: string, bytes: number): GPUBuffer {
    const buffer = createStorage(this.device, label, bytes);
    this.#buffers.push(buffer);
    return buffer;
  }

  /** Undefined when there are none to measure by. */
  protected uploadHeldOut(heldOut: RatingColumns | undefined): RatingBuffers | undefined {
    if (!heldOut || heldOut.value.length === 0) return undefined;
    return {
      user: this.upload("user of each held-out rating", heldOut.user),
      item: this.upload("item of each held-out rating", heldOut.item),
      value: this.upload("held-out ratings", heldOut.value),
      count: heldOut.value.length,
    };
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }
}

/** A training by half-sweeps of the Gram-and-solve kernel. */
export class HalfSweepSession extends RowSession {
  protected readonly halfSweep: Record<Side, HalfSweep>;
  readonly #singular: Record<Side, GPUBuffer>;

  constructor(device: Device, parts: SessionParts) {
    super(device, parts);
    const { byUser, byItem, gram, settings, base } = parts;
    const singular = (side: Side): GPUBuffer => this.upload(`first singular row of ${side}`, Uint32Array.of(NO_ROW));
    this.#singular = { users: singular("users"), items: singular("items") };
    const halfSweep = (side: Side, other: Side): HalfSweep =>
      new HalfSweep(device, {
        side,
        settings: settings[side],
        gram,
        csr: side === "users" ? byUser : byItem,
        ratingIndex: this.csr[side].index,
        ratingValue: this.csr[side].value,
        fixedRows: this.rows[other],
        solvedRows: this.rows[side],
        firstSingularRow: this.#singular[side],
        base: base?.[side],
      });
    this.halfSweep = { users: halfSweep("users", "items"), items: halfSweep("items", "users") };
  }

  solve(side: Side, slice?: RowSlice): void {
    this.halfSweep[side].submit(slice);
  }

  protected override async finish(encoder: GPUCommandEncoder, reads: readonly (() => Promise<ArrayBuffer>)[]): Promise<ArrayBuffer[]> {
    const singular = SIDES.map((side) => readBuffer(this.device, encoder, this.#singular[side]));
    const [users, items, ...results] = await super.finish(encoder, [...singular, ...reads]);
    throwIfSingular("users", users);
    throwIfSingular("items", items);
    return results;
  }

  override destroy(): void {
    super.destroy();
    for (const side of SIDES) this.halfSweep[side].destroy();
  }
}

function throwIfSingular(side: Side, read: ArrayBuffer): void {
  const row = new Uint32Array(read)[0];
  if (row !== NO_ROW) throw new NotPositiveDefiniteError(side, row);
}

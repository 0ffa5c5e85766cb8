// The WebGPU engine: ratings and parameters live on the device, a half-sweep is a list of dispatches, and only sums come back.

import { NotPositiveDefiniteError } from "../../errors.js";
import type { Measurement } from "../../models/als.js";
import type { Parameters } from "../../models/parameters.js";
import { rowOfEach } from "../../ratings/csr.js";
import type { DeviceInfo, Engine, Problem, RowSlice, Session, Side } from "../engine.js";
import { createStorage, readBuffer, uploadStorage } from "./buffers.js";
import { type Device, type GpuOptions, requestDevice } from "./device.js";
import { chooseGramKernel, type GramKernel, type GramTuning } from "./gram-kernel.js";
import { HalfSweep } from "./half-sweep.js";
import { SquaredErrors, SquaredNorms } from "./sums.js";
import { packRows, unpackRows } from "./rows.js";
import { blocksOf } from "./tile-plan.js";

export interface WebGpuOptions extends GpuOptions {
  readonly tuning?: GramTuning | undefined;
}

export class WebGpuEngine implements Engine {
  readonly info: DeviceInfo;
  readonly device: Device;
  readonly #tuning: GramTuning | undefined;

  constructor(device: Device, tuning?: GramTuning) {
    this.device = device;
    this.#tuning = tuning;
    const { kind, name, software } = device.report;
    this.info = { kind, name, software };
  }

  /** @throws DeviceError of code "no-adapter" when WebGPU cannot be had here. */
  static async create(options: WebGpuOptions = {}): Promise<WebGpuEngine> {
    return new WebGpuEngine(await requestDevice(options), options.tuning);
  }

  async open(problem: Problem): Promise<Session> {
    const gram = chooseGramKernel(this.device, problem.hyperparameters, this.#tuning);
    return await this.device.checked("loading the ratings", () => WebGpuSession.open(this.device, problem, gram));
  }

  destroy(): void {
    this.device.destroy();
  }
}

/** A row that no task has: what `first_singular_row` holds while every system was solved. */
const NO_ROW = 0xffffffff;

const SIDES = ["users", "items"] as const;

class WebGpuSession implements Session {
  readonly #device: Device;
  readonly #problem: Problem;
  /** Rows (x, b) of each side: see shaders/shared/rows.wgsl. */
  readonly #rows: Record<Side, GPUBuffer>;
  readonly #singular: Record<Side, GPUBuffer>;
  readonly #halfSweep: Record<Side, HalfSweep>;
  readonly #norms: Record<Side, SquaredNorms>;
  readonly #trainErrors: SquaredErrors;
  readonly #heldOutErrors: SquaredErrors | undefined;
  readonly #buffers: GPUBuffer[];
  #kept: Record<Side, GPUBuffer> | undefined;

  static async open(device: Device, problem: Problem, gram: GramKernel): Promise<WebGpuSession> {
    const session = new WebGpuSession(device, problem, gram);
    const { factors: K } = problem.hyperparameters;
    await Promise.all([
      ...SIDES.map((side) => session.#halfSweep[side].compile()),
      ...SIDES.map((side) => session.#norms[side].compile(K)),
      session.#trainErrors.compile(K),
      session.#heldOutErrors?.compile(K),
    ]);
    return session;
  }

  private constructor(device: Device, problem: Problem, gram: GramKernel) {
    this.#device = device;
    this.#problem = problem;
    const { hyperparameters: h, byUser, byItem, heldOut, initial } = problem;
    const upload = (label: string, data: Uint32Array | Float32Array): GPUBuffer => {
      const buffer = uploadStorage(device, label, data);
      this.#buffers.push(buffer);
      return buffer;
    };
    this.#buffers = [];
    const blocks = blocksOf(h.factors);
    this.#rows = {
      users: upload("user rows", packRows(initial.userFactors, initial.userBiases, h.factors, blocks)),
      items: upload("item rows", packRows(initial.itemFactors, initial.itemBiases, h.factors, blocks)),
    };
    const singular = (side: Side): GPUBuffer => upload(`first singular row of ${side}`, Uint32Array.of(NO_ROW));
    this.#singular = { users: singular("users"), items: singular("items") };
    const csr = {
      users: { rows: byUser, index: upload("item of each rating, by user", byUser.index), value: upload("ratings by user", byUser.value) },
      items: { rows: byItem, index: upload("user of each rating, by item", byItem.index), value: upload("ratings by item", byItem.value) },
    };
    const halfSweep = (side: Side, other: Side): HalfSweep =>
      new HalfSweep(device, {
        side,
        hyperparameters: h,
        globalMean: initial.globalMean,
        gram,
        csr: csr[side].rows,
        ratingIndex: csr[side].index,
        ratingValue: csr[side].value,
        fixedRows: this.#rows[other],
        solvedRows: this.#rows[side],
        firstSingularRow: this.#singular[side],
      });
    this.#halfSweep = { users: halfSweep("users", "items"), items: halfSweep("items", "users") };

    const weighted = h.regularization === "weighted";
    const norms = (side: Side, start: Uint32Array): SquaredNorms =>
      new SquaredNorms(device, {
        rowStart: upload(`row starts of ${side}`, start),
        rows: this.#rows[side],
        count: start.length - 1,
        weighted,
      });
    this.#norms = { users: norms("users", byUser.start), items: norms("items", byItem.start) };
    const errors = (user: GPUBuffer, item: GPUBuffer, value: GPUBuffer, count: number): SquaredErrors =>
      new SquaredErrors(device, {
        user,
        item,
        value,
        count,
        globalMean: initial.globalMean,
        userRows: this.#rows.users,
        itemRows: this.#rows.items,
      });
    this.#trainErrors = errors(upload("user of each rating", rowOfEach(byUser)), csr.users.index, csr.users.value, byUser.index.length);
    if (heldOut && heldOut.value.length > 0) {
      this.#heldOutErrors = errors(
        upload("user of each held-out rating", heldOut.user),
        upload("item of each held-out rating", heldOut.item),
        upload("held-out ratings", heldOut.value),
        heldOut.value.length,
      );
    }
  }

  solve(side: Side, slice?: RowSlice): void {
    this.#halfSweep[side].submit(slice);
  }

  async measure(): Promise<Measurement> {
    return await this.#device.checked("measuring", async () => {
      const sums = [this.#trainErrors, this.#heldOutErrors, this.#norms.users, this.#norms.items];
      const encoder = this.#device.gpu.createCommandEncoder({ label: "measure" });
      const pass = encoder.beginComputePass({ label: "measure" });
      for (const sum of sums) sum?.encode(pass);
      pass.end();
      const reads = [...sums.map((sum) => sum?.partials), this.#singular.users, this.#singular.items].map((buffer) =>
        buffer ? readBuffer(this.#device, encoder, buffer) : undefined,
      );
      this.#device.gpu.queue.submit([encoder.finish()]);
      const [train, heldOut, users, items, singularUser, singularItem] = await Promise.all(reads.map(async (read) => await read?.()));
      throwIfSingular("users", singularUser!);
      throwIfSingular("items", singularItem!);
      const [userFactors, userBiases] = SquaredNorms.total(users!);
      const [itemFactors, itemBiases] = SquaredNorms.total(items!);
      return {
        trainSquares: SquaredErrors.total(train!),
        heldOutSquares: heldOut ? SquaredErrors.total(heldOut) : 0,
        userFactors,
        userBiases,
        itemFactors,
        itemBiases,
      };
    });
  }

  keep(): void {
    const { users, items } = this.#rows;
    this.#kept ??= { users: this.#create("kept user rows", users.size), items: this.#create("kept item rows", items.size) };
    const encoder = this.#device.gpu.createCommandEncoder({ label: "keep" });
    for (const side of SIDES) encoder.copyBufferToBuffer(this.#rows[side], 0, this.#kept[side], 0, this.#rows[side].size);
    this.#device.gpu.queue.submit([encoder.finish()]);
  }

  async read(which: "current" | "kept" = "current"): Promise<Parameters> {
    const rows = which === "kept" ? (this.#kept ?? this.#rows) : this.#rows;
    const [users, items] = await this.#device.checked("reading the factors", async () => {
      const encoder = this.#device.gpu.createCommandEncoder({ label: "read" });
      const reads = [rows.users, rows.items, this.#singular.users, this.#singular.items].map((buffer) =>
        readBuffer(this.#device, encoder, buffer),
      );
      this.#device.gpu.queue.submit([encoder.finish()]);
      const [userRows, itemRows, singularUser, singularItem] = await Promise.all(reads.map((read) => read()));
      throwIfSingular("users", singularUser);
      throwIfSingular("items", singularItem);
      return [userRows, itemRows];
    });
    const { hyperparameters: h, byUser, byItem, initial } = this.#problem;
    const user = unpackRows(new Float32Array(users), byUser.count, h.factors, blocksOf(h.factors));
    const item = unpackRows(new Float32Array(items), byItem.count, h.factors, blocksOf(h.factors));
    return {
      factors: h.factors,
      userFactors: user.factors,
      userBiases: user.biases,
      itemFactors: item.factors,
      itemBiases: item.biases,
      globalMean: initial.globalMean,
    };
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    for (const side of SIDES) {
      this.#halfSweep[side].destroy();
      this.#norms[side].destroy();
    }
    this.#trainErrors.destroy();
    this.#heldOutErrors?.destroy();
  }

  #create(label: string, bytes: number): GPUBuffer {
    const buffer = createStorage(this.#device, label, bytes);
    this.#buffers.push(buffer);
    return buffer;
  }
}

function throwIfSingular(side: Side, read: ArrayBuffer): void {
  const row = new Uint32Array(read)[0];
  if (row !== NO_ROW) throw new NotPositiveDefiniteError(side, row);
}

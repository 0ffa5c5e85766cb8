// What the trainings of all models share on the device: rows of both sides, ratings, the parameters set aside, the readbacks, and, for those
// solved by alternating half-sweeps, these.

import { NotPositiveDefiniteError } from "../../errors.js";
import type { HyperparametersOf, ModelName } from "../../models/registry.js";
import type { Parameters } from "../../models/parameters.js";
import { otherSide, type Problem, type RowSlice, type Side } from "../engine.js";
import { rowLengths } from "../../ratings/csr.js";
import type { RatingColumns } from "../../ratings/ratings.js";
import { createStorage, readBuffer, uploadStorage } from "./buffers.js";
import type { Device } from "./device.js";
import { AlsSums } from "./als-sums.js";
import type { RowKernel } from "./gram-kernel.js";
import { beginCompiling, HalfSweep, type HalfSweepSettings } from "./half-sweep.js";
import { type MemoryPlan, planMemory, sidePlan } from "./memory-plan.js";
import { type Kernel, packHalvesKernel } from "./kernels.js";
import { cutRatings } from "./pieces.js";
import type { RatingStore } from "./rating-store.js";
import { RowPass } from "./row-pass.js";
import { packRows, strideOf, unpackRows } from "./rows.js";
import type { RatingPieces, RowShard, Sum } from "./sums.js";
import { blocksOf, type Spread, spreadBlocks } from "./tile-plan.js";
import { packValues, valueFormat } from "./values.js";

/** A row that no task has: what `first_singular_row` holds while every system was solved. */
const NO_ROW = 0xffffffff;

export const SIDES = ["users", "items"] as const;

/** Four halves. */
const BYTES_PER_HALF_BLOCK = 8;

/** A problem of some model, whose hyperparameters are not looked at here. */
type AnyProblem = Omit<Problem<ModelName>, "model" | "hyperparameters"> & { readonly hyperparameters: HyperparametersOf[ModelName] };

export interface RowSessionParts {
  readonly problem: AnyProblem;
  /** The parameters to start from. */
  readonly initial: Parameters;
  /** What a row carries beside its parameters. */
  readonly spread: Spread;
  /** Whether a row's last component is the number of its ratings. Default false: 0. */
  readonly counted?: boolean | undefined;
  /** Bytes a rating that the model's own copy of the ratings takes. Default 0. */
  readonly copyBytes?: number | undefined;
}

export interface SessionParts extends RowSessionParts {
  readonly rowKernel: RowKernel;
  readonly settings: Record<Side, HalfSweepSettings>;
  /** The matrix that all rows of a side share, of the variants that have one. */
  readonly base?: Record<Side, GPUBuffer> | undefined;
  /** Whether the kernel gathers rows in half precision. Default false. */
  readonly halves?: boolean | undefined;
}

/** Parameters and ratings on the device, whatever trains them. */
export class RowSession {
  protected readonly device: Device;
  protected readonly plan: MemoryPlan;
  /** Rows of each side, a buffer a shard: see shaders/shared/rows.wgsl. */
  protected readonly rows: Record<Side, readonly GPUBuffer[]>;
  protected readonly stores: Record<Side, RatingStore>;
  protected readonly trainRatings: RatingPieces;
  readonly #parts: RowSessionParts;
  readonly #buffers: GPUBuffer[] = [];
  #kept: Record<Side, readonly GPUBuffer[]> | undefined;

  constructor(device: Device, parts: RowSessionParts) {
    const { problem, initial, spread } = parts;
    const { byUser, heldOut } = problem;
    this.device = device;
    this.#parts = parts;
    const [users, items] = [initial.userBiases.length, initial.itemBiases.length];
    const size = { users, items, ratings: byUser.index.length, heldOut: heldOut?.value.length ?? 0 };
    this.plan = planMemory({ ...size, factors: initial.factors, spread, copyBytes: parts.copyBytes }, device);
    this.rows = {
      users: this.#uploadRows("users", initial.userFactors, initial.userBiases),
      items: this.#uploadRows("items", initial.itemFactors, initial.itemBiases),
    };
    const usersStore = device.ratings.borrow("users", byUser, sidePlan(this.plan, "users"));
    // Sends what has been written on its way, while the items' ratings are sorted.
    device.gpu.queue.submit([]);
    this.stores = { users: usersStore, items: device.ratings.borrow("items", problem.byItem, sidePlan(this.plan, "items")) };
    this.trainRatings = this.#ratingsByUser(this.stores.users);
  }

  /** The shards of a side's rows. */
  protected shardsOf(side: Side): readonly RowShard[] {
    const shards = this.plan.shards[side];
    return this.rows[side].map((rows, shard) => ({ rows, count: shards.to(shard) - shards.from(shard) }));
  }

  /** What the objective of `als` is put together from. */
  protected alsSums(options: { weighted?: boolean; logistic?: boolean } = {}): AlsSums {
    const { problem, initial } = this.#parts;
    return new AlsSums(this.device, {
      train: this.trainRatings,
      heldOut: this.uploadHeldOut(problem.heldOut),
      shards: { users: this.shardsOf("users"), items: this.shardsOf("items") },
      csr: { users: problem.byUser, items: problem.byItem },
      globalMean: initial.globalMean,
      ...options,
    });
  }

  keep(): void {
    const { users, items } = this.rows;
    this.#kept ??= {
      users: users.map(({ size }) => this.create("kept user rows", size)),
      items: items.map(({ size }) => this.create("kept item rows", size)),
    };
    const encoder = this.device.gpu.createCommandEncoder({ label: "keep" });
    for (const side of SIDES)
      this.rows[side].forEach((rows, shard) => encoder.copyBufferToBuffer(rows, 0, this.#kept![side][shard], 0, rows.size));
    this.device.gpu.queue.submit([encoder.finish()]);
  }

  /** Factors, biases and covariances of both sides, current or kept. @throws NotPositiveDefiniteError, DeviceError */
  protected async readRows(which: "current" | "kept") {
    const rows = which === "kept" ? (this.#kept ?? this.rows) : this.rows;
    const { problem, initial, spread } = this.#parts;
    const read = await this.device.checked("reading the factors", async () => {
      const encoder = this.device.gpu.createCommandEncoder({ label: "read" });
      const reads = [...rows.users, ...rows.items].map((buffer) => readBuffer(this.device, encoder, buffer));
      return await this.finish(encoder, reads);
    });
    const shards = read.map((bytes) => new Float32Array(bytes));
    const { length: users } = rows.users;
    return {
      users: unpackRows(shards.slice(0, users), problem.byUser.count, initial.factors, spread),
      items: unpackRows(shards.slice(users), problem.byItem.count, initial.factors, spread),
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

  /** Runs summing kernels and reads their partial sums, those of all runs of a sum together. @throws NotPositiveDefiniteError, DeviceError */
  protected async readSums(sums: readonly Sum[]): Promise<ArrayBuffer[]> {
    return await this.device.checked("measuring", async () => {
      for (const sum of sums) await this.#addStreamed(sum);
      const encoder = this.device.gpu.createCommandEncoder({ label: "measure" });
      const pass = encoder.beginComputePass({ label: "measure" });
      for (const sum of sums) sum.runs.forEach(({ load }, run) => (load ? undefined : sum.encode(pass, run)));
      pass.end();
      const runs = sums.flatMap((sum) => sum.runs);
      const reads = runs.map(({ partials }) => readBuffer(this.device, encoder, partials));
      const read = await this.finish(encoder, reads);
      let at = 0;
      return sums.map((sum) => joined(read.slice(at, (at += sum.runs.length))));
    });
  }

  /** The runs of a sum over what is streamed, one submission each. */
  async #addStreamed(sum: Sum): Promise<void> {
    const perRating = this.#parts.initial.factors + spreadBlocks(this.#parts.initial.factors, this.#parts.spread);
    for (const [run, { load, count }] of sum.runs.entries()) {
      if (!load) continue;
      load();
      const encoder = this.device.gpu.createCommandEncoder({ label: "measure" });
      const pass = encoder.beginComputePass({ label: "measure" });
      sum.encode(pass, run);
      pass.end();
      await this.device.pace.submit(encoder.finish(), count * (perRating + 1));
    }
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
  protected uploadHeldOut(heldOut: RatingColumns | undefined): RatingPieces | undefined {
    if (!heldOut || heldOut.value.length === 0) return undefined;
    const { shards } = this.plan;
    const format = valueFormat(heldOut.value);
    // Sums over draws take two floats a rating.
    const most = Math.floor(this.device.bindingBytes / 8);
    const pieces = cutRatings(heldOut, shards.users, shards.items, most).map(({ users, items, user, item, value }) => ({
      user: this.upload("user of each held-out rating", user),
      item: this.upload("item of each held-out rating", item),
      value: this.upload("held-out ratings", packValues(value, format)),
      userRows: this.rows.users[users],
      itemRows: this.rows.items[items],
      count: value.length,
    }));
    return { count: heldOut.value.length, format, pieces };
  }

  #ratingsByUser(store: RatingStore): RatingPieces {
    const pieces = store.pieces.map(({ own, other, csr }, at) => {
      const { row, index, value } = store.buffers(at);
      return {
        user: row!,
        item: index,
        value,
        userRows: this.rows.users[own],
        itemRows: this.rows.items[other],
        count: csr.index.length,
        load: store.streamed ? () => store.load(at, true) : undefined,
      };
    });
    return { count: this.#parts.problem.byUser.index.length, format: store.format, pieces };
  }

  #uploadRows(side: Side, factors: Float32Array, biases: Float32Array): GPUBuffer[] {
    const { initial, spread, counted, problem } = this.#parts;
    const { factors: K, posterior } = initial;
    const counts = counted ? rowLengths(side === "users" ? problem.byUser : problem.byItem) : undefined;
    const shards = this.plan.shards[side];
    const width = posterior ? posterior[side].length / Math.max(1, biases.length) : 0;
    return Array.from({ length: shards.count }, (_, shard) => {
      const [from, to] = [shards.from(shard), shards.to(shard)];
      const covariances = posterior && { family: posterior.family, values: posterior[side].subarray(from * width, to * width) };
      const rows = packRows(factors.subarray(from * K, to * K), biases.subarray(from, to), K, spread, covariances);
      const stride = strideOf(K, spread);
      const last = 4 * blocksOf(K) - 1;
      if (counts) for (let row = from; row < to; row++) rows[(row - from) * stride + last] = counts[row];
      return this.upload(`${side} rows`, rows);
    });
  }

  destroy(): void {
    for (const side of SIDES) this.device.ratings.giveBack(this.stores[side]);
    for (const buffer of this.#buffers) buffer.destroy();
  }
}

function joined(parts: readonly ArrayBuffer[]): ArrayBuffer {
  if (parts.length === 1) return parts[0];
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part), at);
    at += part.byteLength;
  }
  return bytes.buffer;
}

/** A training by half-sweeps of the Gram-and-solve kernel. */
export class HalfSweepSession extends RowSession {
  protected readonly halfSweep: Record<Side, HalfSweep>;
  /** Each side's rows in half precision, for the other side to gather. */
  readonly #halves: Record<Side, RowPass> | undefined;
  readonly #packHalves: Kernel;
  readonly #singular: Record<Side, GPUBuffer>;

  constructor(device: Device, parts: SessionParts) {
    // While the ratings are sorted and written.
    beginCompiling(device, parts.rowKernel);
    super(device, parts);
    const { rowKernel, settings, base, initial, spread } = parts;
    const singular = (side: Side): GPUBuffer => this.upload(`first singular row of ${side}`, Uint32Array.of(NO_ROW));
    this.#singular = { users: singular("users"), items: singular("items") };
    this.#packHalves = packHalvesKernel(initial.factors, spread);
    const halves = (side: Side): RowPass =>
      new RowPass(device, `${side} in half precision`, this.shardsOf(side), initial.factors, (blocks) =>
        createStorage(device, `${side} in half precision`, blocks * BYTES_PER_HALF_BLOCK),
      );
    this.#halves = parts.halves ? { users: halves("users"), items: halves("items") } : undefined;
    const halfSweep = (side: Side, other: Side): HalfSweep =>
      new HalfSweep(device, {
        side,
        settings: settings[side],
        rowKernel,
        ratings: this.stores[side],
        shards: this.plan.shards[side],
        fixedRows: this.#halves?.[other].beside ?? this.rows[other],
        solvedRows: this.rows[side],
        firstSingularRow: this.#singular[side],
        scratchBytes: this.plan.scratchBytes,
        base: base?.[side],
      });
    this.halfSweep = { users: halfSweep("users", "items"), items: halfSweep("items", "users") };
  }

  /** Compiles what half-sweeps need. */
  protected async compileHalfSweeps(): Promise<void> {
    await Promise.all(
      SIDES.flatMap((side) => [
        this.halfSweep[side].compile(),
        this.#halves?.[side].compile(this.#packHalves, "pack_halves") ?? Promise.resolve(),
      ]),
    );
  }

  async solve(side: Side, slice?: RowSlice): Promise<void> {
    this.#halves?.[otherSide(side)].submit();
    await this.halfSweep[side].submit(slice);
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
    for (const side of SIDES) {
      this.halfSweep[side].destroy();
      this.#halves?.[side].destroy();
    }
  }
}

function throwIfSingular(side: Side, read: ArrayBuffer): void {
  const row = new Uint32Array(read)[0];
  if (row !== NO_ROW) throw new NotPositiveDefiniteError(side, row);
}

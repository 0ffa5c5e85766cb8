// A session on the device: rows and ratings live there;
// operations are queued, and only sums and what is read come back.

import { OptionsError } from "../../errors.js";
import {
  type BatchStep,
  type EngineState,
  type Epoch,
  type JoinBlocks,
  type RowChoice,
  type Rows,
  type RowSlice,
  type Session,
  type Side,
  SIDES,
  type SumRequest,
  type SumResults,
  type System,
  type Which,
  type Workload,
} from "../engine.js";
import { type Copy, createStorage, readBuffers } from "./device/buffers.js";
import type { Device } from "./device/device.js";
import { type MemoryPlan, planMemory, sidePlan } from "./memory/memory-plan.js";
import { ratingSets } from "./sums/rating-sets.js";
import { type RatingStore, ratingStoresOf } from "./memory/rating-store.js";
import { RowStore } from "./memory/row-store.js";
import { alignFormats } from "./memory/values.js";
import type { GramTuning } from "./rows/gram-kernel.js";
import { leavesErrors, leavesExpectedErrors } from "./rows/gram-kernels.js";
import { RowGram } from "./rows/row-gram.js";
import { heavyBallKernel } from "./rows/row-kernels.js";
import { RowPass } from "./rows/row-pass.js";
import { beginSolver, RowSolver } from "./rows/row-solver.js";
import { spreadBlocks } from "./rows/tile-plan.js";
import { BatchSteps } from "./steps/batch-step.js";
import { BLOCK_BYTES_PER_RATING, BlockEpochs } from "./steps/block-epochs.js";
import { type RatingSets, SessionSums, type SumPlan } from "./sums/session-sums.js";
import type { Sum } from "./sums/sums.js";

type Sides<T> = Readonly<Record<Side, T>>;

export class WebGpuSession implements Session {
  readonly #device: Device;
  readonly #workload: Workload;
  readonly #plan: MemoryPlan;
  readonly #rows: RowStore;
  readonly #stores: Sides<RatingStore>;
  readonly #sets: RatingSets;
  readonly #heldOutBuffers: readonly GPUBuffer[];
  readonly #grams: Sides<RowGram> | undefined;
  readonly #solver: RowSolver | undefined;
  readonly #extrapolations: Partial<Record<Side, RowPass>>;
  readonly #batchSteps: BatchSteps | undefined;
  readonly #epochs: BlockEpochs | undefined;
  readonly #sums: SessionSums;
  /**
   * Whether solved rows carry the errors of their ratings, and the side that does so now:
   * that which was solved last, if it was solved whole.
   */
  readonly #carries: boolean;
  #carried: Side | undefined;
  /** The slices of a side that have been solved one after the other, while they are not all. */
  #solved: { readonly side: Side; readonly slices: RowSlice[] } | undefined;

  static async open(device: Device, workload: Workload, tuning?: GramTuning): Promise<WebGpuSession> {
    let session: WebGpuSession | undefined;
    try {
      await device.checked("loading the ratings", () => void (session = new WebGpuSession(device, workload, tuning)));
      await session!.#compile();
      return session!;
    } catch (error) {
      session?.destroy();
      throw error;
    }
  }

  private constructor(device: Device, workload: Workload, tuning: GramTuning | undefined) {
    this.#device = device;
    this.#workload = workload;
    const { byUser, factors: K, operations, spread, share } = workload;
    if (share && !byUser.weight) alignFormats(byUser.value, workload.byItem.value, byUser.unit);
    // Compiles while the ratings are sorted and written.
    const begun = operations.solve && beginSolver(device, workload, operations.solve, tuning);
    const [users, items] = [workload.rows.users.biases.length, workload.rows.items.biases.length];
    const ratings = share ? Math.max(byUser.index.length, workload.byItem.index.length) : byUser.index.length;
    const weighted = byUser.weight !== undefined || workload.heldOut?.weight !== undefined;
    const size = { users, items, ratings, weighted, heldOut: workload.heldOut?.value.length ?? 0 };
    const copyBytes = operations.epochs && BLOCK_BYTES_PER_RATING;
    const [descends, pulled] = [operations.steps !== undefined, (operations.pulls ?? []).length > 0];
    this.#plan = planMemory({ ...size, factors: K, spread, descends, pulled, copyBytes }, device);
    this.#rows = new RowStore(device, workload, this.#plan, operations.epochs !== undefined);
    const stores = ratingStoresOf(device);
    const byUsers = stores.borrow("users", byUser, sidePlan(this.#plan, "users"));
    // Sends what has been written on its way, while the items' ratings are sorted.
    device.gpu.queue.submit([]);
    this.#stores = { users: byUsers, items: stores.borrow("items", workload.byItem, sidePlan(this.#plan, "items")) };
    const { sets, buffers } = ratingSets(device, workload, this.#plan, this.#rows, byUsers);
    this.#sets = sets;
    this.#heldOutBuffers = buffers;
    const gram = (side: Side): RowGram => new RowGram(device, side, this.#rows.shards[side], K, descends);
    const summed = operations.solve === "confident" || operations.sums.includes("moments");
    this.#grams = summed ? { users: gram("users"), items: gram("items") } : undefined;
    this.#solver =
      begun && new RowSolver(device, { ...begun, workload, plan: this.#plan, rows: this.#rows, ratings: this.#stores, grams: this.#grams });
    // What is left of a right-hand side is the errors only where the system is solved.
    this.#carries = begun !== undefined && !descends && (leavesErrors(begun.variant) || leavesExpectedErrors(begun.variant));
    const before = (blocks: number): GPUBuffer => createStorage(device, "rows as they were", blocks * 16);
    this.#extrapolations = Object.fromEntries(
      (operations.extrapolate ?? []).map((side) => [
        side,
        new RowPass(device, `heavy ball of ${side}`, this.#rows.shards[side], K, before),
      ]),
    );
    if (operations.batchStep) this.#batchSteps = new BatchSteps(device, workload, this.#plan, this.#rows, this.#stores);
    if (operations.epochs) this.#epochs = new BlockEpochs(device, workload, this.#plan, this.#rows);
    this.#sums = new SessionSums(device, workload, this.#rows, this.#sets);
  }

  async #compile(): Promise<void> {
    const { factors: K, spread } = this.#workload;
    await Promise.all([
      this.#solver?.compile(),
      ...SIDES.flatMap((side) => [
        this.#grams?.[side].compile(),
        this.#extrapolations[side]?.compile(heavyBallKernel(K, spread), "heavy_ball"),
      ]),
      this.#batchSteps?.compile(),
      this.#epochs?.compile(),
      this.#sums.compile(),
    ]);
    for (const side of SIDES) {
      // The rows that the session begins with are those before.
      this.#extrapolations[side]?.submit(0);
    }
  }

  async solve(side: Side, system: System, slice?: RowSlice): Promise<void> {
    if (!this.#solver) throw new OptionsError("the session was not opened for half-sweeps");
    this.#wrote(side, slice ?? { from: 0, to: this.#workload.rows[side].biases.length });
    await this.#solver.solve(side, system, slice);
  }

  async writePulls(side: Side, pulls: Float64Array): Promise<void> {
    this.#solver!.writePulls(side, pulls);
  }

  async extrapolate(side: Side, momentum: number): Promise<void> {
    this.#changed();
    this.#extrapolations[side]!.submit(momentum);
  }

  async batchStep(step: BatchStep): Promise<void> {
    await this.#batchSteps!.take(step);
  }

  async runEpoch(epoch: Epoch): Promise<void> {
    await this.#epochs!.run(epoch);
  }

  async sums<const R extends Readonly<Record<string, SumRequest>>>(requests: R, join?: JoinBlocks): Promise<SumResults<R>> {
    const moments: [string, RowGram][] = [];
    const plans: [string, SumPlan][] = [];
    for (const [name, request] of Object.entries(requests)) {
      if (request.of === "moments") moments.push([name, this.#gramOf(request.side)]);
      else plans.push([name, this.#sums.plan(request, this.#carried)]);
    }
    const sums = [...new Set(plans.flatMap(([, plan]) => plan.sums))];
    for (const sum of sums) if (sum.isStreamed) await this.#addStreamed(sum);
    const runs = sums.map((sum) => sum.runs.length);
    // Everything is queued at once, and comes back in one answer.
    const read = await this.#read(
      "measuring",
      (encoder) => {
        for (const [, gram] of moments) gram.encode(encoder, 1);
        if (sums.length > 0) this.#encodeSums(encoder, sums);
        return [
          ...sums.flatMap((sum) => sum.runs.map(({ partials }) => ({ source: partials }))),
          ...moments.map(([, { total }]) => ({ source: total })),
        ];
      },
      (parts) => {
        let at = 0;
        const partials = runs.map((count) => parts.slice(at, (at += count)));
        return {
          // Blocks of ratings are joined with those of other sessions before they are added up.
          sums: sums.map((sum, n) =>
            join && sum.overRatings ? { blocks: new Float64Array(joined(partials[n])) } : { total: sum.total(partials[n]) },
          ),
          moments: moments.map(([name, gram], n) => [name, gram.moments(parts[at + n])] as const),
        };
      },
    );
    const totals = new Map<Sum, number[]>();
    for (const [n, sum] of sums.entries()) {
      const { blocks, total } = read.sums[n];
      totals.set(sum, total ?? sum.total([await join!(blocks, sum.columns)]));
    }
    const results = plans.map(([name, plan]) => [name, plan.result(plan.sums.map((sum) => totals.get(sum)!))]);
    return Object.fromEntries([...results, ...read.moments]) as SumResults<R>;
  }

  keep(): void {
    this.#rows.keep();
  }

  async readRows(side: Side, which: Which = "current", slice?: RowSlice): Promise<Rows> {
    const all = slice ?? { from: 0, to: this.#workload.rows[side].biases.length };
    return await this.#readSide(side, this.#rows.copies(side, which, all), (read) => this.#rows.unpack(read, all));
  }

  async writeRows(side: Side, rows: Rows, from = 0): Promise<void> {
    this.#changed();
    // Of rows that carry nothing more, nothing is left as it was.
    if (this.#workload.spread === "none") return this.#rows.write(side, this.#rows.pack(side, rows, from), from);
    const slice = { from, to: from + rows.biases.length };
    const packed = await this.#readSide(side, this.#rows.copies(side, "current", slice), joined);
    this.#rows.overwrite(side, packed, rows, from);
    this.#rows.write(side, packed, from);
  }

  async readPacked(side: Side, rows: RowChoice): Promise<Float32Array> {
    const all = { from: 0, to: this.#workload.rows[side].biases.length };
    const slice = rows instanceof Uint32Array ? all : rows;
    const read = await this.#readSide(side, this.#rows.copies(side, "current", slice), joined);
    return rows instanceof Uint32Array ? this.#rows.chosen(read, rows) : read;
  }

  async writePacked(side: Side, rows: RowChoice, packed: Float32Array): Promise<void> {
    this.#wrote(side, rows);
    if (!(rows instanceof Uint32Array)) return this.#rows.write(side, packed, rows.from);
    const width = packed.length / rows.length;
    rows.forEach((row, at) => this.#rows.write(side, packed.subarray(at * width, (at + 1) * width), row));
  }

  async readState(): Promise<EngineState> {
    const parts = this.#stateParts();
    return await this.#read(
      "reading the state",
      () => parts.flatMap(({ buffers, bytes }) => buffers.map((source, at) => ({ source, size: bytes[at] }))),
      (read) => {
        let at = 0;
        return Object.fromEntries(parts.map(({ name, buffers }) => [name, joined(read.slice(at, (at += buffers.length)))]));
      },
    );
  }

  async writeState(state: EngineState): Promise<void> {
    this.#changed();
    // What is set aside has a place from then on.
    this.#rows.keep();
    const parts = this.#stateParts();
    for (const { name, bytes } of parts) {
      const length = bytes.reduce((sum, size) => sum + size, 0) / 4;
      if (!(state[name] instanceof Float32Array) || state[name].length !== length)
        throw new OptionsError(`the state has no "${name}" of ${length} float32 numbers: it is another training's or engine's`);
    }
    for (const { name, buffers, bytes } of parts) {
      let at = 0;
      buffers.forEach((buffer, part) => {
        const values = state[name].subarray(at, (at += bytes[part] / 4));
        this.#device.gpu.queue.writeBuffer(buffer, 0, values as Float32Array<ArrayBuffer>);
      });
    }
  }

  destroy(): void {
    const stores = ratingStoresOf(this.#device);
    for (const side of SIDES) {
      stores.giveBack(this.#stores[side]);
      this.#grams?.[side].destroy();
      this.#extrapolations[side]?.destroy();
    }
    for (const part of [this.#rows, this.#solver, this.#batchSteps, this.#epochs, this.#sums]) part?.destroy();
    for (const buffer of this.#heldOutBuffers) buffer.destroy();
  }

  /** Rows of a side that are solved now, here or by another session: when they are all, they carry their errors. */
  #wrote(side: Side, rows: RowChoice): void {
    if (rows instanceof Uint32Array || !this.#carries) return this.#changed();
    if (this.#carried === side) return;
    const slices = [...(this.#solved?.side === side ? this.#solved.slices : []), rows].sort((a, b) => a.from - b.from);
    this.#changed();
    let end = 0;
    for (const { from, to } of slices) if (from <= end) end = Math.max(end, to);
    if (end === this.#workload.rows[side].biases.length) this.#carried = side;
    else this.#solved = { side, slices };
  }

  /** Rows have changed otherwise: none carry their errors. */
  #changed(): void {
    this.#carried = undefined;
    this.#solved = undefined;
  }

  /** Every buffer that changes in training, by name, and how many of its bytes are used. */
  #stateParts(): { name: string; buffers: readonly GPUBuffer[]; bytes: readonly number[] }[] {
    const whole = (buffers: readonly GPUBuffer[]) => ({ buffers, bytes: buffers.map(({ size }) => size) });
    const sides = SIDES.flatMap((side) => [
      { name: `current ${side}`, ...whole(this.#rows.buffers(side, "current")) },
      { name: `kept ${side}`, ...whole(this.#rows.buffers(side, "kept")) },
      { name: `before ${side}`, ...whole(this.#extrapolations[side]?.beside ?? []) },
    ]);
    return [...sides, { name: "sums over the draws", ...this.#sums.stateBuffers }];
  }

  /** @throws OptionsError when the session was not opened for moments. */
  #gramOf(side: Side): RowGram {
    const gram = this.#grams?.[side];
    if (!gram) throw new OptionsError('the session was not opened for sums of "moments"');
    return gram;
  }

  /** Encodes summing kernels, but for what is streamed. */
  #encodeSums(encoder: GPUCommandEncoder, sums: readonly Sum[]): void {
    const pass = this.#device.beginPass(encoder, "measure");
    for (const sum of sums) sum.runs.forEach(({ load }, run) => (load ? undefined : sum.encode(pass, run)));
    pass.end();
  }

  /** The runs of a sum over what is streamed, one submission each. */
  async #addStreamed(sum: Sum): Promise<void> {
    const { factors: K, spread } = this.#workload;
    for (const [run, { load, count }] of sum.runs.entries()) {
      if (!load) continue;
      load();
      const encoder = this.#device.gpu.createCommandEncoder({ label: "measure" });
      const pass = this.#device.beginPass(encoder, "measure");
      sum.encode(pass, run);
      pass.end();
      await this.#device.pace.submit(encoder.finish(), count * (K + spreadBlocks(K, spread) + 1));
    }
  }

  /** Reads rows of a side. */
  #readSide<T>(side: Side, copies: readonly Copy[], take: (read: readonly Float32Array[]) => T): Promise<T> {
    return this.#read(`reading the rows of ${side}`, () => copies, take);
  }

  /**
   * Encodes work, submits it and reads what comes of it, in one answer.
   *
   * @param encode what is to be read. @param take what comes of that; it is gone when it returns.
   * @throws NotPositiveDefiniteError, DeviceError
   */
  async #read<T>(
    what: string,
    encode: (encoder: GPUCommandEncoder) => readonly Copy[],
    take: (read: readonly Float32Array[]) => T,
  ): Promise<T> {
    return await this.#device.checked(what, () => {
      const encoder = this.#device.gpu.createCommandEncoder({ label: what });
      const copies = encode(encoder);
      const read = readBuffers(this.#device, encoder, [...copies, ...(this.#solver?.singular ?? [])], (parts) => {
        this.#solver?.throwIfSingular(parts.slice(copies.length));
        return take(parts.slice(0, copies.length));
      });
      this.#device.gpu.queue.submit([encoder.finish()]);
      return read();
    });
  }
}

/** A copy of all of them, one behind the other. */
function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

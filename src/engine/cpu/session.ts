// A session of the cpu engine, as the calling thread has it: it holds no rows, it only says what the threads are to do.

import { DeviceError, NotPositiveDefiniteError, OptionsError } from "../../errors.js";
import { evenBlocks, ratingBlocks, roundsOf } from "../blocks.js";
import {
  type BatchStep,
  type EngineState,
  type Epoch,
  type JoinBlocks,
  type Moments,
  type RatingSet,
  type RowChoice,
  otherSide,
  type Rows,
  type RowSlice,
  type Session,
  type Side,
  SIDES,
  type SumKind,
  type SumRequest,
  type SumResults,
  type SumTypes,
  type System,
  type Which,
  type Workload,
} from "../engine.js";
import { chunksOf } from "./chunks.js";
import type { Crew } from "./crew.js";
import { ARRAYS, rowStride } from "./fields.js";
import type { GivenRows, RatingSum, RowSum, SharedJob, SoleJob } from "./jobs.js";
import { addBlocks, blocksInOrder, expectedErrorsOf, momentsOf, normsOf, posteriorSumsOf } from "./results.js";
import { SUM_RATINGS } from "./memory-plan.js";
import { openMemory, type SessionSetup } from "./open-memory.js";
import { systemNumbers } from "./systems.js";

/** Numbers of an array that are handed to a thread, or back, at a time. */
const PIECE = 1 << 20;

const alone: JoinBlocks = async (blocks) => blocks;

export class CpuSession implements Session {
  readonly #crew: Crew;
  readonly #workload: Workload;
  readonly #setup: SessionSetup;
  readonly #start: Readonly<Record<Side, Uint32Array>>;
  readonly #chunks = new Map<Side, Uint32Array>();
  readonly #blocks = new Map<RatingSet, Uint32Array>();
  /** Moments of a side while its rows do not change. */
  readonly #moments = new Map<Side, Promise<Moments>>();
  #last: Promise<unknown> = Promise.resolve();
  #failure: unknown;
  #closed = false;

  /** @throws DeviceError when the workload does not fit. */
  static async open(crew: Crew, workload: Workload, memoryBytes: number): Promise<CpuSession> {
    return new CpuSession(crew, workload, await openMemory(crew, workload, memoryBytes));
  }

  private constructor(crew: Crew, workload: Workload, setup: SessionSetup) {
    this.#crew = crew;
    this.#workload = workload;
    this.#setup = setup;
    this.#start = { users: workload.byUser.start, items: workload.byItem.start };
  }

  async solve(side: Side, system: System, slice?: RowSlice): Promise<void> {
    const { factors: K } = this.#workload;
    const chunks = this.#chunksOf(side, slice);
    this.#queue(async () => {
      const others = system.kind === "confident" ? await this.#momentsOf(otherSide(side)) : undefined;
      const failed = await this.#all({ do: "solve", side, system: systemNumbers(system, K, others), chunks });
      this.#moments.delete(side);
      const rows = (failed as number[]).filter((row) => row >= 0);
      if (rows.length > 0) throw new NotPositiveDefiniteError(side, Math.min(...rows));
    });
  }

  async writePulls(side: Side, pulls: Float64Array): Promise<void> {
    const D = this.#workload.factors + 1;
    const S = rowStride(D - 1);
    const padded = new Float32Array(this.#countOf(side) * S);
    for (let row = 0; row < padded.length / S; row++) padded.set(pulls.subarray(row * D, (row + 1) * D), row * S);
    this.#queue(() => this.#load(`${side} pulls`, padded));
  }

  async extrapolate(side: Side, momentum: number): Promise<void> {
    this.#queue(async () => {
      await this.#all({ do: "extrapolate", side, momentum });
      this.#moments.delete(side);
    });
  }

  async batchStep({ lambda, precisions, biases, step, momentum }: BatchStep): Promise<void> {
    this.#queue(async () => {
      for (const side of SIDES) {
        const own = Float32Array.from(precisions[side]);
        const chunks = this.#chunksOf(side, this.#workload.share?.rows[side]);
        await this.#all({ do: "slopes", side, chunks, lambda, precisions: own, biases, step, momentum });
      }
      for (const side of SIDES) await this.#all({ do: "takeStep", side, rows: this.#rowsHere(side) });
      this.#moments.clear();
    });
  }

  async runEpoch({ number, link, lambda, precisions, biases, step, round }: Epoch): Promise<void> {
    const { groups } = this.#setup;
    const rounds = round ? Uint32Array.of(round.number) : roundsOf(groups, this.#workload.operations.epochs!.seed, number);
    const taken = round?.groups ?? { from: 0, to: groups };
    this.#queue(async () => {
      await this.#all({ do: "epoch", rounds, groups, taken, logistic: link === "logistic", lambda, precisions, biases, step });
      this.#moments.clear();
    });
  }

  sums<const R extends Readonly<Record<string, SumRequest>>>(requests: R, join: JoinBlocks = alone): Promise<SumResults<R>> {
    return this.#answer(async () => {
      const results: Record<string, unknown> = {};
      for (const [name, request] of Object.entries(requests)) results[name] = await this.#sum(request, join);
      return results as SumResults<R>;
    });
  }

  keep(): void {
    const pairs = this.#setup.fields.flatMap(({ name, role }) => {
      const kept = name.replace(" ", " kept ");
      return role !== "kept" && this.#has(kept) ? [[name, kept] as const] : [];
    });
    this.#queue(() => this.#one({ do: "copyFields", pairs }));
  }

  readRows(side: Side, which: Which = "current", slice?: RowSlice): Promise<Rows> {
    const { from, to } = slice ?? { from: 0, to: this.#countOf(side) };
    return this.#answer(async () => (await this.#one({ do: "readRows", side, kept: which === "kept", from, to })) as Rows);
  }

  async writeRows(side: Side, rows: Rows, from = 0): Promise<void> {
    const copied: GivenRows = {
      factors: Float32Array.from(rows.factors),
      biases: Float32Array.from(rows.biases),
      covariances: rows.covariances && Float32Array.from(rows.covariances),
    };
    this.#queue(async () => {
      await this.#one(
        { do: "writeRows", side, from, rows: copied },
        Object.values(copied).flatMap((values) => (values ? [values.buffer] : [])),
      );
      this.#moments.delete(side);
    });
  }

  readPacked(side: Side, rows: RowChoice): Promise<Float32Array> {
    return this.#answer(async () => (await this.#one({ do: "readPacked", side, rows })) as Float32Array);
  }

  async writePacked(side: Side, rows: RowChoice, packed: Float32Array): Promise<void> {
    const copied = packed.slice();
    this.#queue(async () => {
      await this.#one({ do: "writePacked", side, rows, packed: copied }, [copied.buffer as ArrayBuffer]);
      this.#moments.delete(side);
    });
  }

  readState(): Promise<EngineState> {
    return this.#answer(async () => {
      const state: Record<string, Float32Array | Float64Array> = {};
      for (const { name, type, stride, count, state: changes } of this.#setup.fields) {
        if (!changes) continue;
        const values = new ARRAYS[type](stride * count);
        for (let from = 0; from < values.length; from += PIECE) {
          const piece = await this.#one({ do: "unload", field: name, from, count: Math.min(PIECE, values.length - from) });
          values.set(piece as Float32Array, from);
        }
        state[name] = values as Float32Array;
      }
      return state;
    });
  }

  async writeState(state: EngineState): Promise<void> {
    const arrays = this.#setup.fields.flatMap((field) => (field.state ? [{ field, values: state[field.name] }] : []));
    for (const { field, values } of arrays) {
      const { name, type, stride, count } = field;
      if (!(values instanceof ARRAYS[type]) || values.length !== stride * count)
        throw new OptionsError(`the state has no "${name}" of ${stride * count} ${type} numbers: it is another training's or engine's`);
    }
    await this.#answer(async () => {
      for (const { field, values } of arrays) await this.#load(field.name, values);
      this.#moments.clear();
    });
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#last = this.#last.then(() => this.#crew.close(this.#setup.session));
  }

  async #sum(request: SumRequest, join: JoinBlocks): Promise<SumTypes[SumKind]["gives"]> {
    const D = this.#workload.factors + 1;
    switch (request.of) {
      case "squaredNorms":
        return normsOf(await this.#rowSums(request, 2));
      case "moments":
        return await this.#momentsOf(request.side);
      case "posteriorSums":
        return posteriorSumsOf(await this.#rowSums(request, D + 1), this.#countOf(request.side), D);
      case "squaredErrors":
      case "logLosses":
        return (await this.#ratingSums(request, 1, join))[0];
      case "confidentErrors":
        return (await this.#ratingSums({ ...request, over: "training" }, 1, join))[0];
      case "expectedErrors":
        return expectedErrorsOf(await this.#ratingSums(request, 3, join));
      case "expectedSquares": {
        const { lambda } = request;
        const { squares, variances } = expectedErrorsOf(
          await this.#ratingSums({ of: "expectedErrors", over: "training", lambda }, 3, join),
        );
        return { squares, variances };
      }
      case "averagedErrors": {
        const [squares, clippedSquares, logDensity] = await this.#ratingSums({ ...request, over: "heldOut" }, 3, join);
        return { squares, clippedSquares, logDensity };
      }
    }
  }

  async #rowSums(sum: RowSum, width: number): Promise<Float64Array> {
    return addBlocks(blocksInOrder(await this.#all({ do: "sumRows", sum }), width), width);
  }

  async #ratingSums(sum: RatingSum, width: number, join: JoinBlocks): Promise<Float64Array> {
    const here = await this.#all({ do: "sumRatings", sum, blocks: this.#blocksOf(sum.over) });
    return addBlocks(await join(blocksInOrder(here, width), width), width);
  }

  #blocksOf(over: RatingSet): Uint32Array {
    let known = this.#blocks.get(over);
    if (!known) {
      const { heldOut } = this.#workload;
      known =
        over === "training"
          ? ratingBlocks(this.#start.users, this.#rowsHere("users"), SUM_RATINGS)
          : evenBlocks(heldOut?.value.length ?? 0, SUM_RATINGS);
      this.#blocks.set(over, known);
    }
    return known;
  }

  /** The rows of a side whose ratings are here. */
  #rowsHere(side: Side): RowSlice {
    return this.#workload.share?.rows[side] ?? { from: 0, to: this.#countOf(side) };
  }

  /** Moments of a side's rows as they are. */
  #momentsOf(side: Side): Promise<Moments> {
    const D = this.#workload.factors + 1;
    let known = this.#moments.get(side);
    if (!known) {
      known = this.#rowSums({ of: "moments", side }, D + D * D).then((sums) => momentsOf(sums, this.#countOf(side), D));
      this.#moments.set(side, known);
    }
    return known;
  }

  #chunksOf(side: Side, slice?: RowSlice): Uint32Array {
    const { factors: K, spread, operations } = this.#workload;
    if (slice) return chunksOf(this.#start[side], K, slice, spread === "full", operations.steps);
    let chunks = this.#chunks.get(side);
    if (!chunks) {
      chunks = chunksOf(this.#start[side], K, { from: 0, to: this.#countOf(side) }, spread === "full", operations.steps);
      this.#chunks.set(side, chunks);
    }
    return chunks;
  }

  #countOf(side: Side): number {
    return this.#start[side].length - 1;
  }

  #has(field: string): boolean {
    return this.#setup.fields.some(({ name }) => name === field);
  }

  async #load(field: string, values: Float32Array | Float64Array | Uint32Array): Promise<void> {
    for (let from = 0; from < values.length; from += PIECE) {
      const piece = values.slice(from, from + PIECE);
      await this.#one({ do: "load", field, from, values: piece }, [piece.buffer as ArrayBuffer]);
    }
  }

  #all(job: SharedJob): Promise<unknown[]> {
    return this.#crew.all(this.#setup.session, job);
  }

  #one(job: SoleJob, handedOver?: readonly ArrayBuffer[]): Promise<unknown> {
    return this.#crew.one(this.#setup.session, job, handedOver);
  }

  /** Puts an operation behind those before; what goes wrong comes out of the next answer. */
  #queue(operation: () => Promise<unknown>): void {
    this.#throwIfClosed();
    this.#last = this.#last.then(async () => {
      try {
        await operation();
      } catch (error) {
        this.#failure ??= error;
      }
    });
  }

  /** An answer from the present state. */
  async #answer<T>(operation: () => Promise<T>): Promise<T> {
    this.#throwIfClosed();
    const answer = this.#last.then(() => {
      if (this.#failure !== undefined) throw this.#failure;
      return operation();
    });
    this.#last = answer.catch(() => {});
    return await answer;
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new DeviceError("device-lost", "the session was destroyed", { remedy: "open a session anew" });
  }
}

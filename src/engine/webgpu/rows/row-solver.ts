// Half-sweeps of both sides of a session: the kernel of its system, the settings that an asked-for system becomes,
// the matrix that all rows share, half-precision copies, and the first row that was singular.

import { NotPositiveDefiniteError, OptionsError } from "../../../errors.js";
import { type DrawnSystem, otherSide, type RowSlice, type Side, SIDES, type System, type SystemKind, type Workload } from "../../engine.js";
import { triangle } from "../../reference/cholesky.js";
import { priorRhs } from "../../reference/normal-equations.js";
import { type Copy, createStorage, createUniform, uploadStorage } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import type { MemoryPlan } from "../memory/memory-plan.js";
import type { RatingStore } from "../memory/rating-store.js";
import type { RowStore } from "../memory/row-store.js";
import { formatOf } from "../memory/values.js";
import { descentKernel } from "./descent-kernel.js";
import { chooseGramKernel, type GramKernel, type GramTuning } from "./gram-kernel.js";
import { type GramSystem, type GramVariant, sharesMatrix } from "./gram-kernels.js";
import { beginCompiling, HalfSweep, type HalfSweepSettings } from "./half-sweep.js";
import { type RowGram, tileEntry } from "./row-gram.js";
import { packHalvesKernel } from "./row-kernels.js";
import { RowPass } from "./row-pass.js";
import { blocksOf } from "./tile-plan.js";

/** A row that no task has: what `first_singular_row` holds while every system was solved. */
const NO_ROW = 0xffffffff;
/** Four halves. */
const BYTES_PER_HALF_BLOCK = 8;
const BYTES_PER_BLOCK = 16;
/**
 * Factors, biases and residuals must be halves. Ratings so far from their mean are plays or counts,
 * and biases follow them.
 */
const MOST_AS_HALF = 2 ** 14;

/** What a half-sweep needs of a session. */
interface RowSolverParts {
  readonly workload: Workload;
  readonly kernel: GramKernel;
  readonly variant: GramVariant;
  readonly plan: MemoryPlan;
  readonly rows: RowStore;
  readonly ratings: Readonly<Record<Side, RatingStore>>;
  /** Gram matrices of each side's rows, of systems over all pairs. */
  readonly grams: Readonly<Record<Side, RowGram>> | undefined;
}

/**
 * The kernel's variant that solves a workload's system; begins to compile it.
 *
 * @throws OptionsError when half precision may overflow, and for tensor cores where nothing is factored.
 */
export function beginSolver(
  device: Device,
  workload: Workload,
  kind: SystemKind,
  tuning?: GramTuning,
): { readonly variant: GramVariant; readonly kernel: GramKernel } {
  const { factors, spread, byUser, globalMean } = workload;
  const points = kind === "joint" || kind === "sequential";
  const halves = points && spread !== "diagonal" && spread !== "full" && ((tuning?.halfPrecision || tuning?.tensorCores) ?? false);
  if (halves) checkHalves(byUser.value, globalMean);
  const pulled = (workload.operations.pulls ?? []).length > 0;
  const variant = { ...({ kind, spread, pulled } as GramSystem), factors, values: formatOf(byUser), halves };
  const { steps } = workload.operations;
  if (steps !== undefined && tuning?.tensorCores)
    throw new OptionsError("tensor cores multiply for factorizations, and the solver is cg", { remedy: 'take solver: "cholesky"' });
  const kernel = steps === undefined ? chooseGramKernel(device, variant, tuning) : descentKernel(device, variant, steps, tuning);
  beginCompiling(device, kernel);
  return { variant, kernel };
}

export class RowSolver {
  readonly #device: Device;
  readonly #parts: RowSolverParts;
  readonly #halfSweeps: Readonly<Record<Side, HalfSweep>>;
  /** Each side's rows in half precision, for the other side to gather. */
  readonly #halves: Readonly<Record<Side, RowPass>> | undefined;
  /** Pulls of each side's rows, shard by shard, where any have some. */
  readonly #pulls: Readonly<Record<Side, readonly GPUBuffer[]>> | undefined;
  readonly #shared: Readonly<Record<Side, GPUBuffer>> | undefined;
  readonly #singular: Readonly<Record<Side, GPUBuffer>>;

  constructor(device: Device, parts: RowSolverParts) {
    this.#device = device;
    this.#parts = parts;
    const { workload, kernel, variant, plan, rows, ratings } = parts;
    const K = workload.factors;
    const singular = (side: Side): GPUBuffer => uploadStorage(device, `first singular row of ${side}`, Uint32Array.of(NO_ROW));
    this.#singular = { users: singular("users"), items: singular("items") };
    const create = kernel.base === "read-only-storage" ? createStorage : createUniform;
    const shared = (side: Side): GPUBuffer => create(device, `matrix shared by ${side}`, kernel.tileBytes);
    this.#shared = sharesMatrix(variant.kind) ? { users: shared("users"), items: shared("items") } : undefined;
    const pulls = (side: Side): readonly GPUBuffer[] =>
      rows.shards[side].map(({ count }) => createStorage(device, `pulls of ${side}`, count * blocksOf(K) * BYTES_PER_BLOCK));
    this.#pulls = variant.pulled ? { users: pulls("users"), items: pulls("items") } : undefined;
    const halves = (side: Side): RowPass =>
      new RowPass(device, `${side} in half precision`, rows.shards[side], K, (blocks) =>
        createStorage(device, `${side} in half precision`, blocks * BYTES_PER_HALF_BLOCK),
      );
    this.#halves = variant.halves ? { users: halves("users"), items: halves("items") } : undefined;
    const buffersOf = (side: Side): readonly GPUBuffer[] => rows.shards[side].map(({ rows: buffer }) => buffer);
    const halfSweep = (side: Side): HalfSweep =>
      new HalfSweep(device, {
        side,
        settings: { lambda: 1, mean: 0, weighted: false, biases: true, prior: Array<number>(K + 1).fill(0) },
        rowKernel: kernel,
        ratings: ratings[side],
        shards: plan.shards[side],
        fixedRows: this.#halves?.[otherSide(side)].beside ?? buffersOf(otherSide(side)),
        solvedRows: buffersOf(side),
        firstSingularRow: this.#singular[side],
        pulls: this.#pulls?.[side],
        scratchBytes: plan.scratchBytes,
        base: this.#shared?.[side],
      });
    this.#halfSweeps = { users: halfSweep("users"), items: halfSweep("items") };
  }

  async compile(): Promise<void> {
    const { factors, spread } = this.#parts.workload;
    const packing = packHalvesKernel(factors, spread);
    const halves = this.#halves ? SIDES.map((side) => this.#halves![side].compile(packing, "pack_halves")) : [];
    await Promise.all([...SIDES.map((side) => this.#halfSweeps[side].compile()), ...halves]);
  }

  /** Queues a half-sweep. @throws OptionsError for a system that the session was not opened for. */
  async solve(side: Side, system: System, slice?: RowSlice): Promise<void> {
    const { variant, grams, workload } = this.#parts;
    if (system.kind !== variant.kind)
      throw new OptionsError(`the session was opened for systems of kind "${variant.kind}", not "${system.kind}"`);
    const { steps } = workload.operations;
    const asked = system.kind === "drawn" ? undefined : system.steps;
    if (asked !== steps)
      throw new OptionsError(`the session was opened for ${steps ?? "no"} steps of conjugate gradients, not ${asked ?? "none"}`);
    if (system.kind === "confident") grams![otherSide(side)].submit(this.#shared![side]);
    if (system.kind === "drawn") this.#device.gpu.queue.writeBuffer(this.#shared![side], 0, priorTiles(system));
    this.#halfSweeps[side].set(settingsOf(system, workload));
    this.#halves?.[otherSide(side)].submit();
    await this.#halfSweeps[side].submit(slice);
  }

  /** @throws OptionsError when the session was not opened for pulls. */
  writePulls(side: Side, pulls: Float64Array): void {
    if (!this.#pulls) throw new OptionsError("the session was not opened for pulls");
    const { workload, plan } = this.#parts;
    const D = workload.factors + 1;
    const S = 4 * blocksOf(workload.factors);
    const shards = plan.shards[side];
    this.#pulls[side].forEach((buffer, shard) => {
      const first = shards.from(shard);
      const packed = new Float32Array((shards.to(shard) - first) * S);
      for (let row = 0; row < packed.length / S; row++) packed.set(pulls.subarray((first + row) * D, (first + row + 1) * D), row * S);
      this.#device.gpu.queue.writeBuffer(buffer, 0, packed);
    });
  }

  /** Where the first singular row of each side is told. */
  get singular(): Copy[] {
    return SIDES.map((side) => ({ source: this.#singular[side] }));
  }

  /** @param read what `singular` names. @throws NotPositiveDefiniteError */
  throwIfSingular(read: readonly Float32Array[]): void {
    SIDES.forEach((side, at) => {
      const row = new Uint32Array(read[at].buffer, read[at].byteOffset, 1)[0];
      if (row !== NO_ROW) throw new NotPositiveDefiniteError(side, row);
    });
  }

  destroy(): void {
    for (const side of SIDES) {
      this.#halfSweeps[side].destroy();
      this.#halves?.[side].destroy();
      this.#shared?.[side].destroy();
      this.#singular[side].destroy();
      for (const buffer of this.#pulls?.[side] ?? []) buffer.destroy();
    }
  }
}

function settingsOf(system: System, { factors: K, globalMean: mean }: Workload): HalfSweepSettings {
  const none = Array<number>(K + 1).fill(0);
  if (system.kind === "confident") {
    const prior = [...Array<number>(K).fill(system.tau), 0];
    return { lambda: 1, mean: 0, weighted: false, biases: false, confidence: system.confidence, prior, steps: system.steps };
  }
  if (system.kind === "drawn") {
    const { lambda, noise } = system;
    // The whole prior is in the shared matrix.
    return { lambda, mean, weighted: false, biases: true, ...noise, noisy: noise !== undefined, prior: none };
  }
  const { lambda, weighted, biases, precisions, steps } = system;
  return { lambda, mean, weighted, biases, prior: precisions, steps };
}

/** Λ, and Λm as the last row, in tiles. */
function priorTiles({ prior }: DrawnSystem): Float32Array<ArrayBuffer> {
  const D = prior.mean.length;
  const blocks = blocksOf(D - 1);
  const tiles = new Float32Array(16 * triangle(blocks));
  for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) tiles[tileEntry(i, j)] = prior.precision[triangle(i) + j];
  priorRhs(prior).forEach((value, j) => (tiles[tileEntry(4 * blocks - 1, j)] = value));
  return tiles;
}

function checkHalves(values: Float32Array, mean: number): void {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value - mean));
  if (most <= MOST_AS_HALF) return;
  throw new OptionsError(`a rating is ${most.toPrecision(3)} from the mean: half precision ends at 65504`, {
    remedy: "leave half precision and tensor cores off, or scale the ratings",
  });
}

// One side's half-sweep on the device: its bindings, its three pipelines, and a schedule
// for every slice it has been asked for.

import type { Csr } from "../../../ratings/csr.js";
import type { RowSlice, Side } from "../../engine.js";
import { bindBuffers, bindingLayout, dispatch, UNIFORM_ALIGNMENT } from "../device/bindings.js";
import { createStorage, uniformWords, uploadStorage, uploadUniform } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import type { BaseBinding, RowKernel } from "./gram-kernel.js";
import { compilePipeline } from "../device/pipelines.js";
import type { Shards } from "../memory/pieces.js";
import type { RatingStore } from "../memory/rating-store.js";
import { type DispatchPlan, type RowWork, planSchedule, segmentRatings, TASK_FIELDS, worksOf } from "./schedule.js";
import { blocksOf } from "./tile-plan.js";

/** What a half-sweep's equations hold beside ratings and rows. */
export interface HalfSweepSettings {
  readonly lambda: number;
  readonly mean: number;
  readonly weighted: boolean;
  readonly biases: boolean;
  /** α of implicit feedback. Default 0. */
  readonly confidence?: number | undefined;
  /** Last component of a row when rows are summed for their own moments. Default 0. */
  readonly border?: number | undefined;
  /** Counters of the random numbers of a draw. Default 0. */
  readonly seed?: number | undefined;
  readonly draw?: number | undefined;
  /** η and ω of a gradient step. Default 0. */
  readonly step?: number | undefined;
  readonly momentum?: number | undefined;
  /** Steps of conjugate gradients. Default 0. */
  readonly steps?: number | undefined;
  /** Whether a draw is wanted. Default false. */
  readonly noisy?: boolean | undefined;
  /** Prior precisions of the factors and the bias of the side that is solved, [K + 1]. */
  readonly prior: readonly number[];
}

interface HalfSweepParts {
  readonly side: Side;
  readonly settings: HalfSweepSettings;
  readonly rowKernel: RowKernel;
  readonly ratings: RatingStore;
  /** How the rows of the side are cut, and both sides' rows. */
  readonly shards: Shards;
  readonly fixedRows: readonly GPUBuffer[];
  readonly solvedRows: readonly GPUBuffer[];
  readonly firstSingularRow: GPUBuffer;
  /** The pulls of the rows, shard by shard; left out, there are none. */
  readonly pulls?: readonly GPUBuffer[] | undefined;
  /** Scratch that partial Grams of long rows may take. */
  readonly scratchBytes: number;
  /** A bordered matrix that all rows share, in tiles, as `RowKernel.base` says; of the variants that have one. */
  readonly base?: GPUBuffer | undefined;
}

/** Bytes of the uniform struct Dispatch. */
const DISPATCH_BYTES = 16;
/** Operations of one dispatch, at most about, before the pace of the device is known: some 40 ms on a slow GPU. */
const MOST_PER_DISPATCH = 4e9;
/** Then a dispatch may take this share of a submission: what follows it waits for its last rows. */
const DISPATCH_SHARE = 1 / 20;
/** A schedule is made anew when dispatches may be so many times as long. */
const WORTH_PLANNING = 3;

/** One dispatch, with the tasks, ratings and rows it is bound to. */
interface Step extends DispatchPlan {
  readonly group: GPUBindGroup;
  readonly operations: number;
}

/** Work on the rows of one shard. */
interface Schedule {
  /** Operations that a dispatch may have. */
  readonly most: number;
  readonly dispatchGroup: GPUBindGroup;
  readonly steps: readonly Step[];
  readonly buffers: readonly GPUBuffer[];
}

const entryPointOf = ({ entryPoints }: RowKernel, work: RowWork): string => entryPoints?.[work] ?? work;

const destroyAll = (buffers: readonly GPUBuffer[]): void => buffers.forEach((buffer) => buffer.destroy());

/** Begins to compile what nearly every half-sweep needs, for `HalfSweep.compile` to find. */
export function beginCompiling(device: Device, rowKernel: RowKernel): void {
  const { kernel, base } = rowKernel;
  const layout = device.gpu.createPipelineLayout({ bindGroupLayouts: [...layoutsOf(device, base)] });
  // What is wrong with it is thrown by whoever waits for it.
  compilePipeline(device, kernel, entryPointOf(rowKernel, "whole_rows"), layout).catch(() => {});
}

export class HalfSweep {
  readonly #device: Device;
  readonly #parts: HalfSweepParts;
  /** Ratings that a row may have and not be cut. */
  readonly #segment: number;
  readonly #settings: GPUBuffer;
  readonly #layouts: readonly GPUBindGroupLayout[];
  readonly #pipelines = new Map<RowWork, GPUComputePipeline>();
  readonly #schedules = new Map<string, Schedule>();

  constructor(device: Device, parts: HalfSweepParts) {
    this.#device = device;
    this.#parts = parts;
    const { segment, partialBytes } = parts.rowKernel;
    this.#segment = segment ?? segmentRatings(partialBytes, device.report.software);
    this.#settings = uploadUniform(device, `settings of ${parts.side}`, settingsWords(parts.settings));
    this.#layouts = layoutsOf(device, parts.rowKernel.base);
  }

  async compile(): Promise<void> {
    const { rowKernel, shards } = this.#parts;
    const layout = this.#device.gpu.createPipelineLayout({ bindGroupLayouts: [...this.#layouts] });
    const works = new Set(Array.from({ length: shards.count }, (_, shard) => worksOf(this.#piecesOf(shard), this.#segment)).flat());
    const compiled = [...works].map(async (work) => {
      this.#pipelines.set(work, await compilePipeline(this.#device, rowKernel.kernel, entryPointOf(rowKernel, work), layout));
    });
    await Promise.all(compiled);
  }

  /** Settings for the half-sweeps queued from now on. */
  set(settings: HalfSweepSettings): void {
    this.#device.gpu.queue.writeBuffer(this.#settings, 0, settingsWords(settings));
  }

  /** Queues the half-sweep of a slice; all rows when it is left out. Resolves when little of it is still to be done. */
  async submit(slice: RowSlice = { from: 0, to: this.#parts.shards.rows }): Promise<void> {
    const { shards } = this.#parts;
    for (let shard = 0; shard < shards.count; shard++) {
      const first = shards.from(shard);
      const [from, to] = [Math.max(slice.from, first) - first, Math.min(slice.to, shards.to(shard)) - first];
      if (from >= to) continue;
      const key = `${shard}:${from}:${to}`;
      await this.#run(this.#scheduleOf(key, shard, { from, to }));
    }
  }

  destroy(): void {
    this.#settings.destroy();
    for (const { buffers } of this.#schedules.values()) destroyAll(buffers);
  }

  /** Pieces are loaded where they are streamed, and submissions cut by what they cost. */
  async #run({ steps, dispatchGroup }: Schedule): Promise<void> {
    const { side, ratings, rowKernel } = this.#parts;
    // A pass may hold many dispatches, but a trace tells kernels apart.
    const { trace } = this.#device;
    const labelOf = ({ work }: Step): string => (trace ? `${rowKernel.kernel.name} ${work}` : `half-sweep of ${side}`);
    for (let at = 0; at < steps.length;) {
      ratings.load(steps[at].piece);
      const encoder = this.#device.gpu.createCommandEncoder({ label: `half-sweep of ${side}` });
      let pass = this.#device.beginPass(encoder, labelOf(steps[at]));
      let operations = 0;
      let first = true;
      do {
        if (trace && !first) {
          pass.end();
          pass = this.#device.beginPass(encoder, labelOf(steps[at]));
        }
        first = false;
        const { work, taskCount, group } = steps[at];
        pass.setPipeline(this.#pipelines.get(work)!);
        pass.setBindGroup(0, group);
        pass.setBindGroup(1, dispatchGroup, [at * UNIFORM_ALIGNMENT]);
        dispatch(pass, Math.ceil(taskCount / rowKernel.tasksPerWorkgroup));
        operations += steps[at++].operations;
      } while (at < steps.length && ratings.isLoaded(steps[at].piece) && operations + steps[at].operations <= this.#device.pace.most);
      pass.end();
      await this.#device.pace.submit(encoder.finish(), operations);
    }
  }

  #piecesOf(shard: number): Csr[] {
    return this.#parts.ratings.pieces.filter(({ own }) => own === shard).map(({ csr }) => csr);
  }

  /** The schedule of a slice, made anew as the device turns out to be faster: rows are solved in the same way by any. */
  #scheduleOf(key: string, shard: number, slice: RowSlice): Schedule {
    const paced = Math.max(MOST_PER_DISPATCH, DISPATCH_SHARE * this.#device.pace.most);
    const most = this.#parts.rowKernel.mostPerDispatch ?? paced;
    const known = this.#schedules.get(key);
    if (known && most < WORTH_PLANNING * known.most) return known;
    if (known) destroyAll(known.buffers);
    const schedule = this.#schedule(shard, slice, most);
    this.#schedules.set(key, schedule);
    return schedule;
  }

  #schedule(shard: number, slice: RowSlice, mostPerDispatch: number): Schedule {
    const { side, rowKernel, shards, ratings, scratchBytes } = this.#parts;
    const pieces = this.#piecesOf(shard);
    const { perRating, perRow } = rowKernel.operations;
    const { tasks, dispatches, partials } = planSchedule(pieces, slice, {
      segment: this.#segment,
      partials: Math.floor(scratchBytes / rowKernel.partialBytes),
      tasks: Math.min(Math.floor(this.#device.bindingBytes / (4 * TASK_FIELDS)), Math.ceil(mostPerDispatch / perRow)),
      ratings: Math.ceil(mostPerDispatch / perRating),
      phases: rowKernel.phases,
    });
    const partialBuffer = createStorage(this.#device, `partial sums of ${side}`, Math.max(1, partials) * rowKernel.partialBytes);
    const pages = this.#taskPages(tasks, dispatches);
    const firstPiece = ratings.pieces.findIndex(({ own }) => own === shard);
    const words = new Uint32Array((Math.max(1, dispatches.length) * UNIFORM_ALIGNMENT) / 4);
    const steps = dispatches.map((planned, at): Step => {
      const page = pages.find(({ end }) => planned.firstTask < end)!;
      words.set([planned.firstTask - page.firstTask, planned.taskCount, shards.from(shard), planned.phase], (at * UNIFORM_ALIGNMENT) / 4);
      const piece = firstPiece + planned.piece;
      const group = this.#bind(page.buffer, shard, piece, partialBuffer);
      return { ...planned, piece, group, operations: perRating * planned.ratings + perRow * planned.rows };
    });
    const dispatchBuffer = uploadUniform(this.#device, `dispatches of ${side}`, words.buffer);
    const base = this.#parts.base ?? this.#settings;
    const dispatchGroup = bindDispatches(this.#device, `dispatches of ${side}`, dispatchBuffer, base, rowKernel.base);
    return { most: mostPerDispatch, steps, dispatchGroup, buffers: [...pages.map(({ buffer }) => buffer), partialBuffer, dispatchBuffer] };
  }

  /** The tasks in buffers that can be bound, cut between dispatches. */
  #taskPages(tasks: Uint32Array, dispatches: readonly DispatchPlan[]): { firstTask: number; end: number; buffer: GPUBuffer }[] {
    const most = Math.floor(this.#device.bindingBytes / (4 * TASK_FIELDS));
    const pages: { firstTask: number; end: number }[] = [];
    for (const { firstTask, taskCount } of dispatches) {
      const page = pages.at(-1);
      // A later phase has the tasks of the first.
      if (page && firstTask < page.end) continue;
      if (page && firstTask + taskCount - page.firstTask <= most) page.end = firstTask + taskCount;
      else pages.push({ firstTask, end: firstTask + taskCount });
    }
    return pages.map(({ firstTask, end }) => ({
      firstTask,
      end,
      buffer: uploadStorage(this.#device, `tasks of ${this.#parts.side}`, tasks.subarray(firstTask * TASK_FIELDS, end * TASK_FIELDS)),
    }));
  }

  #bind(tasks: GPUBuffer, shard: number, piece: number, partials: GPUBuffer): GPUBindGroup {
    const { side, ratings, fixedRows, solvedRows, firstSingularRow, pulls } = this.#parts;
    const { index, value } = ratings.buffers(piece);
    const { other } = ratings.pieces[piece];
    const ratingsAndRows = [index, value, fixedRows[other], solvedRows[shard]];
    const singular = this.#parts.rowKernel.base === "read-only-storage" ? [] : [firstSingularRow];
    // Kernels without pulls have anything bound in their place.
    const bound = [this.#settings, tasks, ...ratingsAndRows, partials, ...singular, pulls?.[shard] ?? tasks];
    return bindBuffers(this.#device, `half-sweep of ${side}`, this.#layouts[0], bound);
  }
}

/**
 * The second bind group of gram-solve.wgsl: structs Dispatch at dynamic offsets, and the matrix that all rows share,
 * or anything where none is read.
 */
export function bindDispatches(
  device: Device,
  label: string,
  dispatches: GPUBuffer,
  base: GPUBuffer,
  kind: BaseBinding = "uniform",
): GPUBindGroup {
  const entries = [
    { binding: 0, resource: { buffer: dispatches, size: DISPATCH_BYTES } },
    { binding: 1, resource: { buffer: base } },
  ];
  return device.gpu.createBindGroup({ label, layout: layoutsOf(device, kind)[1], entries });
}

/** The uniform struct Settings of half-sweep.wgsl. */
export function settingsWords(settings: HalfSweepSettings): ArrayBuffer {
  const {
    lambda,
    mean,
    weighted,
    biases,
    prior,
    confidence = 0,
    border = 0,
    seed = 0,
    draw = 0,
    step = 0,
    momentum = 0,
    noisy = false,
    steps = 0,
  } = settings;
  const K = prior.length - 1;
  const padded = Array.from({ length: 4 * blocksOf(K) }, (_, k) => (k < K || (k === K && biases) ? prior[k] : 1));
  return uniformWords([
    ["f", lambda],
    ["f", mean],
    ["f", confidence],
    ["f", border],
    ["u", weighted ? 1 : 0],
    ["u", biases ? 1 : 0],
    ["u", seed],
    ["u", draw],
    ["f", step],
    ["f", momentum],
    ["u", noisy ? 1 : 0],
    // The precisions begin at a multiple of 16 bytes.
    ["u", steps],
    ...padded.map((precision) => ["f", precision] as const),
  ]);
}

/** The bind group layouts of gram-solve.wgsl and conjugate-gradients.wgsl, shared by their pipelines on a device. */
const layouts = new WeakMap<GPUDevice, Map<BaseBinding, readonly GPUBindGroupLayout[]>>();

export function layoutsOf(device: Device, base: BaseBinding = "uniform"): readonly GPUBindGroupLayout[] {
  let known = layouts.get(device.gpu);
  if (!known) layouts.set(device.gpu, (known = new Map()));
  let made = known.get(base);
  if (made) return made;
  const types: GPUBufferBindingType[] = [
    "uniform",
    ...Array<GPUBufferBindingType>(4).fill("read-only-storage"),
    ...Array<GPUBufferBindingType>(2).fill("storage"),
    // The first singular row; eight storage buffers a stage are all that every device has.
    ...(base === "uniform" ? (["storage"] as const) : []),
    // Pulls.
    "read-only-storage",
  ];
  made = [
    bindingLayout(device, "gram-solve", types),
    device.gpu.createBindGroupLayout({
      label: "gram-solve dispatch",
      entries: [
        {
          binding: 0,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: DISPATCH_BYTES },
        },
        { binding: 1, visibility: GPUShaderStage.COMPUTE, buffer: { type: base } },
      ],
    }),
  ];
  known.set(base, made);
  return made;
}

// One side's half-sweep on the device: its bindings, its three pipelines, and a schedule for every slice it has been asked for.

import type { Csr } from "../../ratings/csr.js";
import type { RowSlice, Side } from "../engine.js";
import { createStorage, uniformWords, uploadStorage, uploadUniform } from "./buffers.js";
import type { Device } from "./device.js";
import type { GramKernel } from "./gram-kernel.js";
import { compilePipeline } from "./pipelines.js";
import { type DispatchPlan, kernelsOf, planSchedule } from "./schedule.js";
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
  /** Prior precisions of the factors and the bias of the side that is solved, [K + 1]. */
  readonly prior: readonly number[];
}

export interface HalfSweepParts {
  readonly side: Side;
  readonly settings: HalfSweepSettings;
  readonly gram: GramKernel;
  readonly csr: Csr;
  readonly ratingIndex: GPUBuffer;
  readonly ratingValue: GPUBuffer;
  readonly fixedRows: GPUBuffer;
  readonly solvedRows: GPUBuffer;
  readonly firstSingularRow: GPUBuffer;
  /** A bordered matrix that all rows share, in tiles; of the variants that have one. */
  readonly base?: GPUBuffer | undefined;
}

/** Scratch that partial Grams of long rows may take, bytes. */
const PARTIAL_BYTES = 64 * 2 ** 20;
/** Uniform offsets must be multiples of this at default limits. */
export const UNIFORM_ALIGNMENT = 256;
const WORKGROUPS_PER_DIMENSION = 65_535;

interface Schedule {
  readonly bindGroup: GPUBindGroup;
  readonly dispatchGroup: GPUBindGroup;
  readonly dispatches: readonly DispatchPlan[];
  readonly buffers: readonly GPUBuffer[];
}

export class HalfSweep {
  readonly #device: Device;
  readonly #parts: HalfSweepParts;
  readonly #settings: GPUBuffer;
  readonly #layouts: readonly GPUBindGroupLayout[];
  readonly #pipelines = new Map<DispatchPlan["kernel"], GPUComputePipeline>();
  readonly #schedules = new Map<string, Schedule>();

  constructor(device: Device, parts: HalfSweepParts) {
    this.#device = device;
    this.#parts = parts;
    this.#settings = uploadUniform(device, `settings of ${parts.side}`, settingsWords(parts.settings));
    this.#layouts = layoutsOf(device);
  }

  async compile(): Promise<void> {
    const { kernel } = this.#parts.gram;
    const layout = this.#device.gpu.createPipelineLayout({ bindGroupLayouts: [...this.#layouts] });
    const entryPoints = kernelsOf(this.#parts.csr);
    const pipelines = await Promise.all(entryPoints.map((entryPoint) => compilePipeline(this.#device, kernel, entryPoint, layout)));
    entryPoints.forEach((entryPoint, at) => this.#pipelines.set(entryPoint, pipelines[at]));
  }

  /** Settings for the half-sweeps queued from now on. */
  set(settings: HalfSweepSettings): void {
    this.#device.gpu.queue.writeBuffer(this.#settings, 0, settingsWords(settings));
  }

  /** Queues the half-sweep of a slice; all rows when it is left out. */
  submit(slice: RowSlice = { from: 0, to: this.#parts.csr.count }): void {
    const key = `${slice.from}:${slice.to}`;
    let schedule = this.#schedules.get(key);
    if (!schedule) this.#schedules.set(key, (schedule = this.#schedule(slice)));
    const encoder = this.#device.gpu.createCommandEncoder({ label: `half-sweep of ${this.#parts.side}` });
    const pass = encoder.beginComputePass({ label: `half-sweep of ${this.#parts.side}` });
    pass.setBindGroup(0, schedule.bindGroup);
    schedule.dispatches.forEach(({ kernel, taskCount }, at) => {
      pass.setPipeline(this.#pipelines.get(kernel)!);
      pass.setBindGroup(1, schedule.dispatchGroup, [at * UNIFORM_ALIGNMENT]);
      const workgroups = Math.ceil(taskCount / this.#parts.gram.tasksPerWorkgroup);
      const wide = Math.min(workgroups, WORKGROUPS_PER_DIMENSION);
      pass.dispatchWorkgroups(wide, Math.ceil(workgroups / wide));
    });
    pass.end();
    this.#device.gpu.queue.submit([encoder.finish()]);
  }

  destroy(): void {
    this.#settings.destroy();
    for (const { buffers } of this.#schedules.values()) for (const buffer of buffers) buffer.destroy();
  }

  #schedule(slice: RowSlice): Schedule {
    const { side, gram, csr, ratingIndex, ratingValue, fixedRows, solvedRows, firstSingularRow } = this.#parts;
    const { tasks, dispatches, partials } = planSchedule(csr, slice, Math.floor(PARTIAL_BYTES / gram.partialBytes));
    const taskBuffer = uploadStorage(this.#device, `tasks of ${side}`, tasks);
    const partialBuffer = createStorage(this.#device, `partial Grams of ${side}`, Math.max(1, partials) * gram.partialBytes);
    const words = new Uint32Array((Math.max(1, dispatches.length) * UNIFORM_ALIGNMENT) / 4);
    dispatches.forEach(({ firstTask, taskCount }, at) => words.set([firstTask, taskCount], (at * UNIFORM_ALIGNMENT) / 4));
    const dispatchBuffer = uploadUniform(this.#device, `dispatches of ${side}`, words.buffer);
    const bound = [this.#settings, taskBuffer, ratingIndex, ratingValue, fixedRows, solvedRows, partialBuffer, firstSingularRow];
    return {
      dispatches,
      buffers: [taskBuffer, partialBuffer, dispatchBuffer],
      bindGroup: this.#device.gpu.createBindGroup({
        label: `half-sweep of ${side}`,
        layout: this.#layouts[0],
        entries: bound.map((buffer, binding) => ({ binding, resource: { buffer } })),
      }),
      dispatchGroup: this.#device.gpu.createBindGroup({
        label: `dispatches of ${side}`,
        layout: this.#layouts[1],
        entries: [
          { binding: 0, resource: { buffer: dispatchBuffer, size: 8 } },
          { binding: 1, resource: { buffer: this.#parts.base ?? this.#settings } },
        ],
      }),
    };
  }
}

/** The uniform struct Settings of half-sweep.wgsl. */
export function settingsWords(settings: HalfSweepSettings): ArrayBuffer {
  const { lambda, mean, weighted, biases, prior, confidence = 0, border = 0, seed = 0, draw = 0 } = settings;
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
    ...padded.map((precision) => ["f", precision] as const),
  ]);
}

/** The bind group layouts of gram-solve.wgsl, one pair a device, so that its pipelines can be shared. */
const layouts = new WeakMap<Device, readonly GPUBindGroupLayout[]>();

export function layoutsOf(device: Device): readonly GPUBindGroupLayout[] {
  let made = layouts.get(device);
  if (made) return made;
  const types: GPUBufferBindingType[] = [
    "uniform",
    ...Array<GPUBufferBindingType>(4).fill("read-only-storage"),
    ...Array<GPUBufferBindingType>(3).fill("storage"),
  ];
  made = [
    device.gpu.createBindGroupLayout({
      label: "gram-solve",
      entries: types.map((type, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } })),
    }),
    device.gpu.createBindGroupLayout({
      label: "gram-solve dispatch",
      entries: [
        { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: 8 } },
        { binding: 1, visibility: GPUShaderStage.COMPUTE, buffer: { type: "uniform" } },
      ],
    }),
  ];
  layouts.set(device, made);
  return made;
}

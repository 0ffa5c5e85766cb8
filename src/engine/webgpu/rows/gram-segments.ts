// Partial sums Σ x̃ x̃ᵀ over segments of a side's rows, x̃ = (x, b, …, border), by either of two kernels: the
// Gram-and-solve kernel over the rows themselves, or, for sessions that compile no such kernel, one that makes the
// matrix patch by patch.

import { bindBuffers, UNIFORM_ALIGNMENT } from "../device/bindings.js";
import { createStorage, uniformWords, uploadStorage, uploadUniform } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import { compilePipeline } from "../device/pipelines.js";
import type { RowShard } from "../memory/row-store.js";
import { gramSolveKernel } from "./gram-kernels.js";
import { bindDispatches, layoutsOf, settingsWords } from "./half-sweep.js";
import { momentsKernel } from "./row-kernels.js";
import { TASK_FIELDS } from "./schedule.js";
import { planTiles } from "./tile-plan.js";

/** Segments of `length` rows; shard by shard they are numbered on. */
interface SegmentCut {
  readonly label: string;
  readonly shards: readonly RowShard[];
  readonly K: number;
  readonly length: number;
  /** Receives the segments' matrices in tiles, one after the other. */
  readonly partials: GPUBuffer;
}

export interface GramSegments {
  compile(): Promise<void>;
  /** Encodes the sums. @param border last component of x̃: 1 for Σ x in the last row, 0 for none. */
  encode(pass: GPUComputePassEncoder, border: 0 | 1): void;
  destroy(): void;
}

/** Segments of each shard. */
export const segmentsOf = (shards: readonly RowShard[], length: number): number[] => shards.map(({ count }) => Math.ceil(count / length));

/** Where the border stands in the uniform struct Settings of half-sweep.wgsl. */
const BORDER_BYTE = 12;

/** By gram-solve.wgsl. */
export class SolveKernelSegments implements GramSegments {
  readonly #device: Device;
  readonly #cut: SegmentCut;
  readonly #segments: readonly number[];
  readonly #buffers: Record<"settings" | "tasks" | "dispatches" | "unused" | "solved" | "counter", GPUBuffer>;
  #compiled: { pipeline: GPUComputePipeline; groups: readonly GPUBindGroup[]; dispatches: GPUBindGroup } | undefined;

  constructor(device: Device, cut: SegmentCut) {
    const { label, shards, K, length } = cut;
    this.#device = device;
    this.#cut = cut;
    this.#segments = segmentsOf(shards, length);
    const tasks = new Uint32Array(this.#segments.reduce((sum, count) => sum + count, 0) * TASK_FIELDS);
    const dispatches = new Uint32Array((shards.length * UNIFORM_ALIGNMENT) / 4);
    let segment = 0;
    shards.forEach(({ count }, shard) => {
      dispatches.set([segment, this.#segments[shard]], (shard * UNIFORM_ALIGNMENT) / 4);
      for (let from = 0; from < count; from += length, segment++)
        tasks.set([0, from, Math.min(length, count - from), segment, 0, 0], segment * TASK_FIELDS);
    });
    const settings = { lambda: 1, mean: 0, weighted: false, biases: true, border: 0, prior: Array<number>(K + 1).fill(0) };
    this.#buffers = {
      settings: uploadUniform(device, `settings of the ${label}`, settingsWords(settings)),
      tasks: uploadStorage(device, `segments of the ${label}`, tasks),
      dispatches: uploadUniform(device, `dispatches of the ${label}`, dispatches.buffer),
      // What the layout binds and these segments do not use: ratings, rows to solve, pulls.
      unused: createStorage(device, "unused", 0),
      solved: createStorage(device, "unused", 0),
      counter: createStorage(device, "unused", 0),
    };
  }

  async compile(): Promise<void> {
    const { label, shards, K, partials } = this.#cut;
    const layouts = layoutsOf(this.#device);
    const { writesOutLoops: loopsLeft } = this.#device.report;
    const kernel = gramSolveKernel(planTiles(K), { factors: K, kind: "moments", spread: "none", loopsLeft });
    const layout = this.#device.gpu.createPipelineLayout({ bindGroupLayouts: [...layouts] });
    const pipeline = await compilePipeline(this.#device, kernel, "row_segments", layout);
    const { settings, tasks, dispatches, unused, solved, counter } = this.#buffers;
    this.#compiled = {
      pipeline,
      groups: shards.map(({ rows }) =>
        bindBuffers(this.#device, label, layouts[0], [settings, tasks, unused, unused, rows, solved, partials, counter, unused]),
      ),
      dispatches: bindDispatches(this.#device, label, dispatches, settings),
    };
  }

  encode(pass: GPUComputePassEncoder, border: 0 | 1): void {
    this.#device.gpu.queue.writeBuffer(this.#buffers.settings, BORDER_BYTE, Float32Array.of(border));
    const { pipeline, groups, dispatches } = this.#compiled!;
    const { teams } = planTiles(this.#cut.K);
    pass.setPipeline(pipeline);
    this.#segments.forEach((segments, shard) => {
      pass.setBindGroup(0, groups[shard]);
      pass.setBindGroup(1, dispatches, [shard * UNIFORM_ALIGNMENT]);
      pass.dispatchWorkgroups(Math.ceil(segments / teams));
    });
  }

  destroy(): void {
    for (const buffer of Object.values(this.#buffers)) buffer.destroy();
  }
}

/** Where the border stands in the uniform struct Settings of moments.wgsl. */
const PATCH_BORDER_BYTE = 12;

/** By moments.wgsl, which takes any number of factors and compiles at once. */
export class PatchSegments implements GramSegments {
  readonly #device: Device;
  readonly #cut: SegmentCut;
  readonly #segments: readonly number[];
  readonly #settings: readonly GPUBuffer[];
  #compiled: { pipeline: GPUComputePipeline; groups: readonly GPUBindGroup[] } | undefined;

  constructor(device: Device, cut: SegmentCut) {
    const { label, shards, length } = cut;
    this.#device = device;
    this.#cut = cut;
    this.#segments = segmentsOf(shards, length);
    let first = 0;
    this.#settings = shards.map(({ count }, shard) => {
      const words = uniformWords([
        ["u", count],
        ["u", length],
        ["u", first],
        ["f", 0],
      ]);
      first += this.#segments[shard];
      return uploadUniform(device, `settings of the ${label}`, words);
    });
  }

  async compile(): Promise<void> {
    const { label, shards, K, partials } = this.#cut;
    const pipeline = await compilePipeline(this.#device, momentsKernel(K).kernel, "moments");
    const layout = pipeline.getBindGroupLayout(0);
    const groups = shards.map(({ rows }, shard) => bindBuffers(this.#device, label, layout, [this.#settings[shard], rows, partials]));
    this.#compiled = { pipeline, groups };
  }

  encode(pass: GPUComputePassEncoder, border: 0 | 1): void {
    for (const settings of this.#settings) this.#device.gpu.queue.writeBuffer(settings, PATCH_BORDER_BYTE, Float32Array.of(border));
    const { patches } = momentsKernel(this.#cut.K);
    pass.setPipeline(this.#compiled!.pipeline);
    this.#segments.forEach((segments, shard) => {
      pass.setBindGroup(0, this.#compiled!.groups[shard]);
      if (segments > 0) pass.dispatchWorkgroups(patches, segments);
    });
  }

  destroy(): void {
    for (const settings of this.#settings) settings.destroy();
  }
}

// Σ x̃ x̃ᵀ over all rows of a side, x̃ = (x, b, …, border): the matrix that implicit feedback shares, and the
// moments that Gibbs sampling draws its priors from. The Gram-and-solve kernel's segments over the rows themselves,
// then one kernel that adds them in order.

import type { Moments, Side } from "../../engine.js";
import { bindBuffers } from "../device/bindings.js";
import { createStorage, readBuffer, uniformWords, uploadStorage, uploadUniform } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import { bindDispatches, layoutsOf, settingsWords, UNIFORM_ALIGNMENT } from "./half-sweep.js";
import { gramSolveKernel } from "./gram-kernels.js";
import { addPartialsKernel } from "./row-kernels.js";
import { compilePipeline } from "../device/pipelines.js";
import { TASK_FIELDS } from "./schedule.js";
import type { RowShard } from "../memory/row-store.js";
import { blocksOf, planTiles, type TilePlan } from "./tile-plan.js";

/** Segments are at least this long, and at most about this many. */
const SHORTEST_SEGMENT = 256;
const MOST_SEGMENTS = 256;
const BYTES_PER_TILE = 64;
const ADDING_LANES = 64;
/** Where the border stands in the uniform struct Settings of half-sweep.wgsl. */
const BORDER_BYTE = 12;

export class RowGram {
  /** The sum in tiles: see shaders/shared/tiles.wgsl. */
  readonly total: GPUBuffer;
  readonly #device: Device;
  readonly #side: Side;
  readonly #shards: readonly RowShard[];
  readonly #count: number;
  readonly #K: number;
  readonly #plan: TilePlan;
  /** Segments of each shard. */
  readonly #segments: readonly number[];
  readonly #buffers: Record<"settings" | "tasks" | "partials" | "dispatches" | "adding" | "unused" | "solved" | "counter", GPUBuffer>;
  #gram: { pipeline: GPUComputePipeline; groups: readonly GPUBindGroup[]; dispatches: GPUBindGroup } | undefined;
  #add: { pipeline: GPUComputePipeline; group: GPUBindGroup } | undefined;

  constructor(device: Device, side: Side, shards: readonly RowShard[], K: number) {
    this.#device = device;
    this.#side = side;
    this.#shards = shards;
    this.#count = shards.reduce((sum, { count }) => sum + count, 0);
    this.#K = K;
    this.#plan = planTiles(K);
    const length = Math.max(SHORTEST_SEGMENT, Math.ceil(this.#count / MOST_SEGMENTS));
    this.#segments = shards.map(({ count }) => Math.ceil(count / length));
    const segments = this.#segments.reduce((sum, count) => sum + count, 0);
    const tasks = new Uint32Array(segments * TASK_FIELDS);
    const dispatches = new Uint32Array((shards.length * UNIFORM_ALIGNMENT) / 4);
    let segment = 0;
    shards.forEach(({ count }, shard) => {
      dispatches.set([segment, this.#segments[shard]], (shard * UNIFORM_ALIGNMENT) / 4);
      for (let from = 0; from < count; from += length, segment++)
        tasks.set([0, from, Math.min(length, count - from), segment, 0], segment * TASK_FIELDS);
    });
    const bytes = this.#plan.tiles * BYTES_PER_TILE;
    const settings = { lambda: 1, mean: 0, weighted: false, biases: true, border: 0, prior: Array<number>(K + 1).fill(0) };
    this.total = createStorage(device, `Gram of ${side}`, bytes);
    this.#buffers = {
      settings: uploadUniform(device, `settings of the Gram of ${side}`, settingsWords(settings)),
      tasks: uploadStorage(device, `segments of the Gram of ${side}`, tasks),
      partials: createStorage(device, `partial Grams of the rows of ${side}`, segments * bytes),
      dispatches: uploadUniform(device, `dispatches of the Gram of ${side}`, dispatches.buffer),
      adding: uploadUniform(device, `partials of the Gram of ${side}`, uniformWords([["u", segments]])),
      // What the layout binds and these segments do not use: ratings, rows to solve, pulls.
      unused: createStorage(device, "unused", 0),
      solved: createStorage(device, "unused", 0),
      counter: createStorage(device, "unused", 0),
    };
  }

  async compile(): Promise<void> {
    const layouts = layoutsOf(this.#device);
    const kernel = gramSolveKernel(this.#plan, { factors: this.#K, kind: "moments", spread: "none" });
    const layout = this.#device.gpu.createPipelineLayout({ bindGroupLayouts: [...layouts] });
    const [pipeline, adding] = await Promise.all([
      compilePipeline(this.#device, kernel, "row_segments", layout),
      compilePipeline(this.#device, addPartialsKernel(this.#K), "add_partials"),
    ]);
    const { settings, tasks, partials, dispatches, adding: count, unused, solved, counter } = this.#buffers;
    const label = `Gram of ${this.#side}`;
    this.#gram = {
      pipeline,
      groups: this.#shards.map(({ rows }) =>
        bindBuffers(this.#device, label, layouts[0], [settings, tasks, unused, unused, rows, solved, partials, counter, unused]),
      ),
      dispatches: bindDispatches(this.#device, label, dispatches, settings),
    };
    this.#add = { pipeline: adding, group: bindBuffers(this.#device, label, adding.getBindGroupLayout(0), [count, partials, this.total]) };
  }

  /** Queues the sum of the rows as they then are, and its copy into a uniform buffer. */
  submit(copyTo: GPUBuffer): void {
    const encoder = this.#device.gpu.createCommandEncoder({ label: `Gram of ${this.#side}` });
    this.#encode(encoder, 0);
    encoder.copyBufferToBuffer(this.total, 0, copyTo, 0, this.total.size);
    this.#device.gpu.queue.submit([encoder.finish()]);
  }

  /** @param border last component of x̃: 1 for Σ x in the last row, 0 for none. */
  #encode(encoder: GPUCommandEncoder, border: 0 | 1): void {
    this.#device.gpu.queue.writeBuffer(this.#buffers.settings, BORDER_BYTE, Float32Array.of(border));
    const pass = this.#device.beginPass(encoder, `Gram of ${this.#side}`);
    pass.setPipeline(this.#gram!.pipeline);
    this.#segments.forEach((segments, shard) => {
      pass.setBindGroup(0, this.#gram!.groups[shard]);
      pass.setBindGroup(1, this.#gram!.dispatches, [shard * UNIFORM_ALIGNMENT]);
      pass.dispatchWorkgroups(Math.ceil(segments / this.#plan.teams));
    });
    pass.setPipeline(this.#add!.pipeline);
    pass.setBindGroup(0, this.#add!.group);
    pass.dispatchWorkgroups(Math.ceil((this.#plan.tiles * 4) / ADDING_LANES));
    pass.end();
  }

  /** Encodes the sum, with Σ x in its last row, and a copy of it for `moments`. */
  encodeRead(encoder: GPUCommandEncoder): () => Promise<ArrayBuffer> {
    this.#encode(encoder, 1);
    return readBuffer(this.#device, encoder, this.total);
  }

  /** The sum out of the bytes of `total`, of D = K + 1 coordinates. */
  moments(bytes: ArrayBuffer): Moments {
    const tiles = new Float32Array(bytes);
    const D = this.#K + 1;
    const last = 4 * blocksOf(this.#K) - 1;
    const sums = Float64Array.from({ length: D }, (_, j) => tiles[tileEntry(last, j)]);
    const gram = new Float64Array(D * D);
    for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) gram[i * D + j] = tiles[tileEntry(i, j)];
    return { count: this.#count, sums, gram };
  }

  destroy(): void {
    this.total.destroy();
    for (const buffer of Object.values(this.#buffers)) buffer.destroy();
  }
}

/** Where entry (i, j), i ≥ j, of a matrix in tiles stands. */
export function tileEntry(i: number, j: number): number {
  const [I, J] = [Math.floor(i / 4), Math.floor(j / 4)];
  return 16 * ((I * (I + 1)) / 2 + J) + 4 * (j % 4) + (i % 4);
}

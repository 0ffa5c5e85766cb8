// Σ x̃ x̃ᵀ over all rows of a side, x̃ = (x, b, …, border): the matrix that implicit feedback shares, and the
// moments that Gibbs sampling draws its priors from. Sums over segments of the rows (gram-segments.ts),
// then one kernel that adds them in order.

import type { Moments, Side } from "../../engine.js";
import { bindBuffers } from "../device/bindings.js";
import { createStorage, uniformWords, uploadUniform } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import { compilePipeline } from "../device/pipelines.js";
import type { RowShard } from "../memory/row-store.js";
import { type GramSegments, PatchSegments, segmentsOf, SolveKernelSegments } from "./gram-segments.js";
import { addPartialsKernel } from "./row-kernels.js";
import { blocksOf, tilesOf } from "./tile-plan.js";

/** Segments are at least this long, and at most about this many, in so many bytes. */
const SHORTEST_SEGMENT = 256;
const MOST_SEGMENTS = 256;
const MOST_BYTES = 32 * 2 ** 20;
const BYTES_PER_TILE = 64;
const ADDING_LANES = 64;

export class RowGram {
  /** The sum in tiles: see shaders/shared/tiles.wgsl. */
  readonly total: GPUBuffer;
  readonly #device: Device;
  readonly #side: Side;
  readonly #count: number;
  readonly #K: number;
  readonly #segments: GramSegments;
  readonly #buffers: Record<"partials" | "adding", GPUBuffer>;
  #add: { pipeline: GPUComputePipeline; group: GPUBindGroup } | undefined;

  /** @param patches whether the matrix is made patch by patch, for any number of factors. */
  constructor(device: Device, side: Side, shards: readonly RowShard[], K: number, patches: boolean) {
    this.#device = device;
    this.#side = side;
    this.#count = shards.reduce((sum, { count }) => sum + count, 0);
    this.#K = K;
    const bytes = tilesOf(K) * BYTES_PER_TILE;
    const most = patches ? Math.max(1, Math.min(MOST_SEGMENTS, Math.floor(MOST_BYTES / bytes))) : MOST_SEGMENTS;
    const length = Math.max(SHORTEST_SEGMENT, Math.ceil(this.#count / most));
    const segments = segmentsOf(shards, length).reduce((sum, count) => sum + count, 0);
    this.total = createStorage(device, `Gram of ${side}`, bytes);
    this.#buffers = {
      partials: createStorage(device, `partial Grams of the rows of ${side}`, segments * bytes),
      adding: uploadUniform(device, `partials of the Gram of ${side}`, uniformWords([["u", segments]])),
    };
    const cut = { label: `Gram of ${side}`, shards, K, length, partials: this.#buffers.partials };
    this.#segments = patches ? new PatchSegments(device, cut) : new SolveKernelSegments(device, cut);
  }

  async compile(): Promise<void> {
    const [adding] = await Promise.all([
      compilePipeline(this.#device, addPartialsKernel(this.#K), "add_partials"),
      this.#segments.compile(),
    ]);
    const { partials, adding: count } = this.#buffers;
    const bound = [count, partials, this.total];
    this.#add = { pipeline: adding, group: bindBuffers(this.#device, `Gram of ${this.#side}`, adding.getBindGroupLayout(0), bound) };
  }

  /** Queues the sum of the rows as they then are, and its copy into another buffer. */
  submit(copyTo: GPUBuffer): void {
    const encoder = this.#device.gpu.createCommandEncoder({ label: `Gram of ${this.#side}` });
    this.encode(encoder, 0);
    encoder.copyBufferToBuffer(this.total, 0, copyTo, 0, this.total.size);
    this.#device.gpu.queue.submit([encoder.finish()]);
  }

  /** @param border last component of x̃: 1 for `moments`, which takes Σ x from the last row. */
  encode(encoder: GPUCommandEncoder, border: 0 | 1): void {
    const pass = this.#device.beginPass(encoder, `Gram of ${this.#side}`);
    this.#segments.encode(pass, border);
    pass.setPipeline(this.#add!.pipeline);
    pass.setBindGroup(0, this.#add!.group);
    pass.dispatchWorkgroups(Math.ceil((tilesOf(this.#K) * 4) / ADDING_LANES));
    pass.end();
  }

  /** The sum out of what `total` holds, of D = K + 1 coordinates. */
  moments(tiles: Float32Array): Moments {
    const D = this.#K + 1;
    const last = 4 * blocksOf(this.#K) - 1;
    const sums = Float64Array.from({ length: D }, (_, j) => tiles[tileEntry(last, j)]);
    const gram = new Float64Array(D * D);
    for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) gram[i * D + j] = tiles[tileEntry(i, j)];
    return { count: this.#count, sums, gram };
  }

  destroy(): void {
    this.total.destroy();
    this.#segments.destroy();
    for (const buffer of Object.values(this.#buffers)) buffer.destroy();
  }
}

/** Where entry (i, j), i ≥ j, of a matrix in tiles stands. */
export function tileEntry(i: number, j: number): number {
  const [I, J] = [Math.floor(i / 4), Math.floor(j / 4)];
  return 16 * ((I * (I + 1)) / 2 + J) + 4 * (j % 4) + (i % 4);
}

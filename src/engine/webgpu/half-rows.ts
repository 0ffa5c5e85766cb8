// A side's rows in half precision, packed anew before each half-sweep that gathers them.

import { createStorage, uniformWords, uploadUniform } from "./buffers.js";
import type { Device } from "./device.js";
import { packHalvesKernel, SUM_LANES } from "./kernels.js";
import { compilePipeline } from "./pipelines.js";
import type { RowShard } from "./sums.js";
import { blocksOf, type Spread } from "./tile-plan.js";

const WORKGROUPS_PER_DIMENSION = 65_535;
/** Four halves. */
const BYTES_PER_BLOCK = 8;

export class HalfRows {
  /** A buffer a shard. */
  readonly buffers: readonly GPUBuffer[];
  readonly #device: Device;
  readonly #shards: readonly RowShard[];
  readonly #settings: readonly GPUBuffer[];
  readonly #K: number;
  readonly #spread: Spread;
  #pipeline: GPUComputePipeline | undefined;
  #groups: readonly GPUBindGroup[] = [];

  constructor(device: Device, shards: readonly RowShard[], K: number, spread: Spread) {
    this.#device = device;
    this.#shards = shards;
    this.#K = K;
    this.#spread = spread;
    this.buffers = shards.map(({ count }) => createStorage(device, "rows in half precision", count * blocksOf(K) * BYTES_PER_BLOCK));
    this.#settings = shards.map(({ count }) => uploadUniform(device, "rows to pack", uniformWords([["u", count]])));
  }

  async compile(): Promise<void> {
    const pipeline = await compilePipeline(this.#device, packHalvesKernel(this.#K, this.#spread), "pack_halves");
    this.#pipeline = pipeline;
    this.#groups = this.#shards.map(({ rows }, shard) =>
      this.#device.gpu.createBindGroup({
        label: "pack halves",
        layout: pipeline.getBindGroupLayout(0),
        entries: [this.#settings[shard], rows, this.buffers[shard]].map((buffer, binding) => ({ binding, resource: { buffer } })),
      }),
    );
  }

  /** Queues the packing of the rows as they then are. */
  submit(): void {
    const encoder = this.#device.gpu.createCommandEncoder({ label: "pack halves" });
    const pass = encoder.beginComputePass({ label: "pack halves" });
    pass.setPipeline(this.#pipeline!);
    this.#shards.forEach(({ count }, shard) => {
      pass.setBindGroup(0, this.#groups[shard]);
      const workgroups = Math.ceil((count * blocksOf(this.#K)) / SUM_LANES);
      const wide = Math.min(workgroups, WORKGROUPS_PER_DIMENSION);
      pass.dispatchWorkgroups(wide, Math.ceil(workgroups / wide));
    });
    pass.end();
    this.#device.gpu.queue.submit([encoder.finish()]);
  }

  destroy(): void {
    for (const buffer of [...this.buffers, ...this.#settings]) buffer.destroy();
  }
}

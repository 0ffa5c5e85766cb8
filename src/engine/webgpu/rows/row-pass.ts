// A kernel that goes through all rows of a side, a lane for each of their vec4s, shard by shard.

import { bindBuffers, dispatch } from "../device/bindings.js";
import { uniformWords, uploadUniform } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import type { Kernel } from "../device/kernel.js";
import { compilePipeline } from "../device/pipelines.js";
import type { RowShard } from "../memory/row-store.js";
import { ROW_LANES } from "./row-kernels.js";
import { blocksOf } from "./tile-plan.js";

/** Where the uniform struct's second field, a float, stands; the first is the number of rows. */
const AMOUNT_BYTE = 4;

export class RowPass {
  /** A buffer per shard, which is bound beside its rows; none of a pass over the rows alone. */
  readonly beside: readonly GPUBuffer[];
  readonly #device: Device;
  readonly #label: string;
  readonly #shards: readonly RowShard[];
  readonly #blocks: number;
  readonly #settings: readonly GPUBuffer[];
  #pipeline: GPUComputePipeline | undefined;
  #groups: readonly GPUBindGroup[] = [];

  /** @param beside makes the buffer of a shard of so many vec4s, without what stands behind its rows. */
  constructor(device: Device, label: string, shards: readonly RowShard[], K: number, beside?: (blocks: number) => GPUBuffer) {
    this.#device = device;
    this.#label = label;
    this.#shards = shards;
    this.#blocks = blocksOf(K);
    this.#settings = shards.map(({ count }) =>
      uploadUniform(
        device,
        `settings of ${label}`,
        uniformWords([
          ["u", count],
          ["f", 0],
        ]),
      ),
    );
    this.beside = beside ? shards.map(({ count }) => beside(count * this.#blocks)) : [];
  }

  async compile(kernel: Kernel, entryPoint: string): Promise<void> {
    const pipeline = await compilePipeline(this.#device, kernel, entryPoint);
    this.#pipeline = pipeline;
    this.#groups = this.#shards.map(({ rows }, shard) =>
      bindBuffers(this.#device, this.#label, pipeline.getBindGroupLayout(0), [
        this.#settings[shard],
        rows,
        ...this.beside.slice(shard, shard + 1),
      ]),
    );
  }

  /** Queues the pass over the rows as they then are. */
  submit(amount?: number): void {
    const { gpu } = this.#device;
    if (amount !== undefined) for (const settings of this.#settings) gpu.queue.writeBuffer(settings, AMOUNT_BYTE, Float32Array.of(amount));
    const encoder = gpu.createCommandEncoder({ label: this.#label });
    const pass = this.#device.beginPass(encoder, this.#label);
    pass.setPipeline(this.#pipeline!);
    this.#shards.forEach(({ count }, shard) => {
      pass.setBindGroup(0, this.#groups[shard]);
      dispatch(pass, Math.ceil((count * this.#blocks) / ROW_LANES));
    });
    pass.end();
    gpu.queue.submit([encoder.finish()]);
  }

  destroy(): void {
    for (const buffer of [...this.beside, ...this.#settings]) buffer.destroy();
  }
}

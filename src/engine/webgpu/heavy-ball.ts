// Heavy ball on the device: the rows of a side, and a copy of them as they were a sweep ago.

import { createStorage, uniformWords, uploadUniform } from "./buffers.js";
import type { Device } from "./device.js";
import { heavyBallKernel, SUM_LANES } from "./kernels.js";
import { compilePipeline } from "./pipelines.js";
import type { RowShard } from "./sums.js";
import { blocksOf, type Spread } from "./tile-plan.js";

const WORKGROUPS_PER_DIMENSION = 65_535;

interface Step {
  readonly settings: GPUBuffer;
  readonly before: GPUBuffer;
  readonly group: GPUBindGroup;
  readonly lanes: number;
}

export class HeavyBall {
  readonly #device: Device;
  readonly #pipeline: GPUComputePipeline;
  readonly #steps: readonly Step[];

  /** @param spread what stands behind a row, which is left as it is. */
  static async create(device: Device, shards: readonly RowShard[], K: number, spread: Spread): Promise<HeavyBall> {
    return new HeavyBall(device, await compilePipeline(device, heavyBallKernel(K, spread), "heavy_ball"), shards, K);
  }

  private constructor(device: Device, pipeline: GPUComputePipeline, shards: readonly RowShard[], K: number) {
    this.#device = device;
    this.#pipeline = pipeline;
    this.#steps = shards.map(({ rows, count }) => {
      const settings = uploadUniform(device, "momentum", uniformWords([["f", 0], ["u", count]])); // prettier-ignore
      const before = createStorage(device, "rows a sweep ago", count * blocksOf(K) * 16);
      const group = device.gpu.createBindGroup({
        label: "heavy ball",
        layout: pipeline.getBindGroupLayout(0),
        entries: [settings, rows, before].map((buffer, binding) => ({ binding, resource: { buffer } })),
      });
      return { settings, before, group, lanes: count * blocksOf(K) };
    });
  }

  /** Queues a step; with a momentum of 0 the rows are only taken note of. */
  submit(momentum: number): void {
    const { gpu } = this.#device;
    const encoder = gpu.createCommandEncoder({ label: "heavy ball" });
    const pass = encoder.beginComputePass({ label: "heavy ball" });
    pass.setPipeline(this.#pipeline);
    for (const { settings, group, lanes } of this.#steps) {
      gpu.queue.writeBuffer(settings, 0, Float32Array.of(momentum));
      pass.setBindGroup(0, group);
      const workgroups = Math.ceil(lanes / SUM_LANES);
      const wide = Math.min(workgroups, WORKGROUPS_PER_DIMENSION);
      pass.dispatchWorkgroups(wide, Math.ceil(workgroups / wide));
    }
    pass.end();
    gpu.queue.submit([encoder.finish()]);
  }

  destroy(): void {
    for (const { settings, before } of this.#steps) {
      settings.destroy();
      before.destroy();
    }
  }
}

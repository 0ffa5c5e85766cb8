// Solves a side's feature factors on the device and writes its prior means behind its rows: three dispatches.

import type { SparseRows } from "../../ratings/features.js";
import type { Side } from "../engine.js";
import { featureInverse } from "../reference/features.js";
import { createStorage, uniformWords, uploadStorage, uploadUniform } from "./buffers.js";
import type { Device } from "./device.js";
import { featureFactorsKernel } from "./kernels.js";
import { compilePipeline } from "./pipelines.js";
import { blocksOf } from "./tile-plan.js";

const LANES = 64;
const WORKGROUPS_PER_DIMENSION = 65_535;
const STEPS = ["feature_sums", "feature_factors", "feature_means"] as const;

interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly lanes: number;
}

export class FeatureUpdate {
  /** Feature factors, [features, blocks] vec4s. */
  readonly factors: GPUBuffer;
  readonly #device: Device;
  readonly #side: Side;
  readonly #table: SparseRows;
  readonly #K: number;
  readonly #rows: GPUBuffer;
  readonly #buffers: GPUBuffer[] = [];
  #steps: readonly Step[] = [];

  /** @param initial feature factors to start from, [features, K] row-major; default 0. */
  constructor(device: Device, side: Side, table: SparseRows, rows: GPUBuffer, K: number, initial: Float32Array | undefined) {
    this.#device = device;
    this.#side = side;
    this.#table = table;
    this.#K = K;
    this.#rows = rows;
    const stride = 4 * blocksOf(K);
    const packed = new Float32Array(table.columns * stride);
    if (initial) for (let f = 0; f < table.columns; f++) packed.set(initial.subarray(f * K, (f + 1) * K), f * stride);
    this.factors = this.#keep(uploadStorage(device, `feature factors of ${side}`, packed));
  }

  /** @param ratio τ_f over the precision of the side's factors. */
  async compile(ratio: number): Promise<void> {
    const { columns, count } = this.#table;
    const device = this.#device;
    const upload = (label: string, data: Uint32Array | Float32Array): GPUBuffer =>
      this.#keep(uploadStorage(device, `${label} of ${this.#side}`, data));
    const settings = this.#keep(uploadUniform(device, `feature settings of ${this.#side}`, uniformWords([["u", columns], ["u", count]]))); // prettier-ignore
    const inverse = upload("inverse of the feature system", Float32Array.from(featureInverse(this.#table, ratio)));
    const sums = this.#keep(createStorage(device, `feature sums of ${this.#side}`, columns * blocksOf(this.#K) * 16));
    const byRow = [this.#table.start, this.#table.index, this.#table.value].map((data) => upload("features by row", data));
    const transposed = transpose(this.#table);
    const byFeature = [transposed.start, transposed.index, transposed.value].map((data) => upload("rows by feature", data));
    const kernel = featureFactorsKernel(this.#K);
    const blocks = blocksOf(this.#K);
    this.#steps = await Promise.all(
      STEPS.map(async (entryPoint): Promise<Step> => {
        const pipeline = await compilePipeline(device, kernel, entryPoint);
        const bound = {
          feature_sums: { 0: settings, 1: byFeature[0], 2: byFeature[1], 3: byFeature[2], 5: sums, 7: this.#rows },
          feature_factors: { 0: settings, 4: inverse, 5: sums, 6: this.factors },
          feature_means: { 0: settings, 1: byRow[0], 2: byRow[1], 3: byRow[2], 6: this.factors, 7: this.#rows },
        }[entryPoint];
        const group = device.gpu.createBindGroup({
          label: `${entryPoint} of ${this.#side}`,
          layout: pipeline.getBindGroupLayout(0),
          entries: Object.entries(bound).map(([binding, buffer]) => ({ binding: Number(binding), resource: { buffer } })),
        });
        return { pipeline, group, lanes: (entryPoint === "feature_means" ? count : columns) * blocks };
      }),
    );
  }

  /** Queues the solve of the factors and the means; `meansOnly` takes the factors as they are. */
  submit(meansOnly = false): void {
    const encoder = this.#device.gpu.createCommandEncoder({ label: `features of ${this.#side}` });
    const pass = encoder.beginComputePass({ label: `features of ${this.#side}` });
    for (const { pipeline, group, lanes } of meansOnly ? this.#steps.slice(2) : this.#steps) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      const workgroups = Math.ceil(lanes / LANES);
      const wide = Math.min(workgroups, WORKGROUPS_PER_DIMENSION);
      pass.dispatchWorkgroups(wide, Math.ceil(workgroups / wide));
    }
    pass.end();
    this.#device.gpu.queue.submit([encoder.finish()]);
  }

  /** [features, K] row-major out of the bytes of `factors`. */
  unpack(bytes: ArrayBuffer): Float32Array {
    const stride = 4 * blocksOf(this.#K);
    const packed = new Float32Array(bytes);
    const K = this.#K;
    return Float32Array.from({ length: this.#table.columns * K }, (_, at) => packed[Math.floor(at / K) * stride + (at % K)]);
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }

  #keep(buffer: GPUBuffer): GPUBuffer {
    this.#buffers.push(buffer);
    return buffer;
  }
}

/** Columns as rows, by a counting sort. */
function transpose({ count, columns, start, index, value }: SparseRows): SparseRows {
  const first = new Uint32Array(columns + 1);
  for (const column of index) first[column + 1]++;
  for (let column = 0; column < columns; column++) first[column + 1] += first[column];
  const next = first.slice();
  const rows = new Uint32Array(index.length);
  const values = new Float32Array(index.length);
  for (let row = 0; row < count; row++) {
    for (let at = start[row]; at < start[row + 1]; at++) {
      const to = next[index[at]]++;
      rows[to] = row;
      values[to] = value[at];
    }
  }
  return { count: columns, columns: count, start: first, index: rows, value: values };
}

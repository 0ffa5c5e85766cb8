// Solves a side's feature factors on the device and writes its prior means behind its rows:
// three dispatches, two of them for each shard of rows.

import type { SparseRows } from "../../../ratings/features.js";
import type { Side, Which } from "../../engine.js";
import { featureInverse } from "../../reference/feature-factors.js";
import { dispatch } from "../device/bindings.js";
import { createStorage, uniformWords, uploadStorage, uploadUniform } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import { featureFactorsKernel } from "./row-kernels.js";
import { compilePipeline } from "../device/pipelines.js";
import type { RowShard } from "../memory/row-store.js";
import { blocksOf } from "./tile-plan.js";

const LANES = 64;

type EntryPoint = "feature_sums" | "feature_factors" | "feature_means";

interface Step {
  readonly entryPoint: EntryPoint;
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly lanes: number;
}

export class FeatureUpdate {
  /** Feature factors, [features, blocks] vec4s, the present ones and those set aside. */
  readonly #factors: GPUBuffer;
  readonly #kept: GPUBuffer;
  readonly #inverse: GPUBuffer;
  /** ρ of the inverse that is on the device. */
  #ratio: number | undefined;
  readonly #device: Device;
  readonly #side: Side;
  readonly #table: SparseRows;
  readonly #K: number;
  readonly #shards: readonly RowShard[];
  readonly #buffers: GPUBuffer[] = [];
  #steps: readonly Step[] = [];

  /** @param initial feature factors to start from, [features, K] row-major; default 0. */
  constructor(device: Device, side: Side, table: SparseRows, shards: readonly RowShard[], K: number, initial: Float32Array | undefined) {
    this.#device = device;
    this.#side = side;
    this.#table = table;
    this.#K = K;
    this.#shards = shards;
    const stride = 4 * blocksOf(K);
    const packed = new Float32Array(table.columns * stride);
    if (initial) for (let f = 0; f < table.columns; f++) packed.set(initial.subarray(f * K, (f + 1) * K), f * stride);
    this.#factors = this.#own(uploadStorage(device, `feature factors of ${side}`, packed));
    this.#kept = this.#own(uploadStorage(device, `kept feature factors of ${side}`, packed));
    this.#inverse = this.#own(createStorage(device, `inverse of the feature system of ${side}`, 4 * table.columns ** 2));
  }

  /** The present factors, or those set aside. */
  buffer(which: Which): GPUBuffer {
    return which === "kept" ? this.#kept : this.#factors;
  }

  /** Copies the present factors aside. */
  keep(): void {
    const encoder = this.#device.gpu.createCommandEncoder({ label: "keep" });
    encoder.copyBufferToBuffer(this.#factors, 0, this.#kept, 0, this.#factors.size);
    this.#device.gpu.queue.submit([encoder.finish()]);
  }

  async compile(): Promise<void> {
    const { columns } = this.#table;
    const blocks = blocksOf(this.#K);
    const sums = this.#own(createStorage(this.#device, `feature sums of ${this.#side}`, columns * blocks * 16));
    const factorSettings = this.#settings(0, true);
    const adding: Promise<Step>[] = [];
    const meaning: Promise<Step>[] = [];
    let from = 0;
    for (const { rows, count } of this.#shards) {
      const part = rowsFrom(this.#table, from, from + count);
      const [start, other, value] = this.#columns(transpose(part));
      const settings = this.#settings(count, from === 0);
      adding.push(this.#step("feature_sums", { 0: settings, 1: start, 2: other, 3: value, 5: sums, 7: rows }, columns * blocks));
      const [rowStart, feature, weight] = this.#columns(part);
      const bound = { 0: settings, 1: rowStart, 2: feature, 3: weight, 6: this.#factors, 7: rows };
      meaning.push(this.#step("feature_means", bound, count * blocks));
      from += count;
    }
    const solving = this.#step("feature_factors", { 0: factorSettings, 4: this.#inverse, 5: sums, 6: this.#factors }, columns * blocks);
    this.#steps = await Promise.all([...adding, solving, ...meaning]);
  }

  /** Queues the solve of the factors and the means. @param ratio τ_f over the precision of the side's factors. */
  submit(ratio: number): void {
    // The system is the same in every sweep.
    if (this.#ratio !== ratio) this.#device.gpu.queue.writeBuffer(this.#inverse, 0, Float32Array.from(featureInverse(this.#table, ratio)));
    this.#ratio = ratio;
    this.#submit(false);
  }

  /** Queues the means of the factors as they are. */
  submitMeans(): void {
    this.#submit(true);
  }

  #submit(meansOnly: boolean): void {
    const encoder = this.#device.gpu.createCommandEncoder({ label: `features of ${this.#side}` });
    const pass = this.#device.beginPass(encoder, `features of ${this.#side}`);
    for (const { entryPoint, pipeline, group, lanes } of this.#steps) {
      if (meansOnly && entryPoint !== "feature_means") continue;
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      dispatch(pass, Math.ceil(lanes / LANES));
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

  async #step(entryPoint: EntryPoint, bound: Record<number, GPUBuffer>, lanes: number): Promise<Step> {
    const pipeline = await compilePipeline(this.#device, featureFactorsKernel(this.#K), entryPoint);
    const group = this.#device.gpu.createBindGroup({
      label: `${entryPoint} of ${this.#side}`,
      layout: pipeline.getBindGroupLayout(0),
      entries: Object.entries(bound).map(([binding, buffer]) => ({ binding: Number(binding), resource: { buffer } })),
    });
    return { entryPoint, pipeline, group, lanes };
  }

  /** The uniform struct Settings of feature-factors.wgsl. */
  #settings(rows: number, first: boolean): GPUBuffer {
    const words = uniformWords([["u", this.#table.columns], ["u", rows], ["u", first ? 1 : 0]]); // prettier-ignore
    return this.#own(uploadUniform(this.#device, `feature settings of ${this.#side}`, words));
  }

  #columns({ start, index, value }: SparseRows): GPUBuffer[] {
    return [start, index, value].map((data) => this.#upload("features", data));
  }

  #upload(label: string, data: Uint32Array | Float32Array): GPUBuffer {
    return this.#own(uploadStorage(this.#device, `${label} of ${this.#side}`, data));
  }

  #own(buffer: GPUBuffer): GPUBuffer {
    this.#buffers.push(buffer);
    return buffer;
  }
}

/** Rows `from` to `to` − 1. */
function rowsFrom({ columns, start, index, value }: SparseRows, from: number, to: number): SparseRows {
  const first = start[from];
  return {
    count: to - from,
    columns,
    start: start.subarray(from, to + 1).map((at) => at - first),
    index: index.subarray(first, start[to]),
    value: value.subarray(first, start[to]),
  };
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

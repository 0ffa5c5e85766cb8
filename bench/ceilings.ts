// What a device can do at best, measured by the plainest kernels: multiply-adds in registers, streaming reads, gathers
// of rows, workgroup memory, empty dispatches. Each kernel runs longer and longer until its time is well above the
// clock's steps; the best of several runs counts.

import { reportOf, requestAdapter } from "../src/engine/webgpu/device/device.js";
import { median } from "./median.js";

/** A run lasts at least this long, milliseconds. */
const SHORTEST_RUN_MS = 100;
const RUNS = 5;
const LANES = 256;
const MOST_WORKGROUPS = 65_535;
const MOST_REPEATS = 1024;
const STREAM_BYTES = 2 ** 30;
const GATHERED_ROWS = 2 ** 20;
const CALLS = { chained: 1000, submitted: 20 };

export interface GatherCeiling {
  readonly factors: number;
  readonly rows: number;
  readonly bytesPerSecond: number;
}

/** Per second, or milliseconds. */
export interface Ceilings {
  /** How times were taken. */
  readonly clock: "timestamp queries" | "wall time";
  /** Float32 operations, a multiply-add being two. */
  readonly flopsPerSecond: number;
  readonly streamBytesPerSecond: number;
  readonly streamBytes: number;
  readonly workgroupBytesPerSecond: number;
  /** Of rows of each number of factors, at random, out of a table of as many rows as the larger side has. */
  readonly gathers: readonly GatherCeiling[];
  /** A dispatch of one workgroup among many in a pass. */
  readonly dispatchMs: number;
  /** A submission of one dispatch, until the host knows of its end. */
  readonly roundTripMs: number;
}

/** Work of one dispatch of so many workgroups. */
interface Probe {
  readonly label: string;
  readonly code: string;
  readonly buffers: readonly GPUBuffer[];
  /** What a workgroup does: operations or bytes. */
  readonly amount: number;
}

/** @param blocksOf vec4s that the Gram kernel gathers a rating, by number of factors. */
export async function measureCeilings(factors: readonly number[], rows: number, blocksOf: (K: number) => number): Promise<Ceilings> {
  const adapter = await requestAdapter();
  // llvmpipe's timestamps go by steps of 8 ms.
  const timestamps = adapter.features.has("timestamp-query") && !reportOf(adapter).software;
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const gpu = await adapter.requestDevice({
    label: "ceilings",
    requiredFeatures: timestamps ? ["timestamp-query"] : [],
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
  });
  const bench = new Bench(gpu, timestamps);
  const streamBytes = 2 ** Math.floor(Math.log2(Math.min(STREAM_BYTES, maxBufferSize, maxStorageBufferBindingSize)));
  const ceilings: Ceilings = {
    clock: timestamps ? "timestamp queries" : "wall time",
    flopsPerSecond: await bench.rate(multiplyAdds()),
    streamBytesPerSecond: await bench.rate(streaming(bench.storage("stream", streamBytes))),
    streamBytes,
    workgroupBytesPerSecond: await bench.rate(workgroupReads()),
    gathers: await sequentially(factors, async (K) => {
      const table = bench.storage("table", rows * blocksOf(K) * 16);
      const index = bench.storage("index", GATHERED_ROWS * 4, randomIndices(GATHERED_ROWS, rows));
      return { factors: K, rows, bytesPerSecond: await bench.rate(gathers(table, index, blocksOf(K))) };
    }),
    ...(await bench.latencies()),
  };
  gpu.destroy();
  return ceilings;
}

async function sequentially<A, B>(values: readonly A[], work: (value: A) => Promise<B>): Promise<B[]> {
  const results: B[] = [];
  for (const value of values) results.push(await work(value));
  return results;
}

/** Any numbers will do as long as no two neighbours are neighbours. */
function randomIndices(count: number, below: number): Uint32Array<ArrayBuffer> {
  let state = 1;
  return Uint32Array.from({ length: count }, () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) % below);
}

const ENTRY = `@compute @workgroup_size(${LANES})
fn probe(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32)`;
/** What keeps the compiler from leaving the work out; it never happens. */
const keep = (sum: string): string => `if (all(${sum} == vec4f(1.0, 2.0, 3.0, 4.0))) { kept[lane] = ${sum}; }`;

/** Eight independent chains of vec4s per lane; no two components alike, lest the compiler do them once. */
function multiplyAdds(): Probe {
  const CHAINS = 8;
  const STEPS = 64;
  const UNROLLED = 4;
  const chains = Array.from({ length: CHAINS }, (_, at) => at);
  const step = chains.map((at) => `x_${at} = fma(x_${at}, scale, offset);`).join("\n    ");
  const code = `@group(0) @binding(0) var<storage, read_write> kept: array<vec4f>;
${ENTRY} {
  let scale = vec4f(0.5, 0.55, 0.6, 0.65) + 0.25 * f32(lane) / ${LANES}.0;
  let offset = vec4f(1.0, 2.0, 3.0, 4.0) * f32(group.x + 1u);
  ${chains.map((at) => `var x_${at} = ${at}.5 * offset;`).join("\n  ")}
  for (var step = 0u; step < ${STEPS}u; step++) {
    ${Array.from({ length: UNROLLED }, () => step).join("\n    ")}
  }
  let sum = ${chains.map((at) => `x_${at}`).join(" + ")};
  ${keep("sum")}
}`;
  return { label: "multiply-adds", code, buffers: [], amount: LANES * STEPS * UNROLLED * CHAINS * 4 * 2 };
}

/** Workgroups read consecutive pieces, lanes consecutive vec4s. */
function streaming(buffer: GPUBuffer): Probe {
  const READS = 16;
  const code = `@group(0) @binding(0) var<storage, read_write> kept: array<vec4f>;
@group(0) @binding(1) var<storage, read> stream: array<vec4f>;
${ENTRY} {
  let first = group.x * ${LANES * READS}u;
  var sum = vec4f();
  for (var read = 0u; read < ${READS}u; read++) {
    sum += stream[(first + read * ${LANES}u + lane) & ${buffer.size / 16 - 1}u];
  }
  ${keep("sum")}
}`;
  return { label: "streaming reads", code, buffers: [buffer], amount: LANES * READS * 16 };
}

/**
 * Neighbouring lanes read neighbouring vec4s of a row, rows come at random:
 * what a Gram kernel does with a rating, and its index.
 */
function gathers(table: GPUBuffer, index: GPUBuffer, blocks: number): Probe {
  const READS = 16;
  const code = `@group(0) @binding(0) var<storage, read_write> kept: array<vec4f>;
@group(0) @binding(1) var<storage, read> table: array<vec4f>;
@group(0) @binding(2) var<storage, read> row_index: array<u32>;
${ENTRY} {
  let first = group.x * ${LANES * READS}u;
  var sum = vec4f();
  for (var read = 0u; read < ${READS}u; read++) {
    let at = first + read * ${LANES}u + lane;
    sum += table[row_index[(at / ${blocks}u) & ${GATHERED_ROWS - 1}u] * ${blocks}u + at % ${blocks}u];
  }
  ${keep("sum")}
}`;
  return { label: `gathers of ${blocks} vec4s`, code, buffers: [table, index], amount: LANES * READS * 16 * (1 + 0.25 / blocks) };
}

/** Neighbouring lanes read neighbouring vec4s, all places in turn. */
function workgroupReads(): Probe {
  const PLACES = 512;
  const STEPS = 256;
  const READS = 4;
  const reads = Array.from({ length: READS }, (_, at) => at);
  const code = `@group(0) @binding(0) var<storage, read_write> kept: array<vec4f>;
var<workgroup> places: array<vec4f, ${PLACES}>;
${ENTRY} {
  for (var at = lane; at < ${PLACES}u; at += ${LANES}u) { places[at] = vec4f(f32(at + group.x)); }
  workgroupBarrier();
  ${reads.map((at) => `var sum_${at} = vec4f();`).join("\n  ")}
  for (var step = 0u; step < ${STEPS}u; step++) {
    ${reads.map((at) => `sum_${at} += places[(lane + ${at * 96}u + step * 32u) & ${PLACES - 1}u];`).join("\n    ")}
  }
  let sum = ${reads.map((at) => `sum_${at}`).join(" + ")};
  ${keep("sum")}
}`;
  return { label: "workgroup memory", code, buffers: [], amount: LANES * STEPS * READS * 16 };
}

class Bench {
  readonly #gpu: GPUDevice;
  readonly #kept: GPUBuffer;
  readonly #queries: GPUQuerySet | undefined;
  readonly #resolved: GPUBuffer;

  constructor(gpu: GPUDevice, timestamps: boolean) {
    this.#gpu = gpu;
    this.#kept = this.storage("kept", LANES * 16);
    this.#queries = timestamps ? gpu.createQuerySet({ type: "timestamp", count: 2 }) : undefined;
    this.#resolved = gpu.createBuffer({ size: 16, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
  }

  storage(label: string, bytes: number, words?: Uint32Array<ArrayBuffer>): GPUBuffer {
    const buffer = this.#gpu.createBuffer({ label, size: bytes, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
    if (words) this.#gpu.queue.writeBuffer(buffer, 0, words);
    return buffer;
  }

  /** The probe's amount a second: the best of several runs of sufficient length. */
  async rate(probe: Probe): Promise<number> {
    const pass = await this.#prepare(probe);
    let [workgroups, repeats] = [64, 1];
    let best = Infinity;
    while ((best = await pass(workgroups, repeats)) < SHORTEST_RUN_MS && repeats < MOST_REPEATS) {
      if (workgroups < MOST_WORKGROUPS) workgroups = Math.min(MOST_WORKGROUPS, workgroups * 4);
      else repeats *= 2;
    }
    for (let run = 1; run < RUNS; run++) best = Math.min(best, await pass(workgroups, repeats));
    for (const buffer of probe.buffers) buffer.destroy();
    return (probe.amount * workgroups * repeats) / (best / 1000);
  }

  async latencies(): Promise<{ dispatchMs: number; roundTripMs: number }> {
    const code = `@group(0) @binding(0) var<storage, read_write> kept: array<vec4f>;\n${ENTRY} { ${keep("vec4f(f32(lane))")} }`;
    const pass = await this.#prepare({ label: "empty", code, buffers: [], amount: 0 });
    await pass(1, CALLS.chained);
    const dispatchMs = (await pass(1, CALLS.chained)) / CALLS.chained;
    const trips: number[] = [];
    for (let call = 0; call < CALLS.submitted; call++) {
      const started = performance.now();
      await pass(1, 1, false);
      trips.push(performance.now() - started);
    }
    return { dispatchMs, roundTripMs: median(trips) };
  }

  /** Compiles a probe; the function it gives runs it and returns milliseconds. */
  async #prepare({ label, code, buffers }: Probe): Promise<(workgroups: number, repeats: number, timed?: boolean) => Promise<number>> {
    const gpu = this.#gpu;
    const module = gpu.createShaderModule({ label, code });
    const pipeline = await gpu.createComputePipelineAsync({ label, layout: "auto", compute: { module, entryPoint: "probe" } });
    const group = gpu.createBindGroup({
      label,
      layout: pipeline.getBindGroupLayout(0),
      entries: [this.#kept, ...buffers].map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    return async (workgroups, repeats, timed = true) => {
      const querySet = timed ? this.#queries : undefined;
      const encoder = gpu.createCommandEncoder({ label });
      const timestampWrites = querySet && { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
      const pass = encoder.beginComputePass({ label, timestampWrites });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      for (let repeat = 0; repeat < repeats; repeat++) pass.dispatchWorkgroups(workgroups);
      pass.end();
      if (querySet) encoder.resolveQuerySet(querySet, 0, 2, this.#resolved, 0);
      const commands = encoder.finish();
      const started = performance.now();
      gpu.queue.submit([commands]);
      await gpu.queue.onSubmittedWorkDone();
      const elapsed = performance.now() - started;
      return querySet ? await this.#elapsed() : elapsed;
    };
  }

  async #elapsed(): Promise<number> {
    const target = this.#gpu.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = this.#gpu.createCommandEncoder({ label: "timestamps" });
    encoder.copyBufferToBuffer(this.#resolved, 0, target, 0, 16);
    this.#gpu.queue.submit([encoder.finish()]);
    await target.mapAsync(GPUMapMode.READ);
    const [begin, end] = new BigUint64Array(target.getMappedRange());
    target.destroy();
    return Number(end - begin) / 1e6;
  }
}

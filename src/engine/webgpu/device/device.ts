// The GPU device: asked for with the limits that large problems need, watched for loss,
// its failures turned into typed errors.

import { byteText } from "../../../byte-text.js";
import { DeviceError, TastespaceError } from "../../../errors.js";
import { checkOptions } from "../../../options.js";
import type { DeviceInfo } from "../../engine.js";
import "../../platform-names.js";
import { Pace } from "./pace.js";
import { Trace } from "./trace.js";
import { requestGpu } from "#gpu";
import { type Kind, numberAbove } from "../../../options.js";

/** What a device's subgroup matrices are like: products of halves, summed in float32. */
export interface SubgroupMatrices {
  /** Rows and columns of a sum. */
  readonly size: number;
  /** Columns of the left factor, rows of the right. */
  readonly depth: number;
  /** Most lanes of a subgroup; a workgroup must be a multiple of it. */
  readonly lanes: number;
}

/** Lanes of a subgroup, fewest and most. */
export interface SubgroupSizes {
  readonly minimum: number;
  readonly maximum: number;
}

/** What is known of an adapter, for people. */
export interface AdapterReport extends DeviceInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  readonly limits: Readonly<Record<string, number>>;
  readonly features: readonly string[];
  /** Its subgroup matrices of halves that are summed in float32, where Dawn has been told to offer them. */
  readonly matrices?: SubgroupMatrices | undefined;
  /** Where the browser tells them. */
  readonly subgroups?: SubgroupSizes | undefined;
  /** Whether its compiler writes out every loop whose turns it can find out, and takes long then: llvmpipe's does. */
  readonly writesOutLoops?: boolean | undefined;
}

/** Which adapter is asked for. */
export interface GpuOptions {
  /** A GPU object of the caller's own; default: the browser's `navigator.gpu`, or Dawn in Node. */
  readonly gpu?: GPU | undefined;
  readonly powerPreference?: "low-power" | "high-performance" | undefined;
  /** Keep the WebGPU default limits instead of the adapter's largest; what the parity tests do. Default false. */
  readonly defaultLimits?: boolean | undefined;
  /** Bytes of the largest binding, at most what the device offers: larger arrays are cut. Default: what it offers. */
  readonly bindingBytes?: number | undefined;
  /** Ask for subgroup matrices. Default false. */
  readonly matrices?: boolean | undefined;
  /** Bytes that a training may take on the device: ratings beyond it are streamed from the host. Default: no limit. */
  readonly memoryBytes?: number | undefined;
  /** Milliseconds that an answer of the device is waited for before it is given up as lost. Default: ten minutes. */
  readonly waitMs?: number | undefined;
  /** Take the time of every compute pass, where the adapter can; see `Device.trace`. Default false. */
  readonly trace?: boolean | undefined;
}

/** The names of these, and what numbers must be. */
export const GPU_OPTIONS = {
  gpu: true,
  powerPreference: true,
  defaultLimits: true,
  bindingBytes: numberAbove(0),
  matrices: true,
  memoryBytes: numberAbove(0),
  waitMs: numberAbove(0),
  trace: true,
} as const satisfies { readonly [N in keyof Required<GpuOptions>]: true | Kind };
const GPU_NAMES: ReadonlySet<string> = new Set(Object.keys(GPU_OPTIONS));

/** Limits raised to what the adapter offers: sizes only, for kernels are written for the defaults. */
const SIZE_LIMITS = ["maxBufferSize", "maxStorageBufferBindingSize"] as const;

const WRITE_OUT_LOOPS = /llvmpipe/i;
const SOFTWARE_DRIVERS = /llvmpipe|lavapipe|swiftshader|software|microsoft basic render|warp/i;

/** Feature by which lanes of a subgroup exchange registers. */
const SUBGROUPS = "subgroups";

const TIMESTAMPS = "timestamp-query";

/** Features by which subgroups multiply matrices. The first is an experiment of Dawn's, not of the WebGPU standard. */
const MATRIX_FEATURES = ["chromium-experimental-subgroup-matrix", "shader-f16"] as const;

/** What Dawn says of the subgroup matrices of an adapter. */
interface MatrixInfo {
  readonly subgroupMatrixConfigs?: Iterable<{
    readonly M: number;
    readonly N: number;
    readonly K: number;
    readonly componentType: string;
    readonly resultComponentType: string;
  }>;
}

/** Larger ones would not leave workgroup memory for what is staged. */
const LARGEST_MATRIX = 16;

/** The largest square matrices of halves that are summed in float32. */
function matricesOf(info: GPUAdapterInfo): SubgroupMatrices | undefined {
  const suitable = [...((info as MatrixInfo).subgroupMatrixConfigs ?? [])].filter(
    ({ M, N, componentType, resultComponentType }) =>
      M === N && M <= LARGEST_MATRIX && componentType === "f16" && resultComponentType === "f32",
  );
  const [best] = suitable.sort((a, b) => b.M - a.M || b.K - a.K);
  return best && { size: best.M, depth: best.K, lanes: info.subgroupMaxSize };
}

/** A submission takes a part of a second (`pace.ts`); compiling for a software driver takes longest. */
const WAIT_MS = 600_000;
/** A device that is lost may say so a little after what was asked of it has failed. */
const LOSS_IS_TOLD_MS = 100;
const LOSS_IS_ASKED_MS = 5;

/** A device with its lost state. All work goes through `checked`, so that no failure passes in silence. */
export class Device {
  readonly gpu: GPUDevice;
  readonly report: AdapterReport;
  /** Undefined when the device has no subgroup operations, or does not tell how wide they are. */
  readonly subgroups: SubgroupSizes | undefined;
  /** Subgroup matrices of halves summed in float32, where they were asked for. */
  readonly matrices: SubgroupMatrices | undefined;
  readonly bindingBytes: number;
  readonly memoryBytes: number;
  readonly pace: Pace;
  readonly #waitMs: number;
  /** Ends of the waits under way, for when the device is lost. */
  readonly #waiting = new Set<(error: DeviceError) => void>();
  /** Times of compute passes, where they were asked for and can be had. */
  readonly trace: Trace | undefined;
  #lost: DeviceError | undefined;
  /** The first error of a call that no scope was around. */
  #uncaptured: DeviceError | undefined;

  constructor(
    gpu: GPUDevice,
    report: AdapterReport,
    { bindingBytes = Infinity, memoryBytes = Infinity, waitMs = WAIT_MS, trace = false }: GpuOptions = {},
  ) {
    this.gpu = gpu;
    this.report = report;
    const { maxStorageBufferBindingSize, maxBufferSize } = gpu.limits;
    this.bindingBytes = Math.min(bindingBytes, maxStorageBufferBindingSize, maxBufferSize);
    this.memoryBytes = memoryBytes;
    this.#waitMs = waitMs;
    this.pace = new Pace(gpu.queue, (done) => this.answer("computing", done));
    this.trace = trace && gpu.features.has(TIMESTAMPS) ? new Trace(gpu, (read) => this.answer("reading times", read)) : undefined;
    // Chromium before 132 has no `adapterInfo` of a device, but of its adapter.
    this.subgroups = gpu.features.has(SUBGROUPS)
      ? (subgroupSizes(gpu.adapterInfo as GPUAdapterInfo | undefined) ?? report.subgroups)
      : undefined;
    this.matrices = gpu.features.has(MATRIX_FEATURES[0]) ? report.matrices : undefined;
    void gpu.lost.then((info) => this.#giveUp(`the GPU device was lost (${info.reason ?? "unknown"}): ${info.message}`));
    gpu.addEventListener("uncapturederror", ({ error }) => {
      this.#uncaptured ??= /memory/i.test(error.constructor.name)
        ? outOfMemory("training", error.message)
        : new DeviceError("device-limit", `the GPU rejected a call: ${error.message}`);
    });
  }

  /** Whether nothing that it gives is to be relied on: it is lost, or a call has failed that nobody looked after. */
  get isLost(): boolean {
    return this.#lost !== undefined || this.#uncaptured !== undefined;
  }

  /**
   * Waits for what the device is to answer, but no longer than there is a device, nor than `waitMs`.
   *
   * @throws what the answer is rejected with; DeviceError of code "device-lost".
   */
  answer<T>(what: string, answer: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#lost) {
        answer.catch(() => {});
        return reject(this.#lost);
      }
      const silent = (): void => void this.#giveUp(`the GPU has not answered for ${this.#waitMs / 1000} s while ${what}`);
      const timer = setTimeout(silent, this.#waitMs);
      const end = (error: unknown): void => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        reject(error as Error);
      };
      this.#waiting.add(end);
      answer.then((value) => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        resolve(value);
      }, end);
    });
  }

  /**
   * The typed error of something that the device has failed at; what is typed already stays.
   * Without a reason of its own the device is given up: nothing says that it can be relied on.
   */
  async failure(what: string, cause: unknown): Promise<DeviceError> {
    if (cause instanceof DeviceError) return cause;
    for (let waited = 0; waited < LOSS_IS_TOLD_MS && !this.#lost; waited += LOSS_IS_ASKED_MS)
      await new Promise((resolve) => setTimeout(resolve, LOSS_IS_ASKED_MS));
    return this.#lost ?? this.#giveUp(`the GPU failed while ${what}: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }

  #giveUp(message: string, cause?: unknown): DeviceError {
    const remedy = "start again from the last checkpoint, or train on the CPU";
    this.#lost ??= new DeviceError("device-lost", message, { remedy, cause });
    for (const end of this.#waiting) end(this.#lost);
    this.gpu.destroy();
    return this.#lost;
  }

  throwIfLost(): void {
    if (this.#lost) throw this.#lost;
    if (this.#uncaptured) throw this.#uncaptured;
  }

  /**
   * Runs work, its calls up to the first `await` inside error scopes of their own: scopes are a stack,
   * so one that stayed open while others work would take their errors for its own. Allocate and encode before you wait.
   *
   * @throws DeviceError of code "out-of-memory", "device-limit" or "device-lost".
   */
  async checked<T>(what: string, work: () => T | Promise<T>): Promise<T> {
    this.throwIfLost();
    this.gpu.pushErrorScope("out-of-memory");
    this.gpu.pushErrorScope("validation");
    let begun: Promise<T>;
    try {
      begun = Promise.resolve(work());
    } catch (error) {
      begun = Promise.reject(error);
    }
    const scopes = settled(this.answer(what, Promise.all([this.gpu.popErrorScope(), this.gpu.popErrorScope()])));
    const [done, popped] = await Promise.all([settled(begun), scopes]);
    // What a scope has caught is the reason of what follows, a read that fails among it.
    const [invalid, exhausted] = "value" in popped ? popped.value : [null, null];
    if (exhausted) throw outOfMemory(what, exhausted.message);
    if (!invalid) this.throwIfLost();
    if ("error" in popped) throw await this.failure(what, popped.error);
    const rejected = invalid && new DeviceError("device-limit", `the GPU rejected ${what}: ${invalid.message}`);
    // What work makes of what was never computed is no reason; what a shader's compiler says is.
    if (rejected && !("error" in done && isOfAShader(done.error))) throw rejected;
    // A call that throws as a device goes is the device's failure.
    if ("error" in done) throw isOfTheDevice(done.error) ? await this.failure(what, done.error) : done.error;
    return done.value;
  }

  /** Begins a compute pass of this label; its time is taken where there is a trace. */
  beginPass(encoder: GPUCommandEncoder, label: string): GPUComputePassEncoder {
    return encoder.beginComputePass({ label, timestampWrites: this.trace?.next(label) });
  }

  /** @throws DeviceError of code "device-limit" naming the buffer, its size and the limit. */
  checkSize(label: string, bytes: number): void {
    const { bindingBytes } = this;
    if (bytes > bindingBytes) {
      throw new DeviceError(
        "device-limit",
        `${label} needs ${byteText(bytes)}, beyond the ${byteText(bindingBytes)} this device can bind`,
        {
          remedy: "use fewer factors, fewer ratings or diagonal covariances, or train on the CPU",
        },
      );
    }
  }

  destroy(): void {
    this.gpu.destroy();
  }
}

const outOfMemory = (what: string, message: string): DeviceError =>
  new DeviceError("out-of-memory", `the GPU ran out of memory while ${what}: ${message}`, {
    remedy: "give memoryBytes a number of bytes, beyond which ratings are streamed; use fewer factors; or train on the CPU",
  });

/** The errors that WebGPU's own calls throw. */
const isOfTheDevice = (error: unknown): boolean =>
  !(error instanceof TastespaceError) && error instanceof Error && /^(Abort|Operation|InvalidState|GPU\w*)Error$/.test(error.name);

const isOfAShader = (error: unknown): boolean => error instanceof DeviceError && error.code === "shader";

const settled = <T>(promise: Promise<T>): Promise<{ value: T } | { error: unknown }> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );

function subgroupSizes(info: GPUAdapterInfo | undefined): SubgroupSizes | undefined {
  const { subgroupMinSize: minimum, subgroupMaxSize: maximum } = info ?? {};
  return minimum !== undefined && maximum !== undefined ? { minimum, maximum } : undefined;
}

/** @throws DeviceError of code "no-adapter" when it takes too long. */
async function inTime<T>(wanted: Promise<T>, what: string, { waitMs = WAIT_MS }: GpuOptions): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new DeviceError("no-adapter", `WebGPU has not ${what} for ${waitMs / 1000} s`, { remedy: "train on the CPU" });
    timer = setTimeout(() => reject(error), waitMs);
  });
  try {
    return await Promise.race([wanted, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** @throws DeviceError of code "no-adapter" saying what was looked for. */
export async function requestAdapter(options: GpuOptions = {}): Promise<GPUAdapter> {
  checkOptions("requestAdapter", options, GPU_NAMES);
  const gpu = options.gpu ?? (await requestGpu(options.matrices));
  const wanted = gpu.requestAdapter({ powerPreference: options.powerPreference ?? "high-performance" });
  const adapter = await inTime(wanted, "offered an adapter", options);
  if (!adapter) {
    throw new DeviceError("no-adapter", "WebGPU is there but offers no adapter", {
      remedy: "install a Vulkan, Metal or Direct3D 12 driver, or train on the CPU",
    });
  }
  return adapter;
}

/** @throws DeviceError when there is no WebGPU, no adapter, or the device cannot be had. */
export async function requestDevice(options: GpuOptions = {}): Promise<Device> {
  const adapter = await requestAdapter(options);
  const requiredLimits: Record<string, number> = {};
  if (!options.defaultLimits) for (const limit of SIZE_LIMITS) requiredLimits[limit] = adapter.limits[limit];
  const report = reportOf(adapter);
  if (options.matrices && !report.matrices) {
    throw new DeviceError("device-limit", `${report.name} offers no subgroup matrices of halves summed in float32`, {
      remedy: "leave tensor cores off",
    });
  }
  const wanted = [SUBGROUPS, ...(options.matrices ? MATRIX_FEATURES : []), ...(options.trace ? [TIMESTAMPS] : [])];
  const requiredFeatures = wanted.filter((feature) => adapter.features.has(feature)) as GPUFeatureName[];
  try {
    const device = adapter.requestDevice({ label: "tastespace", requiredLimits, requiredFeatures });
    return new Device(await inTime(device, "given a device", options), report, options);
  } catch (cause) {
    if (cause instanceof DeviceError) throw cause;
    throw new DeviceError("no-adapter", `the adapter gave no device: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** What is known of an adapter. */
export function reportOf(adapter: GPUAdapter): AdapterReport {
  const { vendor, architecture, description, device } = adapter.info;
  const name = description || device || [vendor, architecture].filter(Boolean).join(" ") || "unnamed adapter";
  const limits: Record<string, number> = {};
  for (const key in adapter.limits) {
    const value = (adapter.limits as unknown as Record<string, unknown>)[key];
    if (typeof value === "number") limits[key] = value;
  }
  const told = [vendor, architecture, description, device].join(" ");
  const software = adapter.info.isFallbackAdapter || SOFTWARE_DRIVERS.test(told);
  const matrices = MATRIX_FEATURES.every((feature) => adapter.features.has(feature)) ? matricesOf(adapter.info) : undefined;
  const subgroups = subgroupSizes(adapter.info);
  return {
    kind: "webgpu",
    name,
    software,
    vendor,
    architecture,
    description,
    limits,
    features: [...adapter.features].sort(),
    matrices,
    subgroups,
    writesOutLoops: WRITE_OUT_LOOPS.test(told),
  };
}

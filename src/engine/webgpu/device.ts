// The GPU device: asked for with the limits that large problems need, watched for loss, its failures turned into typed errors.

import { DeviceError } from "../../errors.js";
import type { DeviceInfo } from "../engine.js";
import type { SubgroupMatrices } from "./matrix-plan.js";
import { byteText } from "./memory-plan.js";
import { Pace } from "./pace.js";
import { RatingStores } from "./rating-store.js";
import { requestGpu } from "#gpu";

/** What is known of an adapter, for people. */
export interface AdapterReport extends DeviceInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  readonly limits: Readonly<Record<string, number>>;
  readonly features: readonly string[];
  /** Its subgroup matrices of halves that are summed in float32, where Dawn has been told to offer them. */
  readonly matrices?: SubgroupMatrices | undefined;
}

/** Which adapter is asked for. */
export interface GpuOptions {
  /** A GPU object of the caller's own; default: the browser's `navigator.gpu`, or Dawn in Node. */
  readonly gpu?: GPU | undefined;
  readonly powerPreference?: GPUPowerPreference | undefined;
  /** Keep the WebGPU default limits instead of the adapter's largest; what the parity tests do. Default false. */
  readonly defaultLimits?: boolean | undefined;
  /** Bytes of the largest binding, at most what the device offers: larger arrays are cut. Default: what it offers. */
  readonly bindingBytes?: number | undefined;
  /** Ask for subgroup matrices. Default false. */
  readonly matrices?: boolean | undefined;
  /** Bytes that a training may take on the device: ratings beyond it are streamed from host memory. Default: no limit. */
  readonly memoryBytes?: number | undefined;
}

/** Limits raised to what the adapter offers: sizes only, for kernels are written for the defaults. */
const SIZE_LIMITS = ["maxBufferSize", "maxStorageBufferBindingSize"] as const;

const SOFTWARE_DRIVERS = /llvmpipe|lavapipe|swiftshader|software|microsoft basic render|warp/i;

/** Feature by which lanes of a subgroup exchange registers. */
const SUBGROUPS = "subgroups";

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

/** A device with its lost state. All work on the device goes through `checked`, so that no failure passes in silence. */
export class Device {
  readonly gpu: GPUDevice;
  readonly report: AdapterReport;
  /** Lanes of a subgroup, fewest and most; undefined when the device has no subgroup operations. */
  readonly subgroups: { readonly minimum: number; readonly maximum: number } | undefined;
  /** Subgroup matrices of halves summed in float32, where they were asked for. */
  readonly matrices: SubgroupMatrices | undefined;
  readonly bindingBytes: number;
  readonly memoryBytes: number;
  readonly pace = new Pace(this);
  readonly ratings = new RatingStores(this);
  #lost: DeviceError | undefined;

  constructor(gpu: GPUDevice, report: AdapterReport, { bindingBytes = Infinity, memoryBytes = Infinity }: GpuOptions = {}) {
    this.gpu = gpu;
    this.report = report;
    const { maxStorageBufferBindingSize, maxBufferSize } = gpu.limits;
    this.bindingBytes = Math.min(bindingBytes, maxStorageBufferBindingSize, maxBufferSize);
    this.memoryBytes = memoryBytes;
    const { subgroupMinSize: minimum, subgroupMaxSize: maximum } = gpu.adapterInfo;
    this.subgroups = gpu.features.has(SUBGROUPS) ? { minimum, maximum } : undefined;
    this.matrices = gpu.features.has(MATRIX_FEATURES[0]) ? report.matrices : undefined;
    void gpu.lost.then((info) => {
      this.#lost = new DeviceError("device-lost", `the GPU device was lost (${info.reason ?? "unknown"}): ${info.message}`, {
        remedy: "start again from the last checkpoint, or train on the CPU",
      });
    });
  }

  throwIfLost(): void {
    if (this.#lost) throw this.#lost;
  }

  /**
   * Runs work inside error scopes.
   *
   * @throws DeviceError of code "out-of-memory", "device-limit" or "device-lost".
   */
  async checked<T>(what: string, work: () => T | Promise<T>): Promise<T> {
    this.throwIfLost();
    this.gpu.pushErrorScope("out-of-memory");
    this.gpu.pushErrorScope("validation");
    let result: T | undefined;
    let thrown: unknown;
    try {
      result = await work();
    } catch (error) {
      thrown = error;
    }
    const [invalid, exhausted] = await Promise.all([this.gpu.popErrorScope(), this.gpu.popErrorScope()]);
    this.throwIfLost();
    if (exhausted) {
      throw new DeviceError("out-of-memory", `the GPU ran out of memory while ${what}: ${exhausted.message}`, {
        remedy: "give deviceMemory a number of bytes, beyond which ratings are streamed; use fewer factors; or train on the CPU",
      });
    }
    if (thrown !== undefined) throw thrown;
    if (invalid) throw new DeviceError("device-limit", `the GPU rejected ${what}: ${invalid.message}`);
    return result as T;
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

/** @throws DeviceError of code "no-adapter" saying what was looked for. */
export async function requestAdapter(options: GpuOptions = {}): Promise<GPUAdapter> {
  const gpu = options.gpu ?? (await requestGpu(options.matrices));
  const adapter = await gpu.requestAdapter({ powerPreference: options.powerPreference ?? "high-performance" });
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
  const wanted = options.matrices ? [SUBGROUPS, ...MATRIX_FEATURES] : [SUBGROUPS];
  const requiredFeatures = wanted.filter((feature) => adapter.features.has(feature)) as GPUFeatureName[];
  try {
    return new Device(await adapter.requestDevice({ label: "tastespace", requiredLimits, requiredFeatures }), report, options);
  } catch (cause) {
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
  const software = adapter.info.isFallbackAdapter || SOFTWARE_DRIVERS.test([vendor, architecture, description, device].join(" "));
  const matrices = MATRIX_FEATURES.every((feature) => adapter.features.has(feature)) ? matricesOf(adapter.info) : undefined;
  return { kind: "webgpu", name, software, vendor, architecture, description, limits, features: [...adapter.features].sort(), matrices };
}

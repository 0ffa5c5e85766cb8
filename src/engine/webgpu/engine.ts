// The WebGPU engine: ratings and rows live on the device, a half-sweep is a list of dispatches,
// and only sums come back.

import type { SeenItems } from "../../ratings/seen.js";
import type { DeviceInfo, Engine, MemoryReport, ScoredRows, Workload, WorkloadOutline } from "../engine.js";
import { type Device, GPU_OPTIONS, type GpuOptions, requestDevice } from "./device/device.js";
import { planMemory } from "./memory/memory-plan.js";
import { topItems } from "./ranking/top-items.js";
import type { GramTuning } from "./rows/gram-kernel.js";
import { WebGpuSession } from "./session.js";
import { BLOCK_BYTES_PER_RATING } from "./steps/block-epochs.js";
import { checkOptions, namesOf } from "../../options.js";

/** How a GPU engine is opened. */
export interface WebGpuOptions extends GpuOptions {
  readonly tuning?: GramTuning | undefined;
}

const WEBGPU_NAMES = namesOf<WebGpuOptions>({ ...GPU_OPTIONS, tuning: true });

/** The GPU engine. */
export class WebGpuEngine implements Engine {
  readonly info: DeviceInfo;
  readonly device: Device;
  readonly #tuning: GramTuning | undefined;

  constructor(device: Device, tuning?: GramTuning) {
    this.device = device;
    this.#tuning = tuning;
    const { kind, name, software } = device.report;
    this.info = { kind, name, software };
  }

  /** @throws DeviceError of code "no-adapter" when WebGPU cannot be had here. */
  static async create(options: WebGpuOptions = {}): Promise<WebGpuEngine> {
    checkOptions("WebGpuEngine.create", options, WEBGPU_NAMES);
    const { tuning, ...gpuOptions } = options;
    return new WebGpuEngine(await requestDevice({ ...gpuOptions, matrices: tuning?.tensorCores }), tuning);
  }

  memory({ operations, ...size }: WorkloadOutline): MemoryReport {
    const { epochs, pulls = [] } = operations;
    return planMemory({ ...size, pulled: pulls.length > 0, copyBytes: epochs && BLOCK_BYTES_PER_RATING }, this.device);
  }

  async open(workload: Workload): Promise<WebGpuSession> {
    return await WebGpuSession.open(this.device, workload, this.#tuning);
  }

  async topItems(rows: ScoredRows, seen: SeenItems, k: number, alpha: number): Promise<Uint32Array> {
    return await topItems(this.device, rows, seen, k, alpha);
  }

  destroy(): void {
    this.device.destroy();
  }
}

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
import { onAnother } from "../on-another.js";

/** How a GPU engine is opened. */
export interface WebGpuOptions extends GpuOptions {
  readonly tuning?: GramTuning | undefined;
}

const WEBGPU_NAMES = namesOf<WebGpuOptions>({ ...GPU_OPTIONS, tuning: true });

/** The GPU engine. */
export class WebGpuEngine implements Engine {
  readonly info: DeviceInfo;
  readonly #tuning: GramTuning | undefined;
  readonly #another: (() => Promise<Device>) | undefined;
  #device: Device;
  #renewed: Promise<void> | undefined;
  #destroyed = false;

  /** @param another gives a device like the first, for when that is lost. */
  constructor(device: Device, tuning?: GramTuning, another?: () => Promise<Device>) {
    this.#device = device;
    this.#tuning = tuning;
    this.#another = another;
    const { kind, name, software } = device.report;
    this.info = { kind, name, software };
  }

  /** The device that it computes on: another one after `renew`. */
  get device(): Device {
    return this.#device;
  }

  /** @throws DeviceError of code "no-adapter" when WebGPU cannot be had here. */
  static async create(options: WebGpuOptions = {}): Promise<WebGpuEngine> {
    checkOptions("WebGpuEngine.create", options, WEBGPU_NAMES);
    const { tuning, ...gpuOptions } = options;
    const request = (): Promise<Device> => requestDevice({ ...gpuOptions, matrices: tuning?.tensorCores });
    return new WebGpuEngine(await request(), tuning, request);
  }

  memory({ operations, ...size }: WorkloadOutline): MemoryReport {
    const { epochs, pulls = [], steps } = operations;
    const also = { descends: steps !== undefined, pulled: pulls.length > 0, copyBytes: epochs && BLOCK_BYTES_PER_RATING };
    return planMemory({ ...size, ...also }, this.device);
  }

  async open(workload: Workload): Promise<WebGpuSession> {
    // What one training has left behind is not the next one's.
    if (this.device.isLost) await this.renew();
    return await WebGpuSession.open(this.device, workload, this.#tuning);
  }

  async topItems(rows: ScoredRows, seen: SeenItems, k: number, alpha: number): Promise<Uint32Array> {
    return await onAnother(this, () => topItems(this.device, rows, seen, k, alpha));
  }

  /** @throws DeviceError when the engine was destroyed, or no other device is to be had. */
  async renew(): Promise<void> {
    if (!this.device.isLost && !this.#destroyed) return;
    if (this.#destroyed || !this.#another) this.device.throwIfLost();
    // Of trainings that all lose one device, the first asks for another.
    this.#renewed ??= this.#another!()
      .then((device) => {
        this.#device.destroy();
        this.#device = device;
      })
      .finally(() => (this.#renewed = undefined));
    await this.#renewed;
  }

  destroy(): void {
    this.#destroyed = true;
    this.device.destroy();
  }
}

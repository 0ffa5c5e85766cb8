// Chooses the engine: a hardware GPU when there is one, else the fast one on the processor, saying why.

import { DeviceError } from "../errors.js";
import { checkArguments, checkOptions, checkUsed, FUNCTION, type Kind, namesOf, oneOf, wholeFrom } from "../options.js";
import { CpuEngine } from "./cpu/engine.js";
import type { Engine } from "./engine.js";
import { ENGINE_KIND } from "./engine-kind.js";
import { ReferenceEngine } from "./reference/engine.js";
import { GPU_OPTIONS } from "./webgpu/device/device.js";
import { WebGpuEngine, type WebGpuOptions } from "./webgpu/engine.js";
import { whyNoHardware } from "#gpu";

/**
 * "webgpu", the GPU, or a software adapter where there is no other; "cpu", WebAssembly on all cores;
 * "reference", float64 in plain loops; "auto", a hardware GPU where there is one, else "cpu".
 */
export type DeviceChoice = "auto" | "webgpu" | "cpu" | "reference";

export const DEVICE_CHOICES: readonly DeviceChoice[] = ["auto", "webgpu", "cpu", "reference"];

/** How engines are opened. */
export interface EngineOptions extends WebGpuOptions {
  /** Threads of the `cpu` engine. Default: one a processor core. */
  readonly threads?: number | undefined;
}

const ENGINE_NAMES = namesOf<EngineOptions>({ ...GPU_OPTIONS, tuning: true, threads: wholeFrom(1) });
const CHOICE_KIND = oneOf(...DEVICE_CHOICES);
const NOTICE_KIND: Kind = {
  ...FUNCTION,
  remedy: (value) => (typeof value === "object" ? "options come third: openEngine(choice, undefined, { threads: … })" : undefined),
};

/** A choice of where to compute, or an engine. */
export const DEVICE_KIND: Kind = {
  must: `${CHOICE_KIND.must}, or an engine`,
  holds: (value) => CHOICE_KIND.holds(value) || ENGINE_KIND.holds(value),
  remedy: (value) => (value instanceof Promise ? "await it" : undefined),
};

/**
 * @param onNotice receives one sentence when "auto" finds no hardware GPU, or when the
 *   adapter asked for is a software one.
 * @throws OptionsError for an option that the engine chosen does not take; DeviceError of code "no-adapter" when
 *   "webgpu" was asked for and is not to be had; of code "device-limit" when the device lacks what `tuning` asks for;
 *   of code "no-webassembly" when "cpu" was asked for where WebAssembly has no SIMD.
 */
export async function openEngine(
  choice: DeviceChoice,
  onNotice: (notice: string) => void = () => {},
  options: EngineOptions = {},
): Promise<Engine> {
  checkArguments("openEngine", { choice: [choice, CHOICE_KIND], onNotice: [onNotice, NOTICE_KIND] });
  checkOptions("openEngine", options, ENGINE_NAMES);
  checkTaken(choice, options);
  if (choice === "reference") return new ReferenceEngine();
  if (choice === "cpu") return await CpuEngine.create({ threads: options.threads, onNotice });
  const { threads, ...gpuOptions } = options;
  if (choice === "webgpu") {
    const engine = await WebGpuEngine.create(gpuOptions);
    if (engine.info.software) onNotice(`${engine.info.name} is a software adapter: it computes on the CPU, slower than the cpu engine`);
    return engine;
  }
  return (await hardwareGpu(gpuOptions, onNotice)) ?? (await processor(threads, onNotice));
}

/** @throws OptionsError for an option of another engine than the one that is chosen by name. */
export function checkTaken(choice: DeviceChoice, { threads, tuning, ...ofGpu }: EngineOptions): void {
  if (choice === "auto") return;
  checkUsed("threads", threads, choice === "cpu", `the device is "${choice}"`, 'give device: "cpu", or no threads');
  for (const [name, value] of Object.entries({ ...ofGpu, ...tuning }))
    checkUsed(name, value, choice === "webgpu", `the device is "${choice}"`, `give device: "webgpu", or no ${name}`);
}

async function hardwareGpu(gpuOptions: WebGpuOptions, onNotice: (notice: string) => void): Promise<Engine | undefined> {
  const missing = gpuOptions.gpu ? undefined : whyNoHardware();
  if (missing !== undefined) {
    onNotice(`training on the CPU: ${missing}`);
    return undefined;
  }
  try {
    const engine = await WebGpuEngine.create(gpuOptions);
    if (!engine.info.software) return engine;
    engine.destroy();
    onNotice(`training on the CPU: the only adapter, ${engine.info.name}, is a software one`);
  } catch (error) {
    if (!(error instanceof DeviceError) || error.code !== "no-adapter") throw error;
    onNotice(`training on the CPU: ${error.message}`);
  }
  return undefined;
}

async function processor(threads: number | undefined, onNotice: (notice: string) => void): Promise<Engine> {
  try {
    return await CpuEngine.create({ threads, onNotice });
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    onNotice(`training on the float64 reference, which is slow: ${error.message}`);
    return new ReferenceEngine();
  }
}

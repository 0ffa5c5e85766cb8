// Chooses the engine: the GPU when there is one, else the CPU reference, saying why.

import { DeviceError, OptionsError } from "../errors.js";
import type { Engine } from "./engine.js";
import { ReferenceEngine } from "./reference/engine.js";
import { WebGpuEngine, type WebGpuOptions } from "./webgpu/engine.js";

/** "webgpu", the GPU; "cpu", the float64 reference; "auto", the GPU where there is one, else the CPU. */
export type DeviceChoice = "auto" | "webgpu" | "cpu";

/**
 * @param onNotice receives one sentence when "auto" falls back to the CPU, or when the adapter is a software one.
 * @throws DeviceError of code "no-adapter" when "webgpu" was asked for and is not to be had; of code "device-limit" when the device lacks what
 *   `tuning` asks for.
 */
export async function openEngine(
  choice: DeviceChoice,
  onNotice: (notice: string) => void = () => {},
  options: WebGpuOptions = {},
): Promise<Engine> {
  if (choice === "cpu") return new ReferenceEngine();
  if (choice !== "auto" && choice !== "webgpu")
    throw new OptionsError(`device is "${String(choice)}": it must be "auto", "webgpu" or "cpu"`);
  try {
    const engine = await WebGpuEngine.create(options);
    if (engine.info.software) onNotice(`${engine.info.name} is a software adapter: it computes on the CPU, much slower than a GPU`);
    return engine;
  } catch (error) {
    if (choice === "webgpu" || !(error instanceof DeviceError) || error.code !== "no-adapter") throw error;
    onNotice(`training on the CPU: ${error.message}`);
    return new ReferenceEngine();
  }
}

// Where WebGPU comes from in Node: Dawn, through the optional package `webgpu`, loaded on demand.

import { DeviceError } from "../../../errors.js";
import { dlopenSoftwareDriver } from "./software-driver.js";
import { whyNoVulkan } from "./vulkan.js";

export { whyNoHardware } from "./vulkan.js";

// Dawn's GPU objects must outlive every adapter and device made from them: collected, they take the process down.
const made: { ordinary?: Promise<GPU>; experimental?: Promise<GPU> } = {};

/** What Dawn must be told before it offers subgroup matrices. NVIDIA's drivers offer halves only when asked. */
const EXPERIMENTS = "enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia";

/**
 * Dawn's GPU object, one for the process, and one more with experiments.
 * `TASTESPACE_DAWN` holds Dawn's own options, separated by spaces.
 *
 * @throws DeviceError of code "no-adapter" when the package is not installed or cannot be loaded,
 *   and where no driver is.
 */
export function requestGpu(experiments = false): Promise<GPU> {
  const kind = experiments ? "experimental" : "ordinary";
  return (made[kind] ??= makeGpu(experiments).catch((error: unknown) => {
    // What has failed once may be asked for again.
    delete made[kind];
    throw error;
  }));
}

async function makeGpu(experiments: boolean): Promise<GPU> {
  dlopenSoftwareDriver();
  const missing = whyNoVulkan();
  if (missing !== undefined)
    throw new DeviceError("no-adapter", `there is no GPU that WebGPU can use: ${missing}`, {
      remedy: "install a Vulkan driver, or train on the CPU",
    });
  try {
    const { create, globals } = await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ "webgpu");
    Object.assign(globalThis, globals);
    const options = (process.env["TASTESPACE_DAWN"] ?? "").split(" ").filter(Boolean);
    return create(experiments ? [...options, EXPERIMENTS] : options);
  } catch (cause) {
    throw new DeviceError(
      "no-adapter",
      `the package "webgpu" cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        remedy: "npm install webgpu, or train on the CPU",
        cause,
      },
    );
  }
}

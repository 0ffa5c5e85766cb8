// Where WebGPU comes from in Node: Dawn, through the optional package `webgpu`, loaded on demand.

import { DeviceError } from "../../errors.js";
import { dlopenSoftwareDriver } from "./software-driver.js";

// Dawn's GPU object must outlive every adapter and device made from it: collected, it takes the process down.
let dawn: GPU | undefined;

/**
 * Dawn's GPU object, one for the process. `TASTESPACE_DAWN` holds Dawn's own options, separated by spaces.
 *
 * @throws DeviceError of code "no-adapter" when the package is not installed or cannot be loaded.
 */
export async function requestGpu(): Promise<GPU> {
  if (dawn) return dawn;
  dlopenSoftwareDriver();
  try {
    const { create, globals } = await import("webgpu");
    Object.assign(globalThis, globals);
    dawn = create((process.env["TASTESPACE_DAWN"] ?? "").split(" ").filter(Boolean));
    return dawn;
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

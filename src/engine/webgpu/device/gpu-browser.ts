// Where WebGPU comes from in a browser or a worker.

import { DeviceError } from "../../../errors.js";

export async function requestGpu(): Promise<GPU> {
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
  if (!gpu) {
    throw new DeviceError("no-adapter", "this browser has no WebGPU", {
      remedy: "use a browser with WebGPU on a secure origin (https or localhost), or train on the CPU",
    });
  }
  return gpu;
}

/** In a browser only the adapter tells. */
export const whyNoHardware = (): string | undefined => undefined;

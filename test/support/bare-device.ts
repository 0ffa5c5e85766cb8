// A device that does not tell its adapter's info, as those of Chromium before 132.

import { type AdapterReport, Device, requestDevice } from "../../src/engine/webgpu/device/device.js";

/** The same device; whoever uses it destroys it. */
export async function deviceWithoutInfo(): Promise<{ readonly gpu: GPUDevice; readonly report: AdapterReport }> {
  const { gpu, report } = await requestDevice({ defaultLimits: true });
  const bare = new Proxy(gpu, {
    get: (target, name) => {
      const value: unknown = name === "adapterInfo" ? undefined : Reflect.get(target, name);
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
  return { gpu: bare, report };
}

/** One whose subgroups are not known, so that kernels do without. */
export async function deviceWithoutSubgroups(): Promise<Device> {
  const { gpu, report } = await deviceWithoutInfo();
  return new Device(gpu, { ...report, subgroups: undefined });
}

// Work that keeps nothing on a device can be done again on another.

import { DeviceError } from "../errors.js";

/** Does the work, once more where its device was lost. @throws what the work, or the engine's renewal, throws. */
export async function onAnother<T>(engine: { renew(): Promise<void> }, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DeviceError) || error.code !== "device-lost") throw error;
    await engine.renew();
    return await work();
  }
}

// Cards that were idle are slow: they sleep while a host makes the next problem.

import type { Engine } from "../src/engine/engine.js";
import { WebGpuEngine } from "../src/engine/webgpu/engine.js";

/** An idle card takes up to a second to raise its clock. */
const WARM_MS = 1500;

/** Does what is to be timed until a card has its clock. What has none does it once, for its caches. */
export async function warmUp(engine: Engine, work: () => Promise<unknown>): Promise<void> {
  const gpu = engine instanceof WebGpuEngine && !engine.info.software ? engine.device.gpu : undefined;
  const started = performance.now();
  do {
    await work();
    await gpu?.queue.onSubmittedWorkDone();
  } while (gpu && performance.now() - started < WARM_MS);
}

// What a card does, in one run of a few minutes: parity of every model with the float64 reference on the
// machine's own adapter, the ceilings and the half-sweeps against them, a sweep of every model, other plans
// of the tile kernel, ranked lists. A software driver is refused unless it is asked for by
// `--device webgpu`: its figures say nothing of a card.

import { requestDevice } from "../src/engine/webgpu/device/device.js";
import { parityOfModels } from "./gpu-parity.js";
import { modelSweeps } from "./model-sweeps.js";
import type { BenchOptions } from "./options.js";
import { gpuPeers } from "./peers.js";
import { ranking } from "./ranking.js";
import { roofline } from "./roofline.js";
import { tiles } from "./tiles.js";

const PARTS = { parity: parityOfModels, roofline, "model sweeps": modelSweeps, tiles, peers: gpuPeers, ranking };

export async function gpu(options: BenchOptions): Promise<object> {
  const device = await requestDevice();
  const { name, software, vendor, architecture, description, subgroups, limits } = device.report;
  device.destroy();
  console.log(`${name}: ${vendor} ${architecture}, ${description}`);
  if (software && options.device !== "webgpu") {
    throw new Error(
      `${name} is a software driver: on a machine with a GPU check VK_DRIVER_FILES; to try the run as it is add --device webgpu`,
    );
  }
  const results: Record<string, unknown> = { adapter: { name, vendor, architecture, description, subgroups, limits } };
  for (const [part, run] of Object.entries(PARTS)) {
    const started = performance.now();
    console.log(`\n${part}`);
    results[part] = await run(options);
    console.log(`(${((performance.now() - started) / 1000).toFixed(1)} s)`);
  }
  return results;
}

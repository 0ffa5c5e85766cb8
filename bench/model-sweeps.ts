// A sweep with its measurement of every model on the WebGPU engine: milliseconds by the clock, by the device's
// timestamps, and the dearest passes.

import type { PassTimes } from "../src/engine/webgpu/device/trace.js";
import { WebGpuEngine } from "../src/engine/webgpu/engine.js";
import { openTraining, type Problem } from "../src/models/registry.js";
import { splitRatings } from "../src/ratings/split.js";
import { SYNTHETIC_SHAPES, syntheticRatings } from "../src/ratings/synthetic.js";
import { median } from "./median.js";
import type { BenchOptions } from "./options.js";
import { MODEL_CASES, nameOf, problemOfCase, takes } from "./problem.js";
import { warmUp } from "./warm-up.js";

const LONG_ENOUGH_MS = 500;
const MOST = 20;
export async function modelSweeps({ factors, shape, models }: BenchOptions): Promise<object> {
  const { train, heldOut } = splitRatings(syntheticRatings(SYNTHETIC_SHAPES[shape]), { share: 0.2, seed: 1 });
  const engine = await WebGpuEngine.create({ trace: true });
  console.log(`${shape}, ${train.count.toLocaleString("en-US")} ratings to train on; medians, ms`);
  console.log("model                        K   compile and upload     sweep   measure   ns a rating   device, both   dearest passes");
  const rows: object[] = [];
  for (const given of MODEL_CASES.filter(({ model }) => models?.includes(model) ?? true)) {
    const name = nameOf(given);
    for (const K of factors.filter((K) => takes(given, K))) {
      const times = await timesOf(engine, problemOfCase(given, train, K, heldOut));
      const { openMs, sweepMs, measureMs, passes } = times;
      rows.push({ name, factors: K, ...times });
      const total = passes.reduce((sum, { ms }) => sum + ms, 0);
      const dearest = passes.slice(0, 4).map(({ label, ms }) => `${label} ${ms.toFixed(2)}`);
      console.log(
        `${name.padEnd(25)}${String(K).padStart(5)}${openMs.toFixed(0).padStart(21)}${sweepMs.toFixed(2).padStart(10)}` +
          `${measureMs.toFixed(2).padStart(10)}${((1e6 * sweepMs) / train.count).toFixed(2).padStart(14)}` +
          `${total.toFixed(2).padStart(15)}   ${dearest.join(", ")}`,
      );
    }
  }
  engine.destroy();
  return { shape, ratings: train.count, rows };
}

async function timesOf(
  engine: WebGpuEngine,
  problem: Problem,
): Promise<{ openMs: number; sweepMs: number; measureMs: number; passes: PassTimes[] }> {
  const { queue } = engine.device.gpu;
  const started = performance.now();
  const training = await openTraining(engine, problem);
  await training.sweep(1);
  await training.measure();
  const openMs = performance.now() - started;
  let number = 1;
  const sweeps: number[] = [];
  const measures: number[] = [];
  const { trace } = engine.device;
  await warmUp(engine, async () => {
    await training.sweep(++number);
    await training.measure();
  });
  await trace?.take();
  const begun = performance.now();
  while (sweeps.length < 3 || (performance.now() - begun < LONG_ENOUGH_MS && sweeps.length < MOST)) {
    let at = performance.now();
    await training.sweep(++number);
    await queue.onSubmittedWorkDone();
    sweeps.push(performance.now() - at);
    at = performance.now();
    await training.measure();
    measures.push(performance.now() - at);
  }
  const passes = ((await trace?.take()) ?? []).map(({ ms, ...pass }) => ({ ...pass, ms: ms / sweeps.length }));
  training.destroy();
  return { openMs, sweepMs: median(sweeps), measureMs: median(measures), passes };
}

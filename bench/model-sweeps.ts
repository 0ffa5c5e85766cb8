// A sweep with its measurement of every model on the WebGPU engine: milliseconds by the clock, by the device's
// timestamps, and the dearest passes.

import type { PassTimes } from "../src/engine/webgpu/device/trace.js";
import { WebGpuEngine } from "../src/engine/webgpu/engine.js";
import { type HyperparametersOf, type ModelName, openTraining, type Problem } from "../src/models/registry.js";
import { splitRatings } from "../src/ratings/split.js";
import { SYNTHETIC_SHAPES, syntheticRatings } from "../src/ratings/synthetic.js";
import { median } from "./median.js";
import type { BenchOptions } from "./options.js";
import { problemOfModel } from "./problem.js";

const LONG_ENOUGH_MS = 500;
const MOST = 20;
const MOST_FULL = 64;

const MODELS: readonly { readonly [M in ModelName]: { readonly model: M; readonly others?: Partial<HyperparametersOf[M]> } }[ModelName][] =
  [
    { model: "als" },
    { model: "implicit" },
    { model: "vb", others: { covariance: "diagonal" } },
    { model: "vb", others: { covariance: "full" } },
    { model: "gibbs" },
    { model: "gd" },
    { model: "sgd" },
    { model: "logistic" },
  ];

export async function modelSweeps({ factors, shape }: BenchOptions): Promise<object> {
  const { train, heldOut } = splitRatings(syntheticRatings(SYNTHETIC_SHAPES[shape]), { share: 0.2, seed: 1 });
  const engine = await WebGpuEngine.create({ trace: true });
  console.log(`${shape}, ${train.count.toLocaleString("en-US")} ratings to train on; medians, ms`);
  console.log("model               K   compile and upload     sweep   measure   ns a rating   device, both   dearest passes");
  const rows: object[] = [];
  for (const { model, others } of MODELS) {
    const what = [model, ...Object.values(others ?? {})].join(" ");
    for (const K of factors) {
      if (what.endsWith("full") && K > MOST_FULL) continue;
      const problem = problemOfModel(model, train, K, heldOut, others as never) as Problem<ModelName> as Problem;
      const times = await timesOf(engine, problem);
      const { openMs, sweepMs, measureMs, passes } = times;
      rows.push({ model, ...others, factors: K, ...times });
      console.log(
        `${what.padEnd(16)}${String(K).padStart(5)}${openMs.toFixed(0).padStart(21)}${sweepMs.toFixed(2).padStart(10)}` +
          `${measureMs.toFixed(2).padStart(10)}${((1e6 * sweepMs) / train.count).toFixed(2).padStart(14)}` +
          `${passes
            .reduce((sum, { ms }) => sum + ms, 0)
            .toFixed(2)
            .padStart(15)}   ${passes
            .slice(0, 4)
            .map(({ label, ms }) => `${label} ${ms.toFixed(2)}`)
            .join(", ")}`,
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

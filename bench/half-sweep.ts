// One users' half-sweep, and one measurement: every engine in one run, on ratings of a real set's shape.
// Ratios are to the reference.

import { CpuEngine } from "../src/engine/cpu/engine.js";
import type { Engine } from "../src/engine/engine.js";
import { ReferenceEngine } from "../src/engine/reference/engine.js";
import { WebGpuEngine } from "../src/engine/webgpu/engine.js";
import { DeviceError } from "../src/errors.js";
import { openTraining, type Problem } from "../src/models/registry.js";
import { SYNTHETIC_SHAPES, syntheticRatings } from "../src/ratings/synthetic.js";
import { medianTime } from "./median.js";
import type { BenchOptions } from "./options.js";
import { problemOf } from "./problem.js";
import { warmUp } from "./warm-up.js";

interface Contender {
  readonly name: string;
  readonly repeats: number;
  readonly open: () => Promise<Engine>;
}

const CONTENDERS: readonly Contender[] = [
  { name: "reference", repeats: 3, open: async () => new ReferenceEngine() },
  { name: "cpu, 1 thread", repeats: 9, open: () => CpuEngine.create({ threads: 1 }) },
  { name: "cpu, 2 threads", repeats: 9, open: () => CpuEngine.create({ threads: 2 }) },
  { name: "webgpu", repeats: 9, open: () => WebGpuEngine.create({ defaultLimits: true }) },
];

interface Row {
  readonly factors: number;
  readonly engine: string;
  readonly solveMs: number;
  readonly measureMs: number;
  /** Reference's half-sweep over this one's. */
  readonly timesReference: number;
}

export async function halfSweep({ factors, shape }: BenchOptions): Promise<{ shape: object; rows: Row[] }> {
  const size = SYNTHETIC_SHAPES[shape];
  const ratings = syntheticRatings(size);
  const thousands = (value: number): string => value.toLocaleString("en-US");
  console.log(`${thousands(size.ratings)} ratings, ${thousands(size.users)} × ${thousands(size.items)}; medians`);
  console.log("    K  engine            half-sweep, ms  × reference  measurement, ms");
  const rows: Row[] = [];
  for (const K of factors) {
    const problem = problemOf(ratings, K);
    let reference = NaN;
    for (const { name, repeats, open } of CONTENDERS) {
      const engine = await open().catch(notOffered);
      if (!engine) continue;
      const { solve, measure } = await time(engine, problem, repeats);
      if (name === "reference") reference = solve;
      const row = { factors: K, engine: name, solveMs: solve, measureMs: measure, timesReference: reference / solve };
      rows.push(row);
      const cells = [solve.toFixed(1).padStart(14), row.timesReference.toFixed(1).padStart(11), measure.toFixed(1).padStart(15)];
      console.log(`${String(K).padStart(5)}  ${name.padEnd(16)}${cells.join("  ")}`);
    }
  }
  return { shape: { name: shape, ...size }, rows };
}

/** A machine without an adapter is a result, too. */
function notOffered(error: unknown): undefined {
  if (!(error instanceof DeviceError) || error.code !== "no-adapter") throw error;
  console.log(`       webgpu: ${error.message}`);
}

async function time(engine: Engine, problem: Problem, repeats: number): Promise<{ solve: number; measure: number }> {
  const training = await openTraining(engine, problem);
  const finished = async (): Promise<void> => {
    if (engine instanceof WebGpuEngine) await engine.device.gpu.queue.onSubmittedWorkDone();
    // What was queued before a read has been done when it comes.
    else await training.session.readRows("users", "current", { from: 0, to: 1 });
  };
  await finished();
  await warmUp(engine, () => training.solve("users"));
  const solve = await medianTime(repeats, async () => {
    await training.solve("users");
    await finished();
  });
  const measure = await medianTime(repeats, async () => void (await training.measure()));
  training.destroy();
  engine.destroy();
  return { solve, measure };
}

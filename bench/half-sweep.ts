// One users' half-sweep, and one measurement: the WebGPU engine against the float64 reference, in one run, on ratings of a real set's shape.

import type { Engine } from "../src/engine/engine.js";
import type { Problem } from "../src/models/registry.js";
import { ReferenceEngine } from "../src/engine/reference/engine.js";
import { WebGpuEngine } from "../src/engine/webgpu/engine.js";
import { alsHyperparameters } from "../src/models/als.js";
import { seededRandom } from "../src/random.js";
import { buildCsr } from "../src/ratings/csr.js";
import type { Ratings } from "../src/ratings/ratings.js";
import { SYNTHETIC_SHAPES, syntheticRatings } from "../src/ratings/synthetic.js";
import type { BenchOptions } from "./main.js";
import { medianTime } from "./median.js";
import { openTraining } from "../src/models/registry.js";

const REPEATS = { cpu: 3, webgpu: 9 };

interface Row {
  readonly factors: number;
  readonly cpuMs: number;
  readonly webgpuMs: number;
  readonly ratio: number;
  readonly cpuMeasureMs: number;
  readonly webgpuMeasureMs: number;
}

export async function halfSweep({ factors, shape }: BenchOptions): Promise<{ shape: object; rows: Row[] }> {
  const size = SYNTHETIC_SHAPES[shape];
  const ratings = syntheticRatings(size);
  console.log(
    `${size.ratings.toLocaleString("en-US")} ratings, ${size.users.toLocaleString("en-US")} × ${size.items.toLocaleString("en-US")}; medians, ms`,
  );
  console.log("    K    reference    webgpu    ratio    measure: reference    webgpu");
  const rows: Row[] = [];
  for (const K of factors) {
    const problem = problemOf(ratings, K);
    const cpu = await time(new ReferenceEngine(), problem, REPEATS.cpu);
    const webgpu = await time(await WebGpuEngine.create({ defaultLimits: true }), problem, REPEATS.webgpu);
    const row = {
      factors: K,
      cpuMs: cpu.solve,
      webgpuMs: webgpu.solve,
      ratio: cpu.solve / webgpu.solve,
      cpuMeasureMs: cpu.measure,
      webgpuMeasureMs: webgpu.measure,
    };
    rows.push(row);
    const cell = (value: number, width: number, digits = 0): string => value.toFixed(digits).padStart(width);
    console.log(
      `${cell(K, 5)}${cell(row.cpuMs, 13)}${cell(row.webgpuMs, 10)}${cell(row.ratio, 9, 2)}${cell(row.cpuMeasureMs, 22)}${cell(row.webgpuMeasureMs, 10)}`,
    );
  }
  return { shape: { name: shape, ...size }, rows };
}

async function time(engine: Engine, problem: Problem, repeats: number): Promise<{ solve: number; measure: number }> {
  const session = await openTraining(engine, problem);
  const finished = async (): Promise<void> => {
    if (engine instanceof WebGpuEngine) await engine.device.gpu.queue.onSubmittedWorkDone();
  };
  await finished();
  const solve = await medianTime(repeats, async () => {
    await session.solve("users");
    await finished();
  });
  const measure = await medianTime(repeats, async () => void (await session.measure()));
  session.destroy();
  engine.destroy();
  return { solve, measure };
}

/** Random parameters like those of a trained model. */
export function problemOf(ratings: Ratings, K: number, heldOut?: Ratings): Problem {
  const random = seededRandom(1);
  const normals = (count: number): Float32Array => Float32Array.from({ length: count }, () => 0.3 * random.normal());
  const [M, N] = [ratings.users.size, ratings.items.size];
  return {
    model: "als",
    seed: 1,
    hyperparameters: alsHyperparameters({ factors: K }),
    byUser: buildCsr(ratings, "users", M),
    byItem: buildCsr(ratings, "items", N),
    heldOut,
    initial: {
      factors: K,
      userFactors: normals(M * K),
      itemFactors: normals(N * K),
      userBiases: normals(M),
      itemBiases: normals(N),
      globalMean: Math.fround(ratings.statistics().mean),
    },
  };
}

// One sweep of every model on the machine's adapter, at default limits, against the float64 reference: ratings with
// empty rows, rows of one rating, and a row that holds a third of all.

import { ReferenceEngine } from "../src/engine/reference/engine.js";
import { WebGpuEngine } from "../src/engine/webgpu/engine.js";
import type { Engine } from "../src/engine/engine.js";
import { MAX_FACTORS } from "../src/models/hyperparameters.js";
import { openTraining, type Problem } from "../src/models/registry.js";
import { Ids } from "../src/ratings/ids.js";
import { Ratings } from "../src/ratings/ratings.js";
import { hotCase, relativeError } from "../test/parity/cases.js";
import { MODEL_CASES, nameOf, problemOfCase, takes } from "./problem.js";

const TOLERANCE = 1e-4;

/** @throws Error when a model differs from the reference. */
export async function parityOfModels({ factors }: { readonly factors: readonly number[] }): Promise<object[]> {
  const { users, items, ratings: columns } = hotCase(5, 300, 240, 9000);
  const numbered = (count: number): Ids => new Ids(Array.from({ length: count }, (_, id) => id));
  const ratings = new Ratings(columns, numbered(users), numbered(items));
  const [webgpu, reference] = [await WebGpuEngine.create({ defaultLimits: true }), new ReferenceEngine()];
  console.log("model                        K   worst relative difference after a sweep");
  const rows: { name: string; factors: number; worst: number; agrees: boolean }[] = [];
  for (const given of MODEL_CASES) {
    const name = nameOf(given);
    // Beyond, the reference takes minutes.
    for (const K of factors.filter((K) => K <= MAX_FACTORS && takes(given, K))) {
      const problem = problemOfCase(given, ratings, K, ratings);
      const [actual, expected] = [await afterOneSweep(webgpu, problem), await afterOneSweep(reference, problem)];
      const worst = Math.max(...expected.map((values, at) => relativeError(actual[at], values)));
      const agrees = worst <= TOLERANCE;
      rows.push({ name, factors: K, worst, agrees });
      console.log(`${name.padEnd(25)}${String(K).padStart(5)}   ${worst.toExponential(1)}${agrees ? "" : "   DIFFERS"}`);
    }
  }
  webgpu.destroy();
  const differing = rows.filter(({ agrees }) => !agrees);
  if (differing.length > 0)
    throw new Error(`${differing.map(({ name, factors: K }) => `${name}, K = ${K}`).join("; ")}: not the reference's`);
  return rows;
}

async function afterOneSweep(engine: Engine, problem: Problem): Promise<Float32Array[]> {
  const training = await openTraining(engine, problem);
  await training.sweep(1);
  await training.measure();
  const { userFactors, itemFactors, userBiases, itemBiases } = await training.read();
  training.destroy();
  return [userFactors, itemFactors, userBiases, itemBiases];
}

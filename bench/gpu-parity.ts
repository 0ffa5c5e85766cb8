// One sweep of every model on the machine's adapter, at default limits, against the float64 reference: ratings with an
// empty row, rows of one rating, and a row that holds a third of all.

import { ReferenceEngine } from "../src/engine/reference/engine.js";
import { WebGpuEngine } from "../src/engine/webgpu/engine.js";
import type { Engine } from "../src/engine/engine.js";
import { type HyperparametersOf, type ModelName, openTraining, type Problem } from "../src/models/registry.js";
import { seededRandom } from "../src/random.js";
import { Ratings } from "../src/ratings/ratings.js";
import { problemOfModel } from "./problem.js";

const USERS = 300;
const ITEMS = 240;
const RATINGS = 9000;
const HOT_SHARE = 3;
const TOLERANCE = 2e-3;
/** The reference's time grows with K³. */
const MOST_FACTORS = 128;
const MOST_FULL = 64;

const CASES: readonly { readonly [M in ModelName]: { readonly model: M; readonly others?: Partial<HyperparametersOf[M]> } }[ModelName][] = [
  { model: "als" },
  { model: "als", others: { update: "sequential" } },
  { model: "vb", others: { covariance: "diagonal" } },
  { model: "vb", others: { covariance: "full" } },
  { model: "gibbs" },
  { model: "implicit" },
  { model: "gd" },
  { model: "sgd" },
  { model: "logistic" },
];

export async function parityOfModels({ factors }: { readonly factors: readonly number[] }): Promise<object[]> {
  const ratings = await pathologicalRatings();
  const [webgpu, reference] = [await WebGpuEngine.create({ defaultLimits: true }), new ReferenceEngine()];
  console.log("model               K   worst relative difference after a sweep");
  const rows: object[] = [];
  for (const { model, others } of CASES) {
    const what = [model, ...Object.values(others ?? {})].join(" ");
    for (const K of factors) {
      if (K > MOST_FACTORS || (what.endsWith("full") && K > MOST_FULL)) continue;
      const problem = problemOfModel(model, ratings, K, ratings, others as never) as Problem<ModelName> as Problem;
      const [actual, expected] = [await afterOneSweep(webgpu, problem), await afterOneSweep(reference, problem)];
      const worst = Math.max(...expected.map((values, at) => relativeError(actual[at], values)));
      const agrees = worst <= TOLERANCE;
      rows.push({ model, ...others, factors: K, worst, agrees });
      console.log(`${what.padEnd(16)}${String(K).padStart(5)}   ${worst.toExponential(1)}${agrees ? "" : "   DIFFERS"}`);
    }
  }
  webgpu.destroy();
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

/** max |a − b| over the largest |b|. */
function relativeError(actual: Float32Array, expected: Float32Array): number {
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const apart = expected.reduce((most, value, at) => {
    const difference = Math.abs(value - actual[at]);
    return difference <= most ? most : difference;
  }, 0);
  return scale === 0 ? apart : apart / scale;
}

/** User 0 has every third rating; every tenth of the other users has one. */
async function pathologicalRatings(): Promise<Ratings> {
  const random = seededRandom(5);
  const seen = new Set<number>();
  const rows: [number, number, number][] = [];
  const add = (user: number, item: number): void => {
    if (seen.has(user * ITEMS + item)) return;
    seen.add(user * ITEMS + item);
    rows.push([user, item, 0.5 * (1 + random.below(10))]);
  };
  for (let user = 0; user < USERS; user++) add(user, random.below(ITEMS));
  for (let at = 0; at < RATINGS; at++) {
    const user = at % HOT_SHARE === 0 ? 0 : random.below(USERS);
    if (user % 10 !== 1) add(user, random.below(ITEMS));
  }
  return Ratings.from(rows);
}

// Requests per second of fold-in, by model: someone new gives a few ratings and is given a list of ten.
// One thread, one request at a time, the parameters invented: how they were learned does not matter to the time.

import { FactorModel } from "../src/models/factor-model.js";
import type { GibbsDraw } from "../src/models/parameters.js";
import { type ModelName, MODEL_NAMES, MODELS } from "../src/models/registry.js";
import { seededRandom } from "../src/random.js";
import { Catalogue } from "../src/ratings/catalogue.js";
import { Ids } from "../src/ratings/ids.js";
import type { BenchOptions } from "./options.js";
import { median } from "./median.js";

const ITEMS = [10_000, 100_000];
const RATED = 20;
/** Draws that a model of `gibbs` keeps: its factors are as many times as wide. */
const DRAWS = 8;
/** Requests are made for so long, and so many at least. */
const SECONDS = 2;
const LEAST = 5;

export async function serving({ factors }: BenchOptions): Promise<object> {
  console.log(`lists of 10 for someone new with ${RATED} ratings; the first request apart, since it makes what later ones share`);
  console.log("model         items    K   first ms   median ms   requests/s");
  const rows: object[] = [];
  for (const items of ITEMS) {
    for (const K of factors) {
      for (const name of MODEL_NAMES) {
        const model = inventedModel(name, items, K);
        const request = requests(items);
        const first = timed(() => model.recommendFor(request()));
        const times: number[] = [];
        const until = performance.now() + 1000 * SECONDS;
        while (performance.now() < until || times.length < LEAST) times.push(timed(() => model.recommendFor(request())));
        const ms = median(times);
        rows.push({ model: name, items, factors: K, rated: RATED, firstMs: first, medianMs: ms, requestsPerSecond: 1000 / ms });
        console.log(
          `${name.padEnd(10)}${String(items).padStart(9)}${String(K).padStart(5)}${first.toFixed(1).padStart(11)}${ms.toFixed(2).padStart(12)}${(1000 / ms).toFixed(0).padStart(13)}`,
        );
      }
    }
  }
  return { rows };
}

function timed(work: () => unknown): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

/** Ratings of someone new each time. */
function requests(items: number): () => [item: number, rating: number][] {
  const random = seededRandom(3);
  return () => Array.from({ length: RATED }, () => [1 + random.below(items), 1 + random.below(5)]);
}

function inventedModel(name: ModelName, N: number, K: number): FactorModel {
  const random = seededRandom(1);
  const normals = (count: number, deviation: number): Float32Array =>
    Float32Array.from({ length: count }, () => deviation * random.normal());
  const wide = name === "gibbs" ? K * DRAWS : K;
  const prior = (): GibbsDraw["users"] => ({
    mean: Array<number>(K + 1).fill(0),
    precision: Array.from({ length: K + 1 }, (_, i) => [...Array<number>(i).fill(0), 10]).flat(),
  });
  const D = K + 1;
  const covariances = new Float32Array((N * D * (D + 1)) / 2);
  if (name === "vb") for (let n = 0; n < N; n++) for (let k = 0; k < D; k++) covariances[(n * D * (D + 1)) / 2 + (k * (k + 3)) / 2] = 0.05;
  const precisions = { lambda: 1, users: Array<number>(D).fill(10), items: Array<number>(D).fill(10) };
  return new FactorModel({
    model: name,
    hyperparameters: { ...MODELS[name].defaults, factors: K, ...(name === "logistic" && { positiveThreshold: 4 }) },
    parameters: {
      factors: wide,
      userFactors: new Float32Array(wide),
      itemFactors: normals(N * wide, 0.3),
      userBiases: new Float32Array(1),
      itemBiases: name === "implicit" ? new Float32Array(N) : normals(N, 0.4),
      globalMean: name === "implicit" ? 0 : 3.5,
      ...(name === "vb" && {
        posterior: { family: "full", precisions, users: new Float32Array((D * (D + 1)) / 2), items: covariances },
      }),
      ...(name === "gibbs" && { draws: Array.from({ length: DRAWS }, () => ({ lambda: 1, users: prior(), items: prior() })) }),
    },
    users: new Ids([1]),
    items: new Ids(Array.from({ length: N }, (_, n) => n + 1)),
    catalogue: new Catalogue(),
    statistics: { users: 1, items: N, ratings: 20 * N, mean: 3.5, minimum: 0.5, maximum: 5 },
    itemCounts: Uint32Array.from({ length: N }, () => random.below(1000)),
  });
}

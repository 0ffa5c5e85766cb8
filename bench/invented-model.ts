// Models whose parameters are invented: how they were learned does not matter to the time that serving takes.

import { FactorModel } from "../src/models/factor-model.js";
import type { GibbsDraw } from "../src/models/parameters.js";
import { type ModelName, MODELS } from "../src/models/registry.js";
import { seededRandom } from "../src/random.js";
import { Catalogue } from "../src/ratings/catalogue.js";
import { Ids } from "../src/ratings/ids.js";

/** Ratings of every user. */
export const RATED = 20;
/** Draws that a model of `gibbs` keeps: its factors are as many times as wide. */
const DRAWS = 8;

/** @param M users, each with RATED ratings where there are several. */
export function inventedModel(name: ModelName, N: number, K: number, M = 1): FactorModel {
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
    hyperparameters: { ...MODELS[name].complete({}), factors: K, ...(name === "logistic" && { positiveThreshold: 4 }) },
    parameters: {
      factors: wide,
      userFactors: M === 1 ? new Float32Array(wide) : normals(M * wide, 0.3),
      itemFactors: normals(N * wide, 0.3),
      userBiases: new Float32Array(M),
      itemBiases: name === "implicit" ? new Float32Array(N) : normals(N, 0.4),
      globalMean: name === "implicit" ? 0 : 3.5,
      ...(name === "vb" && {
        posterior: { family: "full", precisions, users: new Float32Array((D * (D + 1)) / 2), items: covariances },
      }),
      ...(name === "gibbs" && {
        draws: Array.from({ length: DRAWS }, () => ({ lambda: 1, users: prior(), items: prior() })),
        drawnBiases: { users: new Float32Array(M * DRAWS), items: normals(N * DRAWS, 0.1) },
      }),
    },
    users: new Ids(Array.from({ length: M }, (_, m) => m + 1)),
    items: new Ids(Array.from({ length: N }, (_, n) => n + 1)),
    catalogue: new Catalogue(),
    statistics: { users: M, items: N, ratings: 20 * N, mean: 3.5, minimum: 0.5, maximum: 5 },
    itemCounts: Uint32Array.from({ length: N }, () => random.below(1000)),
    ...(M > 1 && {
      seen: {
        start: Uint32Array.from({ length: M + 1 }, (_, m) => m * RATED),
        items: Uint32Array.from(
          { length: M * RATED },
          (_, at) => Math.floor(N / RATED) * (at % RATED) + random.below(Math.floor(N / RATED)),
        ),
      },
    }),
  });
}

/** Ratings of someone new each time. */
export function requests(items: number): () => [item: number, rating: number][] {
  const random = seededRandom(3);
  return () => Array.from({ length: RATED }, () => [1 + random.below(items), 1 + random.below(5)]);
}

// A problem of `als` as benchmarks train it.

import { alsHyperparameters } from "../src/models/als.js";
import type { Problem } from "../src/models/registry.js";
import { seededRandom } from "../src/random.js";
import { buildCsr } from "../src/ratings/csr.js";
import type { Ratings } from "../src/ratings/ratings.js";

/** Random parameters like those of a trained model. */
export function problemOf(ratings: Ratings, K: number, heldOut?: Ratings): Problem {
  const random = seededRandom(1);
  const normals = (count: number): Float32Array => Float32Array.from({ length: count }, () => 0.3 * random.normal());
  const [M, N] = [ratings.users.size, ratings.items.size];
  return {
    model: "als",
    seed: 1,
    hyperparameters: alsHyperparameters({ factors: K, solver: "cholesky" }),
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

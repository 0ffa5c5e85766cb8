// Problems as benchmarks train them.

import { binaryRatings } from "../src/models/binary-ratings.js";
import { logisticHyperparameters } from "../src/models/logistic.js";
import { type HyperparametersOf, type ModelName, MODELS, type Problem } from "../src/models/registry.js";
import { seededRandom } from "../src/random.js";
import { buildCsr } from "../src/ratings/csr.js";
import type { Ratings } from "../src/ratings/ratings.js";

/** A problem of `als`, from random parameters like those of a trained model. */
export const problemOf = (ratings: Ratings, K: number, heldOut?: Ratings): Problem => problemOfModel("als", ratings, K, heldOut);

/** A problem of any model, with its defaults but for what is given. `logistic` takes ratings of 4 and more as positive. */
export function problemOfModel<M extends ModelName>(
  model: M,
  given: Ratings,
  K: number,
  givenHeldOut?: Ratings,
  others: Partial<HyperparametersOf[M]> = {},
): Problem<M> {
  const hyperparameters = MODELS[model].complete({ ...others, factors: K } as Partial<HyperparametersOf[M]>);
  const { train: ratings, heldOut } = MODELS[model].binary
    ? binaryRatings(given, givenHeldOut, logisticHyperparameters({ positiveThreshold: 4 }), 1)
    : { train: given, heldOut: givenHeldOut };
  const random = seededRandom(1);
  const normals = (count: number): Float32Array => Float32Array.from({ length: count }, () => 0.3 * random.normal());
  const [M, N] = [ratings.users.size, ratings.items.size];
  const hasMean = !("mean" in hyperparameters) || hyperparameters.mean;
  const hasBiases = model !== "implicit";
  const biases = (count: number): Float32Array => (hasBiases ? normals(count) : new Float32Array(count));
  return {
    model,
    seed: 1,
    hyperparameters,
    byUser: buildCsr(ratings, "users", M),
    byItem: buildCsr(ratings, "items", N),
    heldOut,
    initial: {
      factors: K,
      userFactors: normals(M * K),
      itemFactors: normals(N * K),
      userBiases: biases(M),
      itemBiases: biases(N),
      globalMean: hasMean && hasBiases ? Math.fround(ratings.statistics().mean) : 0,
    },
  };
}

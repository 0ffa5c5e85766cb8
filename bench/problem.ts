// Problems as benchmarks train them.

import { binaryRatings } from "../src/models/binary-ratings.js";
import { MAX_FACTORS } from "../src/models/hyperparameters.js";
import { logisticHyperparameters } from "../src/models/logistic.js";
import { type HyperparametersOf, type ModelName, MODELS, type Problem } from "../src/models/registry.js";
import { MAX_FACTORS_CG } from "../src/models/solver.js";
import { seededRandom } from "../src/random.js";
import { buildCsr } from "../src/ratings/csr.js";
import type { Ratings } from "../src/ratings/ratings.js";

/** A model, and what of its hyperparameters is not the default. */
export type ModelCase = { readonly [M in ModelName]: { readonly model: M; readonly others?: Partial<HyperparametersOf[M]> } }[ModelName];

/** Every model by every way of solving it. */
export const MODEL_CASES: readonly ModelCase[] = [
  { model: "als", others: { solver: "cholesky" } },
  { model: "als", others: { solver: "cholesky", update: "sequential" } },
  { model: "als", others: { solver: "cg" } },
  { model: "implicit", others: { solver: "cholesky" } },
  { model: "implicit", others: { solver: "cg" } },
  { model: "vb", others: { covariance: "diagonal" } },
  { model: "vb", others: { covariance: "full" } },
  { model: "gibbs" },
  { model: "gd" },
  { model: "sgd", others: { rate: "adagrad" } },
  { model: "sgd", others: { rate: "shared" } },
  { model: "logistic" },
];

export const nameOf = ({ model, others }: ModelCase): string => [model, ...Object.values(others ?? {})].join(" ");

/** The time of full covariances grows with K³. */
const MOST_FULL = 64;

/** Whether a benchmark takes a case at so many factors. */
export function takes({ others = {} }: ModelCase, K: number): boolean {
  if ("covariance" in others && others.covariance === "full") return K <= MOST_FULL;
  return K <= ("solver" in others && others.solver === "cg" ? MAX_FACTORS_CG : MAX_FACTORS);
}

/** The problem of a case, whichever model's. */
export const problemOfCase = ({ model, others }: ModelCase, ratings: Ratings, K: number, heldOut?: Ratings): Problem =>
  problemOfModel(model, ratings, K, heldOut, others as never) as Problem<ModelName> as Problem;

/** A problem of `als`, from random parameters like those of a trained model. */
export const problemOf = (ratings: Ratings, K: number, heldOut?: Ratings): Problem => problemOfModel("als", ratings, K, heldOut);

/**
 * A problem of any model, with its defaults but for what is given. `logistic` takes ratings of 4 and more as positive.
 */
function problemOfModel<M extends ModelName>(
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

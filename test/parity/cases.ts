// Problems for the parity tests: random ones and pathological ones, seeded, small enough for a software adapter.

import type { Problem } from "../../src/models/registry.js";
import { alsHyperparameters, type AlsHyperparameters } from "../../src/models/als.js";
import type { Parameters } from "../../src/models/parameters.js";
import { initialPosterior, type VbHyperparameters, vbHyperparameters } from "../../src/models/vb.js";
import { seededRandom } from "../../src/random.js";
import { MOST_SEGMENT_RATINGS } from "../../src/engine/webgpu/rows/schedule.js";
import { buildCsr } from "../../src/ratings/csr.js";
import type { RatingColumns } from "../../src/ratings/rating-columns.js";

export interface Case {
  readonly users: number;
  readonly items: number;
  readonly ratings: RatingColumns;
}

/**
 * Fewer rows where factors are many: the work on a row grows with K³, and what a row's kernel does wrong it does with
 * any of them.
 */
const rowsAt = (K: number, count: number): number => Math.ceil(count * Math.min(1, Math.max(24 / count, 16 / K)));

/**
 * Uniformly random ratings; with few ratings per entity, many rows are empty or hold one rating.
 *
 * @param K factors, where rows are to be fewer for them.
 */
export function randomCase(seed: number, users: number, items: number, count: number, K = 1): Case {
  if (K > 1) return randomCase(seed, rowsAt(K, users), rowsAt(K, items), rowsAt(K, count));
  const random = seededRandom(seed);
  const user = Uint32Array.from({ length: count }, () => random.below(users));
  const item = Uint32Array.from({ length: count }, () => random.below(items));
  const value = Float32Array.from({ length: count }, () => 0.5 * (1 + random.below(10)));
  return { users, items, ratings: { user, item, value } };
}

/** Ratings of which a third are more than one segment of a row. */
const CUT_BY_A_THIRD = 3 * (MOST_SEGMENT_RATINGS + 200);

/**
 * A third of all ratings belong to user 0; every tenth user has none, and every tenth exactly one.
 *
 * @param K factors, where rows are to be fewer for them, and ratings, as long as a row that was cut still is. There stay
 * more items than factors, lest user 0 rate each all too often: such rows are ill-conditioned.
 */
export function hotCase(seed: number, users: number, items: number, count: number, K = 1): Case {
  if (K > 1) {
    const fewer = Math.min(items, Math.max(rowsAt(K, items), Math.ceil(1.25 * K)));
    return hotCase(seed, rowsAt(K, users), fewer, Math.max(Math.min(count, CUT_BY_A_THIRD), rowsAt(K, count)));
  }
  const random = seededRandom(seed);
  const ordinary = Array.from({ length: users }, (_, user) => user).filter((user) => user > 1 && user % 10 > 1);
  const single = Array.from({ length: users }, (_, user) => user).filter((user) => user > 1 && user % 10 === 1);
  const user = Uint32Array.from({ length: count }, (_, at) => {
    if (at < single.length) return single[at];
    return at % 3 === 0 ? 0 : ordinary[random.below(ordinary.length)];
  });
  const item = Uint32Array.from({ length: count }, () => random.below(items));
  const value = Float32Array.from({ length: count }, () => 0.5 * (1 + random.below(10)));
  return { users, items, ratings: { user, item, value } };
}

/** A problem with random starting parameters, the fixed side being what a trained one looks like. */
export function problemOf({ users, items, ratings }: Case, given: Partial<AlsHyperparameters>, seed = 7): Problem {
  const hyperparameters = alsHyperparameters({ solver: "cholesky", ...given });
  const K = hyperparameters.factors;
  const random = seededRandom(seed);
  const normals = (count: number, deviation: number): Float32Array =>
    Float32Array.from({ length: count }, () => deviation * random.normal());
  const biases = (count: number): Float32Array => (hyperparameters.biases ? normals(count, 0.4) : new Float32Array(count));
  const initial: Parameters = {
    factors: K,
    userFactors: normals(users * K, 0.5),
    itemFactors: normals(items * K, 0.5),
    userBiases: biases(users),
    itemBiases: biases(items),
    globalMean: hyperparameters.mean ? Math.fround(2.75) : 0,
  };
  return {
    model: "als",
    seed: 1,
    hyperparameters,
    byUser: buildCsr(ratings, "users", users),
    byItem: buildCsr(ratings, "items", items),
    heldOut: ratings,
    scale: { least: 1.5, most: 3.5 },
    initial,
  };
}

/** A problem of `vb` with random starting means and covariances, the latter well inside the positive definite ones. */
export function vbProblemOf(given: Case, settings: Partial<VbHyperparameters>, seed = 7): Problem<"vb"> {
  const hyperparameters = vbHyperparameters(settings);
  const { factors: K, covariance } = hyperparameters;
  const { byUser, byItem, heldOut, initial } = problemOf(given, { factors: K }, seed);
  const random = seededRandom(seed + 1);
  const D = K + 1;
  const side = (count: number): Float32Array => {
    if (covariance === "diagonal") return Float32Array.from({ length: count * D }, () => 0.02 + 0.1 * random.uniform());
    const values: number[] = [];
    for (let row = 0; row < count; row++) {
      // a aᵀ plus a diagonal.
      const a = Array.from({ length: D }, () => 0.1 * random.normal());
      for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) values.push(a[i] * a[j] + (i === j ? 0.02 + 0.1 * random.uniform() : 0));
    }
    return Float32Array.from(values);
  };
  const precisions = initialPosterior(hyperparameters, initial).precisions;
  const posterior = { family: covariance, precisions, users: side(byUser.count), items: side(byItem.count) };
  return { model: "vb", seed: 1, hyperparameters, byUser, byItem, heldOut, initial: { ...initial, posterior } };
}

/** max |a − b| over the largest |b|: the relative error of one array against another. */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  let difference = 0;
  let scale = 0;
  for (let at = 0; at < expected.length; at++) {
    const apart = Math.abs(actual[at] - expected[at]);
    if (!(apart <= difference)) difference = apart;
    scale = Math.max(scale, Math.abs(expected[at]));
  }
  return scale === 0 ? difference : difference / scale;
}

/** The same ratings, of weights from 0.1 to 2.1. */
export function weightedCase({ users, items, ratings }: Case, seed = 17): Case {
  const random = seededRandom(seed);
  return { users, items, ratings: { ...ratings, weight: ratings.value.map(() => 0.1 + 2 * random.uniform()) } };
}

// The parameters that a training starts from: random ones, or those of a model trained before.

import { otherSide, type Side } from "../engine/engine.js";
import { triangle } from "../engine/reference/cholesky.js";
import { OptionsError } from "../errors.js";
import { howMany } from "../shown.js";
import type { FactorModel } from "../models/factor-model.js";
import { type Parameters, sampleOf, samplesOf } from "../models/parameters.js";
import { type Configured, definitionOf, type Hyperparameters } from "../models/registry.js";
import { counterKey, counterNormals } from "../random-counter.js";
import { learnedWeights } from "../recommend/prior-means.js";
import type { FeatureTables } from "../ratings/features.js";
import type { Ratings } from "../ratings/ratings.js";

/** μ: the sum that predicts the mean of what is trained on, of probabilities its log-odds; 0 for models without. */
export function meanOf(ratings: Ratings, { model, hyperparameters: h }: Configured): number {
  const definition = definitionOf(model);
  return definition.hasMean?.(h) ? Math.fround(definition.predicts.sumOf(ratings.statistics().mean)) : 0;
}

/**
 * Normal factors of standard deviation 0.1 and biases of 0. Small, so that the first half-sweep starts near the
 * bias-only model, and not zero, which would be a saddle point. A factor depends on the seed, the side, the row and its
 * number alone.
 */
export function randomParameters(ratings: Ratings, h: Hyperparameters, seed: number): Omit<Parameters, "globalMean"> {
  return {
    factors: h.factors,
    userFactors: startOf("users", ratings.users.size, h.factors, seed),
    itemFactors: startOf("items", ratings.items.size, h.factors, seed),
    userBiases: new Float32Array(ratings.users.size),
    itemBiases: new Float32Array(ratings.items.size),
  };
}

/** Starting factors of the first rows of a side, [count, K] row-major. */
function startOf(side: Side, count: number, K: number, seed: number): Float32Array {
  const [a, b] = counterKey(seed, `start of ${side}`);
  const factors = new Float32Array(count * K);
  for (let row = 0; row < count; row++) {
    for (let k = 0; k < K; k += 4) {
      const four = counterNormals(row, k / 4, a, b);
      for (let at = k; at < Math.min(k + 4, K); at++) factors[row * K + at] = 0.1 * four[at - k];
    }
  }
  return factors;
}

/** @throws OptionsError when a model to start from has another number of factors. */
export function checkInit({ parameters }: FactorModel, factors: number): void {
  const { K } = samplesOf(parameters);
  if (K === factors) return;
  throw new OptionsError(`the model to start from has ${howMany(K, "factor")}, not ${factors}`, { remedy: `give factors: ${K}` });
}

/** The parameters of a model for these ratings' ids; users and items that it does not know start at 0. */
export function parametersFrom(
  init: FactorModel,
  ratings: Ratings,
  { model, hyperparameters: h }: Configured,
  tables: FeatureTables | undefined,
): Omit<Parameters, "globalMean"> {
  const definition = definitionOf(model);
  const K = h.factors;
  const { users, items } = init;
  checkInit(init, K);
  const parameters = lastSample(init.parameters);
  // The covariances go along when they are of the kind that is asked for;
  // else, and for the unknown, they are the starting ones.
  const before = parameters.posterior?.family === definition.spread?.(h) ? parameters.posterior : undefined;
  const width = before && (before.family === "full" ? triangle(K + 1) : K + 1);
  const side = (
    known: typeof users,
    wanted: typeof users,
    factors: Float32Array,
    biases: Float32Array,
    spread: Float32Array | undefined,
    start: Float32Array | undefined,
  ): { factors: Float32Array; biases: Float32Array; spread: Float32Array } => {
    const taken = {
      factors: new Float32Array(wanted.size * K),
      biases: new Float32Array(wanted.size),
      spread: start ?? new Float32Array(0),
    };
    for (let row = 0; row < wanted.size; row++) {
      const from = known.indexOf(wanted.rawAt(row));
      if (from < 0) continue;
      taken.factors.set(factors.subarray(from * K, from * K + K), row * K);
      if (spread && width) taken.spread.set(spread.subarray(from * width, (from + 1) * width), row * width);
      if (definition.hasBiases?.(h) ?? true) taken.biases[row] = biases[from];
    }
    return taken;
  };
  const counts = { userBiases: new Float32Array(ratings.users.size), itemBiases: new Float32Array(ratings.items.size) };
  const start = before && definition.posterior?.(h, counts);
  const user = side(users, ratings.users, parameters.userFactors, parameters.userBiases, before?.users, start?.users);
  const item = side(items, ratings.items, parameters.itemFactors, parameters.itemBiases, before?.items, start?.items);
  return {
    factors: K,
    userFactors: user.factors,
    itemFactors: item.factors,
    userBiases: user.biases,
    itemBiases: item.biases,
    posterior: before && { ...before, users: user.spread, items: item.spread },
    draws: init.parameters.draws?.slice(-1),
    features: tables && { users: featuresFrom(init, "users", tables, ratings), items: featuresFrom(init, "items", tables, ratings) },
  };
}

/**
 * The weights of the features of one side that the model knows by name, or by the ids that are rated;
 * others start at 0.
 */
function featuresFrom(init: FactorModel, side: Side, tables: FeatureTables, ratings: Ratings): Float32Array | undefined {
  const [learned, wanted] = [learnedWeights(init.parameters, init.features, side), tables[side]];
  if (!learned || !wanted) return undefined;
  const { table: known, weights, K, S, columns } = learned;
  const D = K + 1;
  // The last sample's, as of the rows.
  const last = weights.subarray((S - 1) * columns * D);
  const [before, now] = [init[otherSide(side)], ratings[otherSide(side)]];
  const taken = new Float32Array((wanted.names.length + (wanted.rated ? now.size : 0)) * D);
  const take = (to: number, from: number): void => {
    if (from >= 0 && from < columns) taken.set(last.subarray(from * D, (from + 1) * D), to * D);
  };
  const places = new Map(known.names.map((name, at) => [name, at]));
  wanted.names.forEach((name, at) => take(at, places.get(name) ?? -1));
  if (!wanted.rated || !known.rated) return taken;
  now.raw.forEach((id, at) => {
    const from = before.indexOf(id);
    if (from >= 0) take(wanted.names.length + at, known.names.length + from);
  });
  return taken;
}

/**
 * The last of the samples that `gibbs` averages; other parameters as they are.
 * Sampling goes on from it and its λ; the average starts again.
 */
function lastSample(parameters: Parameters): Parameters {
  const { draws, drawnBiases, userBiases, itemBiases } = parameters;
  if (!draws || !drawnBiases) return parameters;
  const { K, S } = samplesOf(parameters);
  const last = (wide: Float32Array, scale: number): Float32Array =>
    Float32Array.from(sampleOf(wide, K, S, S - 1), (value) => scale * value);
  return {
    ...parameters,
    factors: K,
    userFactors: last(parameters.userFactors, S),
    itemFactors: last(parameters.itemFactors, 1),
    userBiases: userBiases.map((bias, row) => bias + drawnBiases.users[row * S + S - 1]),
    itemBiases: itemBiases.map((bias, row) => bias + drawnBiases.items[row * S + S - 1]),
    draws: undefined,
    drawnBiases: undefined,
    meanRows: undefined,
  };
}

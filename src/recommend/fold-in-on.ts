// Fold-in on an engine: someone new is one row of a half-sweep over the items that they rated.

import type { AlternatingSession, Engine, Problem } from "../engine/engine.js";
import { alsHyperparameters } from "../models/als.js";
import type { ImplicitHyperparameters } from "../models/implicit.js";
import type { Parameters } from "../models/parameters.js";
import type { Hyperparameters, ModelName } from "../models/registry.js";
import { initialPosterior, type VbHyperparameters } from "../models/vb.js";
import type { Csr } from "../ratings/csr.js";
import { type Entity, type FewRatings, foldIn, rowsNeeded } from "./fold-in.js";
import { covarianceAt } from "./posterior.js";

/**
 * The fold-in of a new user where the engine computes: `als` and what shares its objective, `vb`, `implicit`. Those of `gibbs`, which are one a sample, and
 * of `logistic`, which are Newton's steps, are made on the host, as is one without ratings.
 *
 * @returns as `foldIn`, to float32.
 * @throws NotPositiveDefiniteError when τ or γ is 0 and the ratings are too few; DeviceError.
 */
export async function foldInOn(engine: Engine, few: FewRatings, parameters: Parameters, h: Hyperparameters): Promise<Entity> {
  if (engine.info.kind === "cpu" || few.index.length === 0 || "burnIn" in h || "positiveThreshold" in h)
    return foldIn(few, "users", parameters, h);
  const { factors: K } = parameters;
  const session = (await engine.open(problemOf(few, parameters, h))) as unknown as AlternatingSession<unknown>;
  try {
    await session.solve("users");
    const solved = await session.read();
    const entity = { factors: Float64Array.from(solved.userFactors), bias: solved.userBiases[0] };
    return solved.posterior ? { ...entity, covariance: covarianceAt(solved.posterior, "users", 0, K + 1) } : entity;
  } finally {
    session.destroy();
  }
}

function problemOf(few: FewRatings, parameters: Parameters, h: Hyperparameters): Problem<ModelName> {
  const rated = { count: 1, start: Uint32Array.of(0, few.index.length), index: few.index, value: few.value };
  // The Gram matrix of implicit feedback is that of all items.
  const { own, fixed } = "confidence" in h ? { own: rated, fixed: parameters } : rowsNeeded(rated, parameters, "items");
  const { factors: K, posterior } = fixed;
  const initial = { ...fixed, userFactors: new Float32Array(K), userBiases: new Float32Array(1), features: undefined };
  const shared = { byUser: own, byItem: unrated(fixed.itemBiases.length), seed: 1 };
  if (posterior) {
    const hyperparameters = { ...(h as VbHyperparameters), learn: false };
    // The covariance of the one user is a starting one until the solve has written it.
    const { users } = initialPosterior(hyperparameters, initial);
    return { ...shared, model: "vb", hyperparameters, initial: { ...initial, posterior: { ...posterior, users } } };
  }
  if ("confidence" in h) return { ...shared, model: "implicit", hyperparameters: h as ImplicitHyperparameters, initial };
  return { ...shared, model: "als", hyperparameters: { ...alsHyperparameters(h as object), update: "joint" }, initial };
}

const unrated = (count: number): Csr => ({
  count,
  start: new Uint32Array(count + 1),
  index: new Uint32Array(0),
  value: new Float32Array(0),
});

// Fold-in on an engine: someone new is one row of a half-sweep over the items that they rated.

import type { AlternatingSession, Engine, Problem } from "../engine/engine.js";
import { alsHyperparameters } from "../models/als.js";
import type { ImplicitHyperparameters } from "../models/implicit.js";
import type { Parameters, Posterior } from "../models/parameters.js";
import type { Hyperparameters, ModelName } from "../models/registry.js";
import { triangle, type VbHyperparameters } from "../models/vb.js";
import type { Csr } from "../ratings/csr.js";
import { type Entity, type FewRatings, foldIn, rowsNeeded } from "./fold-in.js";

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
  const { problem, covariance } = problemOf(few, parameters, h);
  const session = (await engine.open(problem)) as unknown as AlternatingSession<unknown>;
  try {
    await session.solve("users");
    const solved = await session.read();
    const entity = { factors: Float64Array.from(solved.userFactors), bias: solved.userBiases[0] };
    return covariance ? { ...entity, covariance: packed(solved.posterior!, K + 1) } : entity;
  } finally {
    session.destroy();
  }
}

function problemOf(few: FewRatings, parameters: Parameters, h: Hyperparameters): { problem: Problem<ModelName>; covariance: boolean } {
  const rated = { count: 1, start: Uint32Array.of(0, few.index.length), index: few.index, value: few.value };
  // The Gram matrix of implicit feedback is that of all items.
  const { own, fixed } = "confidence" in h ? { own: rated, fixed: parameters } : rowsNeeded(rated, parameters, "items");
  const { factors: K, posterior } = fixed;
  const initial = { ...fixed, userFactors: new Float32Array(K), userBiases: new Float32Array(1), features: undefined };
  const shared = { byUser: own, byItem: unrated(fixed.itemBiases.length), seed: 1 };
  if (posterior) {
    const hyperparameters = { ...(h as VbHyperparameters), learn: false };
    const users = unitCovariance(posterior.family, K + 1);
    return {
      problem: { ...shared, model: "vb", hyperparameters, initial: { ...initial, posterior: { ...posterior, users } } },
      covariance: true,
    };
  }
  if ("confidence" in h)
    return { problem: { ...shared, model: "implicit", hyperparameters: h as ImplicitHyperparameters, initial }, covariance: false };
  const hyperparameters = { ...alsHyperparameters(h as object), update: "joint" } as const;
  return { problem: { ...shared, model: "als", hyperparameters, initial }, covariance: false };
}

const unrated = (count: number): Csr => ({
  count,
  start: new Uint32Array(count + 1),
  index: new Uint32Array(0),
  value: new Float32Array(0),
});

/** What stands in the place of the covariance until the solve has written it. */
function unitCovariance(family: Posterior["family"], D: number): Float32Array {
  if (family === "diagonal") return new Float32Array(D).fill(1);
  const packedUnit = new Float32Array(triangle(D));
  for (let i = 0; i < D; i++) packedUnit[triangle(i) + i] = 1;
  return packedUnit;
}

/** The only user's covariance as a packed lower triangle, whichever the family. */
function packed({ family, users }: Posterior, D: number): Float64Array {
  if (family === "full") return Float64Array.from(users);
  const lower = new Float64Array(triangle(D));
  for (let i = 0; i < D; i++) lower[triangle(i) + i] = users[i];
  return lower;
}

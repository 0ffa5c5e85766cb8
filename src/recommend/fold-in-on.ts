// Fold-in on an engine: someone new is one row of a half-sweep over the items that they rated.

import type { Engine, Session, SystemKind, Workload } from "../engine/engine.js";
import { pullsTowards } from "../engine/reference/normal-equations.js";
import { MAX_FACTORS } from "../models/hyperparameters.js";
import { rowsOf } from "../models/parameters.js";
import type { Parameters } from "../models/parameters.js";
import { type Configured, definitionOf } from "../models/registry.js";
import type { Csr } from "../ratings/csr.js";
import { type Entity, type FewRatings, foldIn, foldInSystem, ofSomeoneNew, rowsNeeded } from "./fold-in.js";
import { covarianceAt } from "./posterior.js";

/**
 * The fold-in of a new user where the engine computes: `als` and what shares its objective, `vb`,
 * `implicit`. Those of `gibbs`, which are one per sample, and of `logistic`, which are Newton's steps, are
 * made on the host, as are those of more factors than an engine solves exactly, and one without ratings.
 *
 * @param means as `foldIn` takes them.
 * @returns as `foldIn`, to float32.
 * @throws NotPositiveDefiniteError when τ or γ is 0 and the ratings are too few; DeviceError.
 */
export async function foldInOn(
  engine: Engine,
  few: FewRatings,
  parameters: Parameters,
  configured: Configured,
  means?: readonly Float64Array[],
): Promise<Entity> {
  const system = foldInSystem("users", parameters, configured);
  const { factors: K, posterior } = parameters;
  if (engine.info.kind !== "webgpu" || few.index.length === 0 || !system || K > MAX_FACTORS)
    return foldIn(few, "users", parameters, configured, means);
  const rated = { count: 1, start: Uint32Array.of(0, few.index.length), ...few };
  const rows = definitionOf(configured.model).rows?.(configured.hyperparameters, rated) ?? rated;
  const session: Session = await engine.open(workloadOf(rows, parameters, system.kind, means !== undefined));
  try {
    if (means) await session.writePulls("users", pullsTowards(system, means[0], K + 1));
    await session.solve("users", system);
    const { factors, biases, covariances } = await session.readRows("users");
    const entity = { factors: Float64Array.from(factors), bias: biases[0] };
    if (!posterior) return entity;
    const solved = { ...posterior, users: covariances! };
    return { ...entity, covariance: covarianceAt(solved, "users", 0, K + 1) };
  } catch (error) {
    throw ofSomeoneNew(error, "users", few.index.length);
  } finally {
    session.destroy();
  }
}

function workloadOf(rated: Csr, parameters: Parameters, kind: SystemKind, pulled: boolean): Workload {
  // The Gram matrix of systems over all pairs is that of all items.
  const { own, fixed } = kind === "confident" ? { own: rated, fixed: parameters } : rowsNeeded(rated, parameters, "items");
  const { factors: K, globalMean, posterior } = fixed;
  // The covariance of the one user is anything positive until the solve has written it.
  const width = posterior && parameters.posterior!.items.length / Math.max(1, parameters.itemBiases.length);
  const covariances = width === undefined ? undefined : unitCovariance(width, K + 1);
  return {
    factors: K,
    globalMean,
    byUser: own,
    byItem: unrated(fixed.itemBiases.length),
    spread: posterior?.family ?? "none",
    rows: { users: { factors: new Float32Array(K), biases: new Float32Array(1), covariances }, items: rowsOf(fixed, "items") },
    operations: { solve: kind, pulls: pulled ? ["users"] : [], sums: [] },
  };
}

/** One row's covariance I: D variances, or a packed lower triangle. */
function unitCovariance(width: number, D: number): Float32Array {
  const values = new Float32Array(width);
  for (let k = 0; k < D; k++) values[width === D ? k : (k * (k + 1)) / 2 + k] = 1;
  return values;
}

const unrated = (count: number): Csr => ({
  count,
  start: new Uint32Array(count + 1),
  index: new Uint32Array(0),
  value: new Float32Array(0),
});

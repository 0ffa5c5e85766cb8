// Variational Bayes on the device against its float64 twin, at default limits.

import { describe, expect, test } from "vitest";
import type { Engine, Side } from "../../src/engine/engine.js";
import type { Problem } from "../../src/models/registry.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import { planSubgroup } from "../../src/engine/webgpu/rows/subgroup-plan.js";
import type { VbHyperparameters } from "../../src/models/vb.js";
import { type Case, hotCase, randomCase, relativeError, vbProblemOf } from "./cases.js";
import { openTraining } from "../../src/models/registry.js";
import { deviceThatWritesOutLoops, testDevice } from "../support/engines.js";

const reference = new ReferenceEngine();
const engines = {
  tiles: new WebGpuEngine(await testDevice(), { kernel: "tiles" }),
  subgroup: new WebGpuEngine(await testDevice(), { kernel: "subgroup" }),
};
const { subgroups } = engines.subgroup.device;
type Covariance = "diagonal" | "full";
/** The kernels that there are for so many factors. */
const kernelsAt = (covariance: Covariance, K: number): (keyof typeof engines)[] =>
  covariance === "diagonal" && subgroups && planSubgroup(K, subgroups) ? ["tiles", "subgroup"] : ["tiles"];
const BOTH = (["diagonal", "full"] as const).flatMap((covariance) => kernelsAt(covariance, 5).map((kernel) => ({ covariance, kernel })));

const HALF_SWEEP_ERROR = 1e-4;
const ELBO_ERROR = 1e-5;
const EVERY_K = { diagonal: [0, 1, 2, 3, 7, 10, 32, 64, 128], full: [0, 1, 2, 3, 7, 10, 16, 32] } as const;
const EVERY_CASE = (["diagonal", "full"] as const).flatMap((covariance) => EVERY_K[covariance].map((factors) => ({ covariance, factors })));

/** What was measured before and after one half-sweep of a side, and the parameters. Before, both sides have the same. */
async function halfSweep(engine: Engine, problem: Problem<"vb">, side: Side) {
  const session = await openTraining(engine, problem);
  const before = side === "users" ? await session.measure() : undefined;
  await session.solve(side);
  const after = await session.measure();
  const parameters = await session.read();
  session.destroy();
  return { before, after, parameters };
}

async function compare(
  given: Case,
  hyperparameters: Partial<VbHyperparameters> & { covariance: Covariance; factors: number },
): Promise<void> {
  const kernels = kernelsAt(hyperparameters.covariance, hyperparameters.factors);
  await compareOn(
    kernels.map((kernel) => engines[kernel]),
    given,
    hyperparameters,
  );
}

/** The twin is asked once for all engines. */
async function compareOn(on: readonly Engine[], given: Case, hyperparameters: Partial<VbHyperparameters>): Promise<void> {
  const problem = vbProblemOf(given, hyperparameters);
  for (const side of ["users", "items"] as const) {
    const expected = await halfSweep(reference, problem, side);
    for (const engine of on) expectParity(await halfSweep(engine, problem, side), expected);
  }
}

type HalfSweep = Awaited<ReturnType<typeof halfSweep>>;

function expectParity(actual: HalfSweep, expected: HalfSweep): void {
  for (const name of ["userFactors", "itemFactors", "userBiases", "itemBiases"] as const) {
    expect(relativeError(actual.parameters[name], expected.parameters[name]), name).toBeLessThanOrEqual(HALF_SWEEP_ERROR);
  }
  for (const name of ["users", "items"] as const) {
    const error = relativeError(actual.parameters.posterior![name], expected.parameters.posterior![name]);
    expect(error, `covariances of ${name}`).toBeLessThanOrEqual(HALF_SWEEP_ERROR);
  }
  for (const moment of ["before", "after"] as const) {
    const [a, e] = [actual[moment]!, expected[moment]];
    if (!e) continue;
    const close = (name: string, x: number, y: number): void =>
      expect(Math.abs(x - y) / Math.abs(y), `${name} ${moment}`).toBeLessThanOrEqual(ELBO_ERROR);
    close("ELBO", a.elbo, e.elbo);
    close("expected squares", a.expectedSquares, e.expectedSquares);
    close("train squares", a.trainSquares, e.trainSquares);
    close("held-out squares", a.heldOutSquares, e.heldOutSquares);
    close("clipped held-out squares", a.heldOutClippedSquares, e.heldOutClippedSquares);
    close("held-out log density", a.heldOutLogDensity, e.heldOutLogDensity);
    for (const of of ["users", "items"] as const) {
      close(`log determinants of ${of}`, a[of].logDeterminants, e[of].logDeterminants);
      e[of].secondMoments.forEach((moment, k) => close(`second moment ${k} of ${of}`, a[of].secondMoments[k], moment));
    }
  }
}

describe.each(EVERY_CASE)("$covariance covariance, K = $factors", ({ covariance, factors }) => {
  test("a half-sweep agrees on random rows, many of them empty or of one rating", async () => {
    await compare(randomCase(factors + 1, 111, 87, 500, factors), { covariance, factors, tauUsers: 2, tauItems: 3 });
  });

  test("a half-sweep agrees when one row holds a third of all ratings", async () => {
    await compare(hotCase(factors + 2, 47, 101, 4500, factors), { covariance, factors, tauUsers: 2, tauItems: 3, lambda: 1.7 });
  });
});

// There is no code for tiles that are never on the diagonal; the reference takes a minute for a long row.
test.each([100, 128])("lanes with two and three tiles agree on short rows: full covariance, K = %i", async (factors) => {
  await compare(randomCase(factors + 1, 111, 87, 500, factors), { covariance: "full", factors, tauUsers: 2, tauItems: 3 });
});

test.each(["diagonal", "full"] as const)("a kernel whose loops are left to the driver agrees: %s covariance", async (covariance) => {
  const engine = new WebGpuEngine(await deviceThatWritesOutLoops(true), { kernel: "tiles" });
  await compareOn([engine], hotCase(12, 47, 101, 4500, 18), { covariance, factors: 18, tauUsers: 2, tauItems: 3 });
});

test.each(BOTH)(
  "errors that rows carry are those of a pass over the ratings: $covariance covariance, $kernel",
  async ({ covariance, kernel }) => {
    const problem = vbProblemOf(hotCase(4, 60, 50, 1500), { covariance, factors: 6 });
    const session = await openTraining(engines[kernel], problem);
    await session.solve("users");
    const whole = await session.measure();
    // After slices the ratings themselves are gone through; the slices are the same rows again.
    await session.solve("users", { from: 0, to: 20 });
    await session.solve("users", { from: 20, to: 60 });
    const slices = await session.measure();
    session.destroy();
    expect(Math.abs(whole.expectedSquares / slices.expectedSquares - 1)).toBeLessThan(1e-5);
    expect(Math.abs(whole.trainSquares / slices.trainSquares - 1)).toBeLessThan(1e-6);
    expect(Math.abs(whole.elbo / slices.elbo - 1)).toBeLessThan(1e-6);
  },
);

test.each(BOTH)("trained and learned alike: $covariance covariance, $kernel", async ({ covariance, kernel }) => {
  const problem = vbProblemOf(hotCase(3, 60, 50, 1500), { covariance, factors: 5, warmUp: 1 });
  const [actual, expected] = await Promise.all(
    [engines[kernel], reference].map(async (engine: Engine) => {
      const session = await openTraining(engine, problem);
      for (let sweep = 1; sweep <= 4; sweep++) await session.sweep(sweep);
      const measured = await session.measure();
      session.destroy();
      return measured;
    }),
  );
  expect(Math.abs(actual.elbo - expected.elbo) / Math.abs(expected.elbo)).toBeLessThan(1e-4);
  expect(actual.precisions.lambda).toBeCloseTo(expected.precisions.lambda, 3);
  actual.precisions.users.forEach((precision, k) => expect(precision / expected.precisions.users[k]).toBeCloseTo(1, 2));
});

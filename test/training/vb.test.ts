// What a training by variational Bayes must satisfy on either engine.

import { describe, expect, test } from "vitest";
import { OptionsError } from "../../src/errors.js";
import { splitRatings } from "../../src/ratings/split.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { seededRandom } from "../../src/random.js";
import { fit, type FitOptions } from "../../src/training/fit.js";
import { hotCase, vbProblemOf } from "../parity/cases.js";
import { openTraining } from "../../src/models/registry.js";
import { ENGINE_KINDS, testEngines } from "../support/engines.js";
import { checkpointAfter, expectSameTraining } from "../support/resume.js";

const { train, heldOut } = splitRatings(syntheticRatings({ users: 120, items: 80, ratings: 2000, seed: 4 }));
const engines = await testEngines();
const FAMILIES = ["diagonal", "full"] as const;

describe.each(ENGINE_KINDS)("on %s", (kind) => {
  const engine = engines[kind];
  // float32 sums wobble in the seventh digit; float64 ones hardly at all.
  const wobble = kind === "reference" ? 1e-12 : 2e-6;
  const run = (options: FitOptions) => fit(train, { model: "vb", factors: 4, heldOut, device: engine, ...options });

  test.each(FAMILIES.flatMap((covariance) => [true, false].map((learn) => ({ covariance, learn }))))(
    "the ELBO never falls, neither in a half-sweep, nor in that of a slice, nor by learning: %o",
    async ({ covariance, learn }) => {
      const session = await openTraining(
        engine,
        vbProblemOf(hotCase(5, 60, 50, 1500), { factors: 4, tauUsers: 0.7, lambda: 2, covariance }),
      );
      let before = (await session.measure()).elbo;
      for (let sweep = 0; sweep < 4; sweep++) {
        for (const step of [["users"], ["items", { from: 0, to: 20 }], ["items", { from: 20, to: 50 }], ["learn"]] as const) {
          if (step[0] !== "learn") await session.solve(step[0], step[1]);
          else if (learn) session.learn(await session.measure());
          const after = (await session.measure()).elbo;
          expect(after).toBeGreaterThanOrEqual(before - wobble * Math.abs(before));
          before = after;
        }
      }
      session.destroy();
    },
  );

  test.each(FAMILIES)("precisions are learned after the warm-up, and the model keeps them: %s", async (covariance) => {
    const { model, history } = await run({
      covariance,
      lambda: 1,
      tauUsers: 10,
      tauItems: 10,
      sweeps: 6,
      warmUp: 3,
      earlyStop: false,
      heldOut: undefined,
    });
    for (const { lambda } of history.slice(0, 4)) expect(lambda).toBeCloseTo(1, 12);
    expect(history[4].lambda).not.toBeCloseTo(1, 3);
    const { precisions } = model.parameters.posterior!;
    expect(precisions.lambda).toBe(history[6].lambda);
    for (const precision of precisions.items.slice(0, 4)) expect(precision).toBeCloseTo(10, 12);
    expect(precisions.users[0]).not.toBeCloseTo(10, 3);
  });

  test.each(FAMILIES)("a training resumed from a checkpoint ends where the uninterrupted one does: %s", async (covariance) => {
    const options = { covariance, warmUp: 2, earlyStop: false, heldOut: undefined } as const;
    const whole = await run({ ...options, sweeps: 6 });
    const resumed = await run({ ...options, sweeps: 6, resume: await checkpointAfter(4, (more) => run({ ...options, ...more })) });
    expectSameTraining(resumed, whole);
  });

  test.each(FAMILIES)("the same seed gives the same model: %s", async (covariance) => {
    const [a, b] = [await run({ covariance, sweeps: 2 }), await run({ covariance, sweeps: 2 })];
    expect(a.model.parameters).toEqual(b.model.parameters);
  });
});

test("training stops when the ELBO moves by less than the tolerance", async () => {
  const { history, stop } = await fit(train, { model: "vb", factors: 2, sweeps: 500, tolerance: 1e-5, device: "cpu" });
  expect(stop.reason).toBe("converged");
  const [before, last] = history.slice(-2);
  expect(Math.abs(last.elbo! - before.elbo!)).toBeLessThanOrEqual(1e-5 * Math.abs(before.elbo!));
});

test("the diagonal family's bound lies below the full one's", async () => {
  const elbo = async (covariance: "diagonal" | "full"): Promise<number> =>
    (
      await fit(train, {
        model: "vb",
        factors: 2,
        covariance,
        learn: false,
        tauUsers: 1,
        tauItems: 1,
        sweeps: 100,
        tolerance: 1e-9,
        device: "cpu",
      })
    ).history.at(-1)!.elbo!;
  expect(await elbo("diagonal")).toBeLessThan(await elbo("full"));
});

test("held-out ratings fall into the predictive intervals as often as they should", async () => {
  const { train: much, heldOut: held } = splitRatings(syntheticRatings({ users: 300, items: 200, ratings: 12_000, seed: 8 }));
  const { model } = await fit(much, { model: "vb", factors: 5, sweeps: 30, device: "cpu" });
  const inside = Array.from(held.value).filter((value, at) => {
    const { mean, deviation } = model.predictive(held.users.rawAt(held.user[at]), held.items.rawAt(held.item[at]));
    return Math.abs(value - mean) <= 1.6449 * deviation;
  });
  expect(Math.abs(inside.length / held.count - 0.9)).toBeLessThan(0.03);
});

test("a hyperparameter of another model is refused by name", async () => {
  // @ts-expect-error: the types know which hyperparameters a model has.
  await expect(run0({ model: "vb", update: "joint" })).rejects.toThrow(/vb has no hyperparameter "update"/);
  // @ts-expect-error
  await expect(run0({ model: "als", covariance: "full" })).rejects.toThrow(OptionsError);
  await expect(run0({ model: "vb", lambda: 0 })).rejects.toThrow(/lambda is 0/);
});

const run0 = (options: FitOptions) => fit(train, { device: "cpu", ...options });

test.each([1, 2, 3])("few ratings an entity do not let the factors die before they have learned, seed %i", async (seed) => {
  // Two camps of people like one half of the titles each, 8 ratings a person; what is left over is noise.
  const random = seededRandom(seed);
  const rows = Array.from({ length: 1600 }, (_, at) => {
    const [user, item] = [at % 200, Math.floor(40 * random.uniform())];
    return [user, item, (user % 2 === item % 2 ? 5 : 2) + random.normal()] as const;
  });
  const camps = splitRatings(Ratings.from(rows, { duplicates: "last" }), { seed });
  const { history } = await fit(camps.train, { model: "vb", heldOut: camps.heldOut, device: "cpu", seed });
  const rmse = history.at(-1)!.heldOutRmse!;
  expect(rmse).toBeGreaterThan(0.9);
  expect(rmse).toBeLessThan(1.25);
});

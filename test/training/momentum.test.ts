// Heavy-ball acceleration of `als`: the same optimum in fewer sweeps, alike on both engines.

import { expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import { OptionsError } from "../../src/errors.js";
import { alsHyperparameters } from "../../src/models/als.js";
import type { Parameters } from "../../src/models/parameters.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit } from "../../src/training/fit.js";
import { hotCase, problemOf, relativeError } from "../parity/cases.js";
import { openTraining } from "../../src/models/registry.js";
import { engineWithin, testDevice } from "../support/engines.js";

const reference = new ReferenceEngine();
const engines: readonly Engine[] = [reference, new WebGpuEngine(await testDevice())];
const cut = await engineWithin({ bindingBytes: 16_384 });

test("momentum reaches the objective of many plain sweeps in two thirds of them", async () => {
  const ratings = syntheticRatings({ users: 300, items: 200, ratings: 12_000, seed: 3 });
  const settings = { factors: 6, tauUsers: 5, tauItems: 5, earlyStop: false, device: reference } as const;
  const plain = await fit(ratings, { ...settings, sweeps: 24 });
  const accelerated = await fit(ratings, { ...settings, sweeps: 16, momentum: 0.5 });
  const [slow, fast] = [plain, accelerated].map(({ history }) => history[history.length - 1].objective);
  expect(fast).toBeLessThanOrEqual(slow);
  const before = await fit(ratings, { ...settings, sweeps: 16 });
  expect(before.history[16].objective).toBeGreaterThan(slow);
});

test("a stationary point stays where it is", async () => {
  const ratings = syntheticRatings({ users: 60, items: 40, ratings: 900, seed: 4 });
  const settings = { factors: 0, earlyStop: false, device: reference } as const;
  const [plain, accelerated] = await Promise.all([
    fit(ratings, { ...settings, sweeps: 80 }),
    fit(ratings, { ...settings, sweeps: 80, momentum: 0.4 }),
  ]);
  expect(relativeError(accelerated.model.parameters.itemBiases, plain.model.parameters.itemBiases)).toBeLessThanOrEqual(1e-6);
});

test.each([false, true])("both engines, and one whose rows are cut, take the same steps; with features: %s", async (withFeatures) => {
  const given = hotCase(5, 611, 457, 9000);
  const problem = problemOf(given, { factors: 5, tauUsers: 3, tauItems: 3, momentum: 0.6 });
  const table = FeatureTable.from(Array.from({ length: given.items }, (_, item) => [item, ["crime", "drama"][item % 2], 1] as const));
  const trained = async (engine: Engine): Promise<Parameters> => {
    const session = await openTraining(engine, withFeatures ? { ...problem, features: { items: table.rows } } : problem);
    for (let sweep = 1; sweep <= 4; sweep++) await session.sweep(sweep);
    const parameters = await session.read();
    session.destroy();
    return parameters;
  };
  const [expected, ...others] = await Promise.all([...engines, cut].map(trained));
  for (const actual of others)
    for (const name of ["userFactors", "itemFactors", "userBiases", "itemBiases"] as const)
      expect(relativeError(actual[name], expected[name]), name).toBeLessThanOrEqual(5e-4);
});

test("a momentum of 1 or more is refused", () => {
  expect(() => alsHyperparameters({ momentum: 1 })).toThrow(OptionsError);
  expect(() => alsHyperparameters({ momentum: -0.1 })).toThrow(OptionsError);
});

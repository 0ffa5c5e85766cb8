// Stochastic steps on the device against their float64 twin: teams that sum by subgroups, those of a software driver and
// those of a card, and through workgroup memory.

import { afterAll, describe, expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { Device, requestDevice } from "../../src/engine/webgpu/device/device.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import { logisticHyperparameters } from "../../src/models/logistic.js";
import type { Parameters } from "../../src/models/parameters.js";
import { openTraining, type Problem } from "../../src/models/registry.js";
import { sgdHyperparameters } from "../../src/models/sgd.js";
import { deviceWithoutSubgroups } from "../support/bare-device.js";
import { hotCase, problemOf, randomCase, relativeError, weightedCase } from "./cases.js";
import { summing, testDevice } from "../support/engines.js";

const reference = new ReferenceEngine();
const { gpu, report } = await requestDevice({ defaultLimits: true });
const own = {
  "subgroups, as on a card": new WebGpuEngine(new Device(gpu, { ...report, software: false })),
  memory: new WebGpuEngine(await deviceWithoutSubgroups()),
};
const engines = { subgroups: new WebGpuEngine(await testDevice()), ...own };
afterAll(() => Object.values(own).forEach((engine) => engine.destroy()));

test("all but one sum by subgroups", () => {
  expect(engines.subgroups.device.subgroups).toBeDefined();
  expect(engines["subgroups, as on a card"].device.subgroups).toBeDefined();
  expect(engines.memory.device.subgroups).toBeUndefined();
});

async function afterEpochs(engine: Engine, problem: Problem, epochs: number): Promise<Parameters> {
  const training = await openTraining(summing(engine), problem);
  for (let number = 1; number <= epochs; number++) await training.sweep(number);
  const parameters = await training.read();
  training.destroy();
  return parameters;
}

/** What the twin makes of a problem, which is asked of it once for all engines. */
const byTwin = new Map<string, Parameters>();

const CASES = {
  "random rows, many of them empty or of one rating": randomCase(3, 90, 70, 400),
  "a row with a third of all ratings": hotCase(4, 80, 60, 1500),
};

describe.each(["subgroups", "subgroups, as on a card", "memory"] as const)("sums through %s", (kind) => {
  describe.each((["sgd", "logistic"] as const).flatMap((model) => (["adagrad", "shared"] as const).map((rate) => [model, rate] as const)))(
    "%s, rate %s",
    (model, rate) => {
      test.each([0, 1, 2, 6, 10, 31, 64, 128])("two epochs agree, K = %i", async (factors) => {
        for (const [name, { ratings, ...sizes }] of Object.entries(CASES)) {
          const value = model === "logistic" ? ratings.value.map((rating) => Number(rating > 2.5)) : ratings.value;
          const start = problemOf({ ...sizes, ratings: { ...ratings, value } }, { factors });
          const stepSize = rate === "adagrad" ? 0.05 : 0.005;
          const given = { factors, rate };
          const hyperparameters = model === "sgd" ? sgdHyperparameters({ ...given, stepSize }) : logisticHyperparameters(given);
          const problem = { ...start, model, hyperparameters } as unknown as Problem;
          const key = [model, rate, factors, name].join();
          if (!byTwin.has(key)) byTwin.set(key, await afterEpochs(reference, problem, 2));
          const [actual, expected] = [await afterEpochs(engines[kind], problem, 2), byTwin.get(key)!];
          for (const of of ["userFactors", "itemFactors", "userBiases", "itemBiases"] as const)
            expect(relativeError(actual[of], expected[of]), `${of}, ${name}`).toBeLessThanOrEqual(1e-4);
        }
      });
    },
  );
});

/** So many that rounds come in families: a software driver takes two of them at once at K = 6, four at K = 31. */
const MANY = randomCase(5, 320, 300, 65_000);

describe.each(["subgroups", "subgroups, as on a card", "memory"] as const)("sums through %s, rounds in families", (kind) => {
  test.each([
    ["sgd", "adagrad", 6, false],
    ["sgd", "shared", 31, false],
    ["sgd", "adagrad", 31, true],
  ] as const)("%s, rate %s: an epoch agrees, K = %i, weighted: %s", async (model, rate, factors, weighted) => {
    const start = problemOf(weighted ? weightedCase(MANY) : MANY, { factors });
    const hyperparameters = sgdHyperparameters({ factors, rate, stepSize: rate === "adagrad" ? 0.05 : 0.005 });
    const problem = { ...start, model, hyperparameters } as unknown as Problem;
    const key = [rate, factors, weighted].join();
    if (!byTwin.has(key)) byTwin.set(key, await afterEpochs(reference, problem, 1));
    const [actual, expected] = [await afterEpochs(engines[kind], problem, 1), byTwin.get(key)!];
    for (const of of ["userFactors", "itemFactors", "userBiases", "itemBiases"] as const)
      expect(relativeError(actual[of], expected[of]), of).toBeLessThanOrEqual(1e-4);
  });
});

// Models trained by steps on the device against their float64 twins.

import { describe, expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.js";
import { gdHyperparameters } from "../../src/models/gd.js";
import { logisticHyperparameters } from "../../src/models/logistic.js";
import { openTraining, type Problem } from "../../src/models/registry.js";
import { sgdHyperparameters } from "../../src/models/sgd.js";
import { testEngines, withWebGpu } from "../support/engines.js";
import { type Case, hotCase, problemOf, randomCase, relativeError } from "./cases.js";

const { reference, webgpu } = await testEngines();

type GradientProblem = Problem<"gd"> | Problem<"sgd"> | Problem<"logistic">;

function gradientProblemOf(model: "gd" | "sgd" | "logistic", given: Case, factors: number): GradientProblem {
  const values = model === "logistic" ? given.ratings.value.map((value) => Number(value > 2.5)) : given.ratings.value;
  const { byUser, byItem, initial } = problemOf({ ...given, ratings: { ...given.ratings, value: values } }, { factors });
  const precisions = { factors, tauUsers: 2, tauItems: 3 };
  const rest = { byUser, byItem, initial, heldOut: { ...given.ratings, value: values }, seed: 9 };
  if (model === "gd") return { model, hyperparameters: gdHyperparameters({ ...precisions, stepSize: 0.1 }), ...rest };
  if (model === "sgd") return { model, hyperparameters: sgdHyperparameters({ ...precisions, stepSize: 0.05 }), ...rest };
  return { model, hyperparameters: logisticHyperparameters(precisions), ...rest };
}

describe.runIf(withWebGpu).each(["gd", "sgd", "logistic"] as const)("%s", (model) => {
  test.each([0, 1, 2, 3, 7, 10, 31, 64, 128])("shader and reference agree for two sweeps, K = %i", async (factors) => {
    for (const given of [randomCase(factors + 1, 111, 87, 500), hotCase(factors + 2, 57, 91, 3000, factors)]) {
      const problem = gradientProblemOf(model, given, factors);
      const run = async (engine: Engine) => {
        const session = await openTraining(engine, problem as Problem<"sgd">);
        for (const sweep of [1, 2]) await session.sweep(sweep);
        const [sums, parameters] = [await session.measure(), await session.read()];
        session.destroy();
        return { sums, parameters };
      };
      const [actual, expected] = [await run(webgpu), await run(reference)];
      for (const name of ["userFactors", "itemFactors", "userBiases", "itemBiases"] as const)
        expect(relativeError(actual.parameters[name], expected.parameters[name]), name).toBeLessThanOrEqual(1e-4);
      const sums = Object.entries(expected.sums);
      expect(sums.length).toBeGreaterThanOrEqual(6);
      for (const [name, value] of sums)
        expect(Math.abs(actual.sums[name as keyof typeof actual.sums] - value), name).toBeLessThanOrEqual(5e-5 * value);
    }
  });
});

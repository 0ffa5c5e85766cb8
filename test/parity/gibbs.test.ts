// Gibbs sampling on the device against its float64 twin, at default limits:
// the same prior and counters give the same draw.

import { describe, expect, test } from "vitest";
import type { Engine, Side } from "../../src/engine/engine.js";
import type { Problem } from "../../src/models/registry.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import { planSubgroup } from "../../src/engine/webgpu/rows/subgroup-plan.js";
import { drawPrior, gibbsHyperparameters } from "../../src/models/gibbs.js";
import { seededRandom } from "../../src/random.js";
import { type Case, hotCase, problemOf, randomCase, relativeError } from "./cases.js";
import { openTraining } from "../../src/models/registry.js";
import { summing, testDevice } from "../support/engines.js";

const reference = new ReferenceEngine();
const KERNELS = ["tiles", "subgroup"] as const;
const engines = new Map<string, WebGpuEngine>();
for (const kernel of KERNELS) engines.set(kernel, new WebGpuEngine(await testDevice(), { kernel }));
const { subgroups } = engines.get("subgroup")!.device;
/** The kernels that there are for so many factors. */
const kernelsAt = (K: number): string[] => KERNELS.filter((kernel) => kernel === "tiles" || (subgroups && planSubgroup(K, subgroups)));

const HALF_SWEEP_ERROR = 1e-4;

function gibbsProblemOf(given: Case, factors: number): Problem<"gibbs"> {
  const { byUser, byItem, initial, heldOut } = problemOf(given, { factors });
  const hyperparameters = gibbsHyperparameters({ factors, burnIn: 1, samples: 2 });
  return { model: "gibbs", hyperparameters, byUser, byItem, initial, heldOut, seed: 5 };
}

async function compare(given: Case, factors: number): Promise<void> {
  const problem = gibbsProblemOf(given, factors);
  /** @param given a prior; else one of the engine's own moments. */
  const drawn = async (engine: Engine, side: Side, given?: ReturnType<typeof drawPrior>) => {
    const session = await openTraining(summing(engine, "moments"), problem);
    const moments = await session.moments(side);
    const prior = given ?? drawPrior(problem.hyperparameters, moments, seededRandom(3));
    await session.draw(side, prior, 1.6, 9);
    const parameters = await session.read();
    session.destroy();
    return { moments, parameters, prior };
  };
  for (const side of ["users", "items"] as const) {
    const expected = await drawn(reference, side);
    for (const kernel of kernelsAt(factors)) {
      const actual = await drawn(engines.get(kernel)!, side, expected.prior);
      for (const moment of ["sums", "gram"] as const) {
        const error = relativeError(Float32Array.from(actual.moments[moment]), Float32Array.from(expected.moments[moment]));
        expect(error, `${moment} of ${kernel}`).toBeLessThan(HALF_SWEEP_ERROR);
      }
      for (const name of ["userFactors", "itemFactors", "userBiases", "itemBiases"] as const) {
        const error = relativeError(actual.parameters[name], expected.parameters[name]);
        expect(error, `${name} of ${kernel}`).toBeLessThanOrEqual(HALF_SWEEP_ERROR);
      }
    }
  }
}

describe.each([0, 1, 2, 3, 7, 10, 31, 64, 128])("K = %i", (factors) => {
  test("a draw agrees on random rows, many of them empty or of one rating", async () => {
    await compare(randomCase(factors + 1, 311, 187, 900, factors), factors);
  });

  test("a draw agrees when one row holds a third of all ratings", async () => {
    await compare(hotCase(factors + 2, 157, 161, 6000, factors), factors);
  });
});

test.each(KERNELS)("chains agree for some sweeps, and so do the predictions averaged over them: %s", async (kernel) => {
  const problem = gibbsProblemOf(hotCase(3, 90, 70, 3000), 3);
  const [actual, expected] = await Promise.all(
    [engines.get(kernel)!, reference].map(async (engine: Engine) => {
      const session = await openTraining(engine, problem);
      for (let sweep = 1; sweep <= 4; sweep++) await session.sweep(sweep);
      const [sums, average] = [await session.measure(), await session.read("kept")];
      session.destroy();
      return { sums, average };
    }),
  );
  expect(actual.sums.lambda).toBeCloseTo(expected.sums.lambda, 2);
  expect(actual.sums.heldOutSquares / expected.sums.heldOutSquares).toBeCloseTo(1, 2);
  expect(actual.sums.heldOutLogDensity / expected.sums.heldOutLogDensity).toBeCloseTo(1, 2);
  expect(actual.average.factors).toBe(6);
  expect(actual.average.draws!.length).toBe(2);
  expect(relativeError(actual.average.itemBiases, expected.average.itemBiases)).toBeLessThan(0.02);
});

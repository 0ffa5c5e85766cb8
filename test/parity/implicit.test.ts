// Implicit feedback on the device against its float64 twin, at default limits.

import { describe, expect, test } from "vitest";
import type { Engine, Side } from "../../src/engine/engine.js";
import type { Problem } from "../../src/models/registry.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import { planSubgroup } from "../../src/engine/webgpu/rows/subgroup-plan.js";
import { type ImplicitHyperparameters, implicitHyperparameters } from "../../src/models/implicit.js";
import { type Case, hotCase, problemOf, randomCase, relativeError } from "./cases.js";
import { openTraining } from "../../src/models/registry.js";
import { deviceThatWritesOutLoops, testDevice } from "../support/engines.js";

const reference = new ReferenceEngine();
const KERNELS = ["tiles", "subgroup"] as const;
const engines = new Map<string, WebGpuEngine>();
for (const kernel of KERNELS) engines.set(kernel, new WebGpuEngine(await testDevice(), { kernel }));
const { subgroups } = engines.get("subgroup")!.device;
/** The kernels that there are for so many factors. */
const kernelsAt = (K: number): string[] => KERNELS.filter((kernel) => kernel === "tiles" || (subgroups && planSubgroup(K, subgroups)));

const HALF_SWEEP_ERROR = 1e-4;

function implicitProblemOf(given: Case, settings: Partial<ImplicitHyperparameters>): Problem<"implicit"> {
  const hyperparameters = implicitHyperparameters({ solver: "cholesky", ...settings });
  const { byUser, byItem, initial } = problemOf(given, { factors: hyperparameters.factors, biases: false, mean: false });
  return { model: "implicit", hyperparameters, byUser, byItem, initial, seed: 1 };
}

/** @param own an engine instead of those that there are. */
async function compare(given: Case, settings: Partial<ImplicitHyperparameters>, own?: Engine): Promise<void> {
  const problem = implicitProblemOf(given, settings);
  const halfSweep = async (engine: Engine, side: Side) => {
    const session = await openTraining(engine, problem);
    // Before, both sides have the same.
    const before = side === "users" ? await session.measure() : undefined;
    await session.solve(side);
    const [after, parameters] = [await session.measure(), await session.read()];
    session.destroy();
    return { before, after, parameters };
  };
  for (const side of ["users", "items"] as const) {
    const expected = await halfSweep(reference, side);
    for (const kernel of own ? ["its own engine"] : kernelsAt(problem.hyperparameters.factors)) {
      const actual = await halfSweep(own ?? engines.get(kernel)!, side);
      for (const name of ["userFactors", "itemFactors", "userBiases", "itemBiases"] as const) {
        const error = relativeError(actual.parameters[name], expected.parameters[name]);
        expect(error, `${name} of ${kernel}`).toBeLessThanOrEqual(HALF_SWEEP_ERROR);
      }
      for (const moment of ["before", "after"] as const) {
        const [a, e] = [actual[moment]!, expected[moment]];
        if (!e) continue;
        for (const sum of ["allSquares", "seenSquares", "userFactors", "itemFactors"] as const) {
          const scale = Math.max(Math.abs(e[sum]), e.allSquares);
          const error = Math.abs(a[sum] - e[sum]) / scale;
          expect(error, `${sum} ${moment} of ${kernel}`).toBeLessThanOrEqual(HALF_SWEEP_ERROR);
        }
      }
    }
  }
}

describe.each([1, 2, 3, 7, 10, 31, 64, 128])("K = %i", (factors) => {
  test("a half-sweep agrees on random rows, many of them empty or of one rating", async () => {
    await compare(randomCase(factors + 1, 311, 187, 900, factors), { factors, tauUsers: 2, tauItems: 3, confidence: 0.7 });
  });

  test("a half-sweep agrees when one row holds a third of all ratings", async () => {
    await compare(hotCase(factors + 2, 57, 131, 6000, factors), { factors, tauUsers: 2, tauItems: 3, confidence: 4 });
  });
});

test("kernels whose loops are left to the driver agree", async () => {
  const engine = new WebGpuEngine(await deviceThatWritesOutLoops(true), { kernel: "tiles" });
  await compare(hotCase(7, 57, 131, 3000, 18), { factors: 18, tauUsers: 2, tauItems: 3, confidence: 4 }, engine);
});

test("a confidence of 0, the fully observed matrix, agrees", async () => {
  await compare(randomCase(5, 111, 87, 900), { factors: 6, confidence: 0, tauUsers: 1, tauItems: 1 });
});

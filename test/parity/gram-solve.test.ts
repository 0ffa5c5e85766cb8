// The Gram-and-solve shader against its float64 twin, at default limits.

import { describe, expect, test } from "vitest";
import type { Engine, Side } from "../../src/engine/engine.js";
import type { Problem } from "../../src/models/registry.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import type { GramTuning } from "../../src/engine/webgpu/rows/gram-kernel.js";
import { planSubgroup } from "../../src/engine/webgpu/rows/subgroup-plan.js";
import type { AlsHyperparameters } from "../../src/models/als.js";
import type { Parameters } from "../../src/models/parameters.js";
import { type Case, hotCase, problemOf, randomCase, relativeError } from "./cases.js";
import { openTraining } from "../../src/models/registry.js";
import { deviceThatWritesOutLoops, testDevice } from "../support/engines.js";

const reference = new ReferenceEngine();
const KERNELS = {
  tiles: { kernel: "tiles" },
  "tiles, loops left": { kernel: "tiles" },
  subgroup: { kernel: "subgroup" },
} as const satisfies Record<string, GramTuning>;
type Kernel = keyof typeof KERNELS;
const engines = new Map<Kernel, WebGpuEngine>();
for (const [name, tuning] of Object.entries(KERNELS))
  engines.set(name as Kernel, new WebGpuEngine(await deviceThatWritesOutLoops(name === "tiles, loops left"), tuning));
const { subgroups } = engines.get("subgroup")!.device;

const EVERY_K = [1, 2, 3, 7, 8, 10, 16, 31, 32, 50, 64, 100, 128];
/** One tile a lane, several, and rows that share workgroups. */
const LOOPS_LEFT_AT = [3, 31, 64, 100];
/** The kernels that there are for so many factors. */
const kernelsAt = (factors: number): Kernel[] => [
  "tiles",
  ...(LOOPS_LEFT_AT.includes(factors) ? (["tiles, loops left"] as const) : []),
  ...(subgroups && planSubgroup(factors, subgroups) ? (["subgroup"] as const) : []),
];
const HALF_SWEEP_ERROR = 1e-4;
const RMSE_ERROR = 1e-5;

/** One half-sweep of a side, then what was measured and the parameters. */
async function halfSweep(engine: Engine, problem: Problem, side: Side) {
  const session = await openTraining(engine, problem);
  await session.solve(side);
  const sums = await session.measure();
  const parameters = await session.read();
  session.destroy();
  return { sums, parameters };
}

const ARRAYS = ["userFactors", "itemFactors", "userBiases", "itemBiases"] as const;

function expectParity(kernel: Kernel, actual: Parameters, expected: Parameters): void {
  for (const name of ARRAYS) {
    expect(actual[name].length).toBe(expected[name].length);
    expect(relativeError(actual[name], expected[name]), `${name} of ${kernel}`).toBeLessThanOrEqual(HALF_SWEEP_ERROR);
  }
}

async function compare(given: Case, hyperparameters: Partial<AlsHyperparameters>, on: ReadonlyMap<Kernel, Engine>): Promise<void> {
  const problem = problemOf(given, hyperparameters);
  const rmse = (squares: number): number => Math.sqrt(squares / given.ratings.value.length);
  for (const side of ["users", "items"] as const) {
    const expected = await halfSweep(reference, problem, side);
    for (const [kernel, engine] of on) {
      const actual = await halfSweep(engine, problem, side);
      expectParity(kernel, actual.parameters, expected.parameters);
      for (const squares of ["trainSquares", "heldOutSquares", "heldOutClippedSquares"] as const)
        expect(Math.abs(rmse(actual.sums[squares]) - rmse(expected.sums[squares])), `${squares} of ${kernel}`).toBeLessThanOrEqual(
          RMSE_ERROR,
        );
      for (const norm of ARRAYS) {
        const apart = Math.abs(actual.sums[norm] - expected.sums[norm]);
        expect(apart, `${norm} of ${kernel}`).toBeLessThanOrEqual(2 * HALF_SWEEP_ERROR * expected.sums[norm]);
      }
    }
  }
}

describe.each([0, ...EVERY_K])("K = %i", (factors) => {
  const kernels = new Map(kernelsAt(factors).map((kernel) => [kernel, engines.get(kernel)!]));

  test("a half-sweep agrees on random rows, many of them empty or of one rating", async () => {
    await compare(randomCase(factors + 1, 211, 157, 900, factors), { factors, tauUsers: 2, tauItems: 3 }, kernels);
  });

  test("a half-sweep agrees when one row holds a third of all ratings", async () => {
    await compare(hotCase(factors + 2, 97, 301, 9000, factors), { factors, tauUsers: 2, tauItems: 3 }, kernels);
  });

  test("sequential updates agree", async () => {
    await compare(hotCase(factors + 3, 61, 83, 4000, factors), { factors, update: "sequential", tauUsers: 2, tauItems: 3 }, kernels);
  });

  test("weighted regularization, no biases and no mean agree", async () => {
    if (factors === 0) return;
    const settings = { factors, regularization: "weighted", tauUsers: 0.1, tauItems: 0.1, biases: false, mean: false } as const;
    await compare(hotCase(factors + 4, 53, 47, 3000, factors), settings, kernels);
  });
});

test("a software adapter has subgroups, so that both kernels are tested", () => {
  const tested = EVERY_K.filter((factors) => kernelsAt(factors).includes("subgroup")).length;
  expect(tested).toBeGreaterThan(engines.get("subgroup")!.info.software ? 9 : -1);
});

test.each(["tiles", "subgroup"] as const)(
  "more rows than a dispatch dimension has workgroups, most of them of one rating, one row a workgroup: %s",
  async (kernel) => {
    const narrow = new WebGpuEngine(await testDevice(), { kernel, lanes: 1 });
    await compare(randomCase(11, 66_000, 40, 90_000), { factors: 3, tauUsers: 2, tauItems: 3 }, new Map([[kernel, narrow]]));
  },
);

test.each(["tiles", "subgroup"] as const)("rows in many short segments, as cards cut them where factors are few: %s", async (kernel) => {
  const cutting = new WebGpuEngine(await testDevice(), { kernel, segment: 40 });
  await compare(hotCase(12, 97, 301, 9000), { factors: 10, tauUsers: 2, tauItems: 3 }, new Map([[kernel, cutting]]));
});

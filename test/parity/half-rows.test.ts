// Rows gathered in half precision: the half-sweep of the rounded rows, and what rounding costs a training.

import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { Engine, Problem } from "../../src/engine/engine.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { roundToHalf, roundToTwoHalves } from "../../src/engine/reference/halves.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import type { Parameters } from "../../src/models/parameters.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { splitRatings } from "../../src/ratings/split.js";
import { fit } from "../../src/training/fit.js";
import { hotCase, problemOf, relativeError } from "./cases.js";

const reference = new ReferenceEngine();
const KERNELS = ["tiles", "subgroup"] as const;
const engines = new Map<(typeof KERNELS)[number], WebGpuEngine>();
for (const kernel of KERNELS)
  engines.set(kernel, await WebGpuEngine.create({ defaultLimits: true, tuning: { kernel, halfPrecision: true } }));
const cut = await WebGpuEngine.create({ defaultLimits: true, bindingBytes: 16_384, tuning: { halfPrecision: true } });
afterAll(() => [...engines.values(), cut].forEach((engine) => engine.destroy()));

test("a rounded number is the nearest half, and two halves are within 2⁻²² of a bias", () => {
  expect([1, -2.5, 0, 65504, 2 ** -24, 1 + 2 ** -10].map(roundToHalf)).toEqual([1, -2.5, 0, 65504, 2 ** -24, 1 + 2 ** -10]);
  // Ties go to the even fraction.
  expect([1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -25].map(roundToHalf)).toEqual([1, 1 + 2 ** -9, 0]);
  fc.assert(
    fc.property(fc.double({ min: -4, max: 4, noNaN: true }), (value) => {
      expect(Math.abs(roundToHalf(value) - value)).toBeLessThanOrEqual(Math.max(2 ** -25, 2 ** -11 * Math.abs(value)));
      expect(Math.abs(roundToTwoHalves(value) - value)).toBeLessThanOrEqual(2 ** -20);
    }),
  );
});

async function solvedUsers(engine: Engine, problem: Problem): Promise<Parameters> {
  const session = await engine.open(problem);
  await session.solve("users");
  const parameters = await session.read();
  session.destroy();
  return parameters;
}

/** The problem as the kernel sees it: the items rounded. */
function rounded(problem: Problem): Problem {
  const { itemFactors, itemBiases } = problem.initial;
  const initial = { ...problem.initial, itemFactors: itemFactors.map(roundToHalf), itemBiases: itemBiases.map(roundToTwoHalves) };
  return { ...problem, initial };
}

describe.each([3, 10])("K = %i", (factors) => {
  test.each([...KERNELS, "cut"] as const)("a half-sweep is that of the rounded rows: %s", async (kernel) => {
    const engine = kernel === "cut" ? cut : engines.get(kernel)!;
    const ordinary = problemOf(hotCase(factors, 311, 257, 9000), { factors, tauUsers: 2, tauItems: 3 });
    // Biases so large that a single half would lose too much of them.
    const problem = { ...ordinary, initial: { ...ordinary.initial, itemBiases: ordinary.initial.itemBiases.map((bias) => 20 * bias) } };
    const [actual, expected] = [await solvedUsers(engine, problem), await solvedUsers(reference, rounded(problem))];
    expect(relativeError(actual.userFactors, expected.userFactors)).toBeLessThanOrEqual(1e-4);
    expect(relativeError(actual.userBiases, expected.userBiases)).toBeLessThanOrEqual(1e-4);
    // It does see rounded rows, not the rows themselves.
    const exact = await solvedUsers(reference, problem);
    expect(relativeError(actual.userFactors, exact.userFactors)).toBeGreaterThan(1e-5);
    // What is not solved is as exact as ever.
    expect(actual.itemFactors).toEqual(problem.initial.itemFactors);
  });
});

test("a training in half precision ends within 0.0005 of the held-out RMSE of one in float32", async () => {
  const { train, heldOut } = splitRatings(syntheticRatings({ users: 300, items: 200, ratings: 12_000, seed: 2 }), { share: 0.2, seed: 1 });
  const options = { heldOut, factors: 10, sweeps: 8, earlyStop: false } as const;
  const [half, full] = [
    await fit(train, { ...options, device: engines.get("tiles")! }),
    await fit(train, { ...options, device: reference }),
  ];
  const [a, b] = [half, full].map(({ history }) => history[8].heldOutRmse!);
  expect(Math.abs(a - b)).toBeLessThan(5e-4);
  expect(a).not.toBe(b);
});

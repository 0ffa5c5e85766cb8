// Rows gathered in half precision: the half-sweep of the rounded rows, and what rounding costs a training.

import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.js";
import type { Problem } from "../../src/models/registry.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { roundToHalf, roundToTwoHalves } from "../../src/engine/reference/halves.js";
import { WebGpuEngine, type WebGpuOptions } from "../../src/engine/webgpu/engine.js";
import { DeviceError } from "../../src/errors.js";
import type { Parameters } from "../../src/models/parameters.js";
import type { Solver } from "../../src/models/solver.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { splitRatings } from "../../src/ratings/split.js";
import { fit } from "../../src/training/fit.js";
import { hotCase, problemOf, relativeError } from "./cases.js";
import { openTraining } from "../../src/models/registry.js";
import { engineWithin, testDevice } from "../support/engines.js";

const reference = new ReferenceEngine();
const KERNELS = ["tiles", "subgroup"] as const;
const engines = new Map<(typeof KERNELS)[number], WebGpuEngine>();
for (const kernel of KERNELS) engines.set(kernel, new WebGpuEngine(await testDevice(), { kernel, halfPrecision: true }));
const cut = await engineWithin({ bindingBytes: 16_384 }, { halfPrecision: true });

/** An engine on tensor cores, or the error that says why there is none here. */
async function onTensorCores(options: WebGpuOptions = {}): Promise<WebGpuEngine | DeviceError> {
  try {
    return await WebGpuEngine.create({ defaultLimits: true, tuning: { tensorCores: true }, ...options });
  } catch (error) {
    if (error instanceof DeviceError) return error;
    throw error;
  }
}
const [matrices, cutMatrices] = [await onTensorCores(), await onTensorCores({ bindingBytes: 16_384 })];
afterAll(() => {
  for (const engine of [matrices, cutMatrices]) if (engine instanceof WebGpuEngine) engine.destroy();
});

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
  const session = await openTraining(engine, problem);
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

/** Biases so large that a single half would lose too much of them. */
function largeBiases(factors: number, solver: Solver = "cholesky"): Problem {
  const problem = problemOf(hotCase(factors, 311, 257, 9000), { factors, tauUsers: 2, tauItems: 3, solver });
  return { ...problem, initial: { ...problem.initial, itemBiases: problem.initial.itemBiases.map((bias) => 20 * bias) } };
}

async function expectRounded(engine: Engine, problem: Problem): Promise<void> {
  const [actual, expected] = [await solvedUsers(engine, problem), await solvedUsers(reference, rounded(problem))];
  expect(relativeError(actual.userFactors, expected.userFactors)).toBeLessThanOrEqual(1e-4);
  expect(relativeError(actual.userBiases, expected.userBiases)).toBeLessThanOrEqual(1e-4);
  // It does see rounded rows, not the rows themselves.
  const exact = await solvedUsers(reference, problem);
  expect(relativeError(actual.userFactors, exact.userFactors)).toBeGreaterThan(1e-5);
  // What is not solved is as exact as ever.
  expect(actual.itemFactors).toEqual(problem.initial.itemFactors);
}

test.each([3, 10].flatMap((factors) => [...KERNELS, "cut" as const].map((kernel) => ({ factors, kernel }))))(
  "a half-sweep is that of the rounded rows: $kernel, K = $factors",
  async ({ factors, kernel }) => {
    await expectRounded(kernel === "cut" ? cut : engines.get(kernel)!, largeBiases(factors));
  },
);

test.each([3, 10].flatMap((factors) => KERNELS.map((kernel) => ({ factors, kernel }))))(
  "steps of conjugate gradients are those over the rounded rows: $kernel, K = $factors",
  async ({ factors, kernel }) => {
    await expectRounded(engines.get(kernel)!, largeBiases(factors, "cg"));
  },
);

test.runIf(matrices instanceof WebGpuEngine).each([1, 2, 3, 7, 10, 31, 32, 50, 64, 128])(
  "a half-sweep on tensor cores is that of the rounded rows, K = %i",
  async (factors) => {
    await expectRounded(matrices as WebGpuEngine, largeBiases(factors));
    if (factors < 50) await expectRounded(cutMatrices as WebGpuEngine, largeBiases(factors));
  },
);

test.runIf(matrices instanceof WebGpuEngine).each(["joint", "sequential"] as const)(
  "a training on tensor cores ends at the objective and held-out RMSE of one in float32: %s",
  async (update) => {
    const { train, heldOut } = splitRatings(syntheticRatings({ users: 300, items: 200, ratings: 12_000, seed: 2 }), {
      share: 0.2,
      seed: 1,
    });
    const options = { heldOut, factors: 10, sweeps: 8, earlyStop: false, update } as const;
    const [halves, full] = [
      await fit(train, { ...options, device: matrices as WebGpuEngine }),
      await fit(train, { ...options, device: reference }),
    ];
    const [a, b] = [halves.history[8], full.history[8]];
    expect(Math.abs(a.heldOutRmse! - b.heldOutRmse!)).toBeLessThan(5e-4);
    expect(Math.abs(a.objective / b.objective - 1)).toBeLessThan(5e-4);
    expect(a.heldOutRmse).not.toBe(b.heldOutRmse);
  },
);

test.runIf(matrices instanceof DeviceError)("a device without subgroup matrices says so by name", () => {
  expect(matrices).toMatchObject({ code: "device-limit", remedy: "leave tensor cores off" });
  expect((matrices as DeviceError).message).toContain("offers no subgroup matrices");
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

test("ratings that halves cannot hold are refused by size", async () => {
  const problem = largeBiases(3);
  const byUser = { ...problem.byUser, value: problem.byUser.value.map((value, at) => (at === 7 ? 30_000 : value)) };
  await expect(openTraining(engines.get("tiles")!, { ...problem, byUser })).rejects.toMatchObject({
    code: "options",
    message: expect.stringContaining("e+4 from the mean") as string,
  });
});

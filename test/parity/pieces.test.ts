// Problems cut into shards and pieces, and streamed, at artificial limits: every model against its float64 twin.

import { expect, test } from "vitest";
import type { Engine, Prior } from "../../src/engine/engine.js";
import type { Problem } from "../../src/models/registry.js";
import type { AlternatingTraining } from "../../src/models/training.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { dealRows, planBlocks, roundsOf } from "../../src/engine/blocks.js";
import { sgdEpoch } from "../../src/engine/reference/sgd-blocks.js";
import { rowState } from "../../src/engine/reference/rows.js";
import { Shards } from "../../src/engine/webgpu/memory/pieces.js";
import { strideOf } from "../../src/engine/webgpu/memory/row-layout.js";
import { gdHyperparameters } from "../../src/models/gd.js";
import { logisticHyperparameters } from "../../src/models/logistic.js";
import { sgdHyperparameters } from "../../src/models/sgd.js";
import { epochOf, stochasticSpread, withoutUnrated } from "../../src/models/stepped.js";
import { rowLengths, rowOfEach, rowWeights } from "../../src/ratings/csr.js";
import { gibbsHyperparameters } from "../../src/models/gibbs.js";
import { implicitHyperparameters } from "../../src/models/implicit.js";
import { openTraining, type SumsOf } from "../../src/models/registry.js";
import { planMemory } from "../../src/engine/webgpu/memory/memory-plan.js";
import { type Parameters, rowsOf } from "../../src/models/parameters.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { Ids } from "../../src/ratings/ids.js";
import { engineWithin } from "../support/engines.js";
import { hotCase, problemOf, randomCase, relativeError, vbProblemOf, weightedCase } from "./cases.js";

const K = 5;
const reference = new ReferenceEngine();
/** Rows of 16 K bytes: a few shards per side; rows of several kilobytes under full covariances: dozens. */
const cut = await engineWithin({ bindingBytes: 16_384 });

function expectClose(actual: Parameters, expected: Parameters, tolerance: number): void {
  for (const name of ["userFactors", "itemFactors", "userBiases", "itemBiases"] as const) {
    expect(actual[name].length).toBe(expected[name].length);
    expect(relativeError(actual[name], expected[name]), name).toBeLessThanOrEqual(tolerance);
  }
}

async function sweep<M extends "als" | "vb" | "implicit">(engine: Engine, problem: Problem<M>) {
  const session = (await openTraining(engine, problem)) as unknown as AlternatingTraining<unknown, SumsOf<M>>;
  const before = await session.measure();
  for (const side of ["users", "items"] as const) await session.solve(side);
  const sums = await session.measure();
  session.keep();
  const parameters = await session.read("kept");
  session.destroy();
  return { before, sums, parameters };
}

const given = hotCase(3, 611, 557, 20_000);

test.each([
  ["", given],
  [" with weights", weightedCase(given)],
] as const)(
  "als: a sweep and its sums agree when both sides are cut into shards and the ratings%s between them into pieces",
  async (_, given) => {
    const problem = problemOf(given, { factors: K, tauUsers: 2, tauItems: 3 });
    const [actual, expected] = [await sweep(cut, problem), await sweep(reference, problem)];
    expectClose(actual.parameters, expected.parameters, 1e-4);
    for (const name of ["trainSquares", "heldOutSquares", "userFactors", "itemFactors", "userBiases", "itemBiases"] as const) {
      expect(actual.before[name]).toBeCloseTo(expected.before[name], -Math.log10(1e-5 * expected.before[name]));
      expect(Math.abs(actual.sums[name] - expected.sums[name])).toBeLessThanOrEqual(1e-4 * expected.sums[name]);
    }
  },
);

test("als: slices that lie across shards, one by one, are bit-equal to all rows at once", async () => {
  const problem = problemOf(given, { factors: K, tauUsers: 2, tauItems: 3 });
  const solved: Parameters[] = [];
  for (const slices of [
    [undefined],
    [
      [0, 100],
      [100, 555],
      [555, 611],
    ],
  ] as const) {
    const session = await openTraining(cut, problem);
    for (const slice of slices) await session.solve("users", slice && { from: slice[0], to: slice[1] });
    solved.push(await session.read());
    session.destroy();
  }
  expect(solved[1].userFactors).toEqual(solved[0].userFactors);
  expect(solved[1].userBiases).toEqual(solved[0].userBiases);
});

test.each(["diagonal", "full"] as const)("vb, %s: a sweep and its ELBO agree when cut", async (covariance) => {
  const problem = vbProblemOf(randomCase(5, 211, 157, 4000), { factors: K, covariance });
  const [actual, expected] = [await sweep(cut, problem), await sweep(reference, problem)];
  expectClose(actual.parameters, expected.parameters, 1e-4);
  for (const side of ["users", "items"] as const)
    expect(relativeError(actual.parameters.posterior![side], expected.parameters.posterior![side])).toBeLessThanOrEqual(1e-4);
  expect(Math.abs(actual.sums.elbo / expected.sums.elbo - 1)).toBeLessThanOrEqual(1e-5);
});

test("implicit: a sweep and its sums agree when cut", async () => {
  const { byUser, byItem, initial } = problemOf(given, { factors: K, biases: false, mean: false });
  const problem: Problem<"implicit"> = {
    model: "implicit",
    hyperparameters: implicitHyperparameters({ factors: K }),
    byUser,
    byItem,
    initial,
    seed: 1,
  };
  const [actual, expected] = [await sweep(cut, problem), await sweep(reference, problem)];
  expectClose(actual.parameters, expected.parameters, 1e-4);
  for (const name of ["allSquares", "seenSquares"] as const)
    expect(Math.abs(actual.sums[name] / expected.sums[name] - 1)).toBeLessThanOrEqual(1e-4);
});

test.each([
  ["als", {}, given],
  ["als", { update: "sequential" }, weightedCase(given)],
  ["implicit", {}, given],
] as const)(
  "%s %o by conjugate gradients: a sweep agrees when cut, rows of several pieces among them, and when streamed",
  async (model, settings, given) => {
    const h = { factors: K, tauUsers: 2, tauItems: 3, solver: "cg", cgSteps: 3, ...settings } as const;
    const problem = (
      model === "als"
        ? problemOf(given, h)
        : { ...problemOf(given, { factors: K, biases: false, mean: false }), model, hyperparameters: implicitHyperparameters(h) }
    ) as Problem<"als">;
    const expected = await sweep(reference, problem);
    // Weights take a word of each rating, in both orders and held out.
    const memoryBytes = given.ratings.weight ? 900_000 : 800_000;
    const streaming = await engineWithin({ bindingBytes: 262_144, memoryBytes });
    for (const engine of [cut, streaming]) {
      const actual = await sweep(engine, problem);
      expectClose(actual.parameters, expected.parameters, 1e-4);
      const errors = (sums: object): number =>
        (sums as { trainSquares?: number }).trainSquares ?? (sums as { allSquares: number }).allSquares;
      expect(Math.abs(errors(actual.sums) / errors(expected.sums) - 1)).toBeLessThanOrEqual(1e-4);
    }
  },
);

test("gibbs: the same draw, and the same moments, when cut: random numbers count rows from the first of the side", async () => {
  const { byUser, byItem, heldOut, initial } = problemOf(given, { factors: K });
  const problem: Problem<"gibbs"> = {
    model: "gibbs",
    hyperparameters: gibbsHyperparameters({ factors: K }),
    byUser,
    byItem,
    heldOut,
    initial,
    seed: 1,
  };
  const D = K + 1;
  const precision = Float64Array.from({ length: (D * (D + 1)) / 2 }, (_, at) => (at === 0 || [2, 5, 9, 14, 20].includes(at) ? 3 : 0.1));
  const prior = { mean: Float64Array.from({ length: D }, (_, k) => 0.1 * k), precision } as unknown as Prior;
  const drawn = async (engine: Engine) => {
    const session = await openTraining(engine, problem);
    await session.draw("users", prior, 1.4, 3);
    const moments = await session.moments("users");
    const parameters = await session.read("current");
    session.destroy();
    return { moments, parameters };
  };
  const [actual, expected] = [await drawn(cut), await drawn(reference)];
  expectClose(actual.parameters, expected.parameters, 1e-4);
  expect(actual.moments.count).toBe(given.users);
  expect(relativeError(Float32Array.from(actual.moments.sums), Float32Array.from(expected.moments.sums))).toBeLessThanOrEqual(1e-4);
});

test("als with item features: factors of features agree when the items are cut", async () => {
  const names = ["crime", "drama", "western"];
  const entries = Array.from({ length: given.items }, (_, item) => [item, names[item % 3], 1 + (item % 2)] as const);
  const items = new Ids();
  for (let item = 0; item < given.items; item++) items.add(item);
  const problem = {
    ...problemOf(given, { factors: K, tauUsers: 2, tauItems: 3, tauFeatures: 0.5 }),
    features: { items: FeatureTable.from(entries).rowsFor(items) },
  };
  const trained = async (engine: Engine): Promise<Parameters> => {
    const session = await openTraining(engine, problem);
    await session.sweep(1);
    await session.sweep(2);
    const parameters = await session.read();
    session.destroy();
    return parameters;
  };
  const [actual, expected] = [await trained(cut), await trained(reference)];
  expect(relativeError(actual.features!.items!, expected.features!.items!)).toBeLessThanOrEqual(5e-4);
  expectClose(actual, expected, 5e-4);
});

test("ratings beyond the device memory that is allowed are streamed, to the same result", async () => {
  const problem = problemOf(given, { factors: K, tauUsers: 2, tauItems: 3 });
  const results = await Promise.all(
    [undefined, 800_000].map(async (memoryBytes) => await sweep(await engineWithin({ bindingBytes: 262_144, memoryBytes }), problem)),
  );
  const size = { users: given.users, items: given.items, ratings: 20_000, heldOut: 20_000, factors: K, spread: "none" } as const;
  expect(planMemory(size, { bindingBytes: 262_144 }).streamed).toBe(false);
  const { streamed, totalBytes } = planMemory(size, { bindingBytes: 262_144, memoryBytes: 800_000 });
  expect(streamed).toBe(true);
  expect(totalBytes).toBeLessThanOrEqual(800_000);
  expectClose(results[1].parameters, (await sweep(reference, problem)).parameters, 1e-4);
  expectClose(results[1].parameters, results[0].parameters, 1e-5);
  expect(Math.abs(results[1].sums.trainSquares / results[0].sums.trainSquares - 1)).toBeLessThanOrEqual(1e-5);
});

test("gd: two steps and their sums agree when cut", async () => {
  const { byUser, byItem, heldOut, initial } = problemOf(given, { factors: K });
  const problem: Problem<"gd"> = {
    model: "gd",
    hyperparameters: gdHyperparameters({ factors: K, stepSize: 0.1 }),
    byUser,
    byItem,
    heldOut,
    initial,
    seed: 1,
  };
  const trained = async (engine: Engine) => {
    const session = await openTraining(engine, problem);
    for (const number of [1, 2]) await session.sweep(number);
    const [sums, parameters] = [await session.measure(), await session.read()];
    session.destroy();
    return { sums, parameters };
  };
  const [actual, expected] = [await trained(cut), await trained(reference)];
  expectClose(actual.parameters, expected.parameters, 1e-4);
  for (const name of ["trainSquares", "heldOutSquares", "userFactors", "itemBiases"] as const)
    expect(Math.abs(actual.sums[name] / expected.sums[name] - 1), name).toBeLessThanOrEqual(1e-4);
});

test.each([
  ["sgd", "adagrad", given],
  ["sgd", "shared", given],
  ["logistic", "adagrad", given],
  ["sgd", "adagrad", weightedCase(given)],
] as const)("%s, rate %s: an epoch agrees when rows are cut, in groups that lie in one shard", async (model, rate, given) => {
  const values = model === "logistic" ? given.ratings.value.map((value) => Number(value > 2.5)) : given.ratings.value;
  const { byUser, byItem, initial } = problemOf({ ...given, ratings: { ...given.ratings, value: values } }, { factors: K });
  const stepSize = rate === "adagrad" ? 0.05 : 0.005;
  const h = model === "sgd" ? sgdHyperparameters({ factors: K, stepSize, rate }) : logisticHyperparameters({ factors: K, rate });
  const problem = { model, hyperparameters: h, byUser, byItem, initial, heldOut: undefined, seed: 4 } as Problem<"sgd">;
  const session = await openTraining(cut, problem);
  await session.sweep(1);
  const actual = await session.read();
  session.destroy();

  const most = Math.floor(16_384 / (4 * strideOf(K, stochasticSpread(h))));
  const cuts = { users: new Shards(byUser.count, most), items: new Shards(byItem.count, most) };
  expect([cuts.users.count, cuts.items.count].every((count) => count > 1)).toBe(true);
  const columns = { user: rowOfEach(byUser), item: byUser.index, value: byUser.value, weight: byUser.weight };
  const weights = { users: rowWeights(byUser), items: rowWeights(byItem) };
  const counts = { users: rowLengths(byUser), items: rowLengths(byItem) };
  const plan = planBlocks(columns, dealRows(counts, 4, cuts), 4);
  const known = withoutUnrated(initial, { byUser, byItem });
  const [users, items] = (["users", "items"] as const).map((side) => rowState(rowsOf(known, side), K, stochasticSpread(h)));
  const epoch = epochOf(h, 1, model === "logistic" ? "logistic" : "identity", 1);
  sgdEpoch(epoch, plan, roundsOf(plan.groups, 4, 1), K, initial.globalMean, users, items, weights);
  expect(relativeError(actual.userFactors, Float32Array.from(users.factors))).toBeLessThanOrEqual(1e-4);
  expect(relativeError(actual.itemFactors, Float32Array.from(items.factors))).toBeLessThanOrEqual(1e-4);
  expect(relativeError(actual.userBiases, Float32Array.from(users.biases))).toBeLessThanOrEqual(1e-4);
});

test("what does not fit even when streamed, or cannot be streamed, is refused by name and size", async () => {
  const { byUser, byItem, heldOut, initial } = problemOf(given, { factors: K });
  const sgd: Problem<"sgd"> = {
    model: "sgd",
    hyperparameters: sgdHyperparameters({ factors: K }),
    byUser,
    byItem,
    heldOut,
    initial,
    seed: 1,
  };
  const small = await engineWithin({ bindingBytes: 262_144, memoryBytes: 800_000 });
  await expect(openTraining(small, sgd)).rejects.toMatchObject({
    code: "device-limit",
    message: expect.stringMatching(/^stochastic steps read all ratings in every round, which takes .*iB/) as string,
  });
  const tight = await engineWithin({ memoryBytes: 10_000 });
  await expect(openTraining(tight, problemOf(given, { factors: K }))).rejects.toMatchObject({
    code: "device-limit",
    message: expect.stringMatching(/needs .*iB even when ratings are streamed/) as string,
  });
});

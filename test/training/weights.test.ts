// What weights of ratings must mean, on every engine: a rating of weight 2 is the rating twice, one of weight 0 is
// none.

import { describe, expect, test } from "vitest";
import type { Rows } from "../../src/engine/engine.js";
import { alsObjective } from "../../src/models/als.js";
import type { Parameters } from "../../src/models/parameters.js";
import { openTraining } from "../../src/models/registry.js";
import { seededRandom } from "../../src/random.js";
import type { Csr } from "../../src/ratings/csr.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit, type FitOptions, type FitResult } from "../../src/training/fit.js";
import { hotCase, problemOf, vbProblemOf, weightedCase } from "../parity/cases.js";
import { ENGINE_KINDS, type EngineKind, testEngines } from "../support/engines.js";
import { checkpointAfter, expectSameTraining } from "../support/resume.js";

const engines = await testEngines();
const all = syntheticRatings({ users: 40, items: 30, ratings: 700, seed: 3 });
const half = (from: number, to: number): Uint32Array => Uint32Array.from({ length: to - from }, (_, at) => from + at);
const [train, heldOut] = [all.select(half(0, 500)), all.select(half(500, all.count))];

/** The ratings with weights, and with each as often as its weight says: of weights that are whole numbers. */
function twins(ratings: Ratings, weightOf: (at: number) => number): { weighted: Ratings; repeated: Ratings } {
  const weight = Float32Array.from({ length: ratings.count }, (_, at) => weightOf(at));
  const rows = [...weight].flatMap((times, at) => Array<number>(times).fill(at));
  return { weighted: withWeights(ratings, weight), repeated: ratings.select(Uint32Array.from(rows)) };
}

function withWeights({ user, item, value, users, items, catalogue }: Ratings, weight: Float32Array): Ratings {
  return new Ratings({ user, item, value, weight }, users, items, catalogue);
}

const random = seededRandom(11);
const upToThree = (): number => random.below(4);
const ofTrain = twins(train, upToThree);
const ofHeldOut = twins(heldOut, upToThree);

const SETTINGS: readonly { readonly name: string; readonly options: FitOptions; readonly kinds?: readonly EngineKind[] }[] = [
  { name: "als", options: { factors: 6 } },
  { name: "als, weighted by ratings", options: { factors: 6, regularization: "weighted", tauUsers: 0.2, tauItems: 0.2 } },
  { name: "als in turn", options: { factors: 6, update: "sequential" } },
  { name: "als by conjugate gradients", options: { factors: 6, solver: "cg" } },
  {
    name: "als in turn by conjugate gradients, weighted",
    options: { factors: 6, solver: "cg", update: "sequential", regularization: "weighted", tauUsers: 0.2, tauItems: 0.2 },
  },
  { name: "vb", options: { model: "vb", factors: 4, warmUp: 1 } },
  { name: "vb, diagonal", options: { model: "vb", factors: 4, warmUp: 1, covariance: "diagonal" } },
  { name: "gibbs", options: { model: "gibbs", factors: 4, burnIn: 1 } },
  { name: "gd", options: { model: "gd", factors: 4 } },
];

/** Steps by one rating after another: twice a step is not the step of a rating twice. */
const STOCHASTIC: typeof SETTINGS = [
  { name: "sgd", options: { model: "sgd", factors: 4 } },
  { name: "logistic", options: { model: "logistic", factors: 4 } },
];

const binary = ({ user, item, value, users, items, catalogue }: Ratings): Ratings =>
  new Ratings({ user, item, value: value.map((rating) => Number(rating > 3.5)) }, users, items, catalogue);

describe.each(ENGINE_KINDS)("on %s", (kind) => {
  const device = engines[kind];
  const closeness = kind === "reference" ? 1e-10 : 5e-4;
  const run = (ratings: Ratings, options: FitOptions): Promise<FitResult> =>
    fit(ratings, { sweeps: 3, earlyStop: false, keeps: "last", ...options, device });

  test.each(SETTINGS)("a rating of weight 2 counts as the rating twice, one of weight 0 not at all: $name", async ({ options }) => {
    const [a, b] = [
      await run(ofTrain.weighted, { ...options, heldOut: ofHeldOut.weighted }),
      await run(ofTrain.repeated, { ...options, heldOut: ofHeldOut.repeated }),
    ];
    figuresOf(a).forEach((figures, at) => expectClose(figures, figuresOf(b)[at], closeness));
    // Models hold float32, those of gibbs halves: numbers that differ by rounding may lie on either side of their middle.
    const ofRows = Math.max(closeness, 2e-7);
    const step = kind !== "reference" && options.model === "gibbs" ? halfStep : () => 0;
    for (const name of ROWS) expectClose(a.model.parameters[name], b.model.parameters[name], ofRows, step);
    for (const name of ["users", "items"] as const)
      expectClose(a.model.parameters.posterior?.[name] ?? [], b.model.parameters.posterior?.[name] ?? [], ofRows);
    expect(a.model.statistics.mean).toBeCloseTo(b.model.statistics.mean, 12);
    expect(a.model.parameters.globalMean).toBeCloseTo(b.model.parameters.globalMean, 6);
  });

  test.each([...SETTINGS, ...STOCHASTIC])("weights of 1 change no bit: $name", async ({ options }) => {
    const given = options.model === "logistic" ? binary(train) : train;
    const ones = withWeights(given, new Float32Array(given.count).fill(1));
    expectSameTraining(await run(ones, options), await run(given, options));
  });

  test.each(STOCHASTIC)("ratings of weight 0 change no bit: $name", async ({ options }) => {
    const given = options.model === "logistic" ? binary(train) : train;
    const some = Float32Array.from({ length: given.count }, (_, at) => (at % 3 === 0 ? 0 : 1.5));
    const kept = withWeights(given, some).select(Uint32Array.from(some.keys()).filter((at) => some[at] > 0));
    expectSameTraining(await run(withWeights(given, some), options), await run(kept, options));
  });

  test.each(SETTINGS.slice(0, 1).concat(STOCHASTIC))("a training with weights goes on from a checkpoint: $name", async ({ options }) => {
    const given = options.model === "logistic" ? binary(train) : train;
    const weighted = withWeights(
      given,
      Float32Array.from({ length: given.count }, (_, at) => 0.25 + (at % 7)),
    );
    const whole = await run(weighted, options);
    const resume = await checkpointAfter(2, (more) => run(weighted, { ...options, ...more }));
    expectSameTraining(await run(weighted, { ...options, resume }), whole);
    await expect(run(given, { ...options, resume })).rejects.toThrow(/training data/);
  });
});

test("the objective of als never rises, and the ELBO of vb never falls, whatever the weights", async () => {
  const given = weightedCase(hotCase(5, 60, 50, 1500));
  const als = await openTraining(engines.reference, problemOf(given, { factors: 4, regularization: "weighted" }));
  const vb = await openTraining(engines.reference, vbProblemOf(given, { factors: 4, lambda: 2 }));
  let [objective, bound] = [Infinity, -Infinity];
  for (let sweep = 0; sweep < 4; sweep++) {
    for (const side of ["users", "items"] as const) {
      await als.solve(side);
      const now = alsObjective(problemOf(given, { factors: 4, regularization: "weighted" }).hyperparameters, await als.measure());
      expect(now).toBeLessThanOrEqual(objective * (1 + 1e-12));
      objective = now;
      await vb.solve(side);
      const measured = await vb.measure();
      expect(measured.elbo).toBeGreaterThanOrEqual(bound - 1e-12 * Math.abs(bound));
      vb.learn(measured);
      bound = measured.elbo;
    }
  }
});

test("a stochastic step is as long as the rating's weight, and its shares of the precisions add up to them", async () => {
  const one = (index: number): Csr => ({
    count: 1,
    start: Uint32Array.of(0, 1),
    index: Uint32Array.of(index),
    value: Float32Array.of(4),
    weight: Float32Array.of(2.5),
  });
  const side = (x: number, b: number): Rows => ({ factors: Float32Array.of(x), biases: Float32Array.of(b) });
  const [u, v, b, c] = [0.5, 0.25, 0.125, -0.5];
  const session = await engines.reference.open({
    factors: 1,
    globalMean: 3,
    byUser: one(0),
    byItem: one(0),
    spread: "none",
    rows: { users: side(u, b), items: side(v, c) },
    operations: { epochs: { seed: 1, link: "identity" }, sums: [] },
  });
  const precisions = { users: { factors: 2, biases: 1 }, items: { factors: 3, biases: 0.5 } };
  const [lambda, step, weight] = [1.5, 0.01, 2.5];
  await session.runEpoch({ number: 1, link: "identity", lambda, biases: true, precisions, step });
  const e = lambda * (4 - (3 + b + c + u * v));
  const [users, items] = [await session.readRows("users"), await session.readRows("items")];
  expect(users.factors[0]).toBeCloseTo(u + step * (weight * e * v - 2 * u), 6);
  expect(items.factors[0]).toBeCloseTo(v + step * (weight * e * u - 3 * v), 6);
  expect(users.biases[0]).toBeCloseTo(b + step * (weight * e - b), 6);
  expect(items.biases[0]).toBeCloseTo(c + step * (weight * e - 0.5 * c), 6);
});

const ROWS = ["userFactors", "itemFactors", "userBiases", "itemBiases"] as const satisfies readonly (keyof Parameters)[];

const figuresOf = ({ history }: FitResult): number[][] =>
  history.map((entry) =>
    Object.entries(entry).flatMap(([name, value]) => (name === "seconds" || typeof value !== "number" ? [] : [value])),
  );

/** How far a half of this size lies from the next one. */
const halfStep = (size: number): number => 2 ** (Math.floor(Math.log2(size)) - 10);

/** Of the same length, and apart by no more than a share of the largest, or one step of numbers of their size. */
function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  share: number,
  step: (size: number) => number = () => 0,
): void {
  expect(actual.length).toBe(expected.length);
  const largest = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const apart = Array.from(expected).reduce((most, value, at) => {
    const difference = Math.abs(value - actual[at]);
    return difference <= step(Math.max(Math.abs(value), Math.abs(actual[at]))) ? most : Math.max(most, difference);
  }, 0);
  expect(apart).toBeLessThanOrEqual(share * largest);
}

// A training that is stopped anywhere and gone on with ends with the same bytes as one that was not:
// every model, every engine.

import { describe, expect, test } from "vitest";
import { OptionsError } from "../../src/errors.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { fingerprintOf } from "../../src/ratings/fingerprint.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/training/checkpoint.js";
import { fit, type FitOptions } from "../../src/training/fit.js";
import { ENGINE_KINDS, testEngines } from "../support/engines.js";
import { named } from "../support/named-options.js";
import { checkpointAfter, expectSameTraining } from "../support/resume.js";

const ratings = syntheticRatings({ users: 90, items: 60, ratings: 1500, seed: 4 });
const { train, heldOut } = splitRatings(ratings);
const engines = await testEngines();

const rated = FeatureTable.ratedSets();
const SIDES = { itemFeatures: FeatureTable.join([FeatureTable.genres(train.catalogue), rated]), userFeatures: rated };

const MODELS: readonly FitOptions[] = [
  // Overfits, so that the best sweep lies before the checkpoint.
  { model: "als", tauUsers: 0.01, tauItems: 0.01, gammaUsers: 0.01, gammaItems: 0.01 },
  { model: "als", update: "sequential", momentum: 0.5 },
  { model: "als", itemFeatures: FeatureTable.genres(train.catalogue), momentum: 0.4 },
  { model: "vb", covariance: "full", warmUp: 2 },
  { model: "vb", ...SIDES, warmUp: 2 },
  { model: "gibbs", ...SIDES, burnIn: 2, samples: 3 },
  { model: "vb", covariance: "diagonal", warmUp: 2 },
  { model: "gibbs", burnIn: 2, samples: 3 },
  { model: "implicit" },
  { model: "als", solver: "cg", itemFeatures: FeatureTable.genres(train.catalogue) },
  { model: "als", solver: "cg", update: "sequential", momentum: 0.5 },
  { model: "implicit", solver: "cg", cgSteps: 2 },
  { model: "gd", stepSize: 0.2 },
  { model: "sgd" },
  { model: "logistic", positiveThreshold: 4, rate: "shared" },
];

describe.each(ENGINE_KINDS)("on %s", (kind) => {
  test.each(named(MODELS))("stopped after any sweep and gone on with, it ends with the same bytes: %s", async (_, model) => {
    const run = (options: FitOptions) =>
      fit(train, { factors: 3, heldOut, earlyStop: false, sweeps: 7, device: engines[kind], ...model, ...options });
    const whole = await run({});
    for (const sweeps of [1, 3, 6]) expectSameTraining(await run({ resume: await checkpointAfter(sweeps, run) }), whole);
    // Stopped twice.
    const first = await checkpointAfter(2, run);
    const second = await checkpointAfter(5, (options) => run({ resume: first, ...options }));
    expectSameTraining(await run({ resume: second }), whole);
  });
});

const reference = { factors: 2, sweeps: 4, earlyStop: false, device: engines.reference } as const;
const taken = await checkpointAfter(2, (options) => fit(train, { ...reference, heldOut, ...options }));

test("more sweeps than were asked for at first go on from the end", async () => {
  const ended = await checkpointAfter(4, (options) => fit(train, { ...reference, heldOut, ...options }));
  const longer = await fit(train, { ...reference, heldOut, sweeps: 6, resume: ended });
  expectSameTraining(longer, await fit(train, { ...reference, heldOut, sweeps: 6 }));
});

test.each([
  [{ model: "vb" }, /its model is als, now it is vb/],
  [{ tauUsers: 3 }, /its hyperparameter tauUsers is [\d.]+, now it is 3/],
  [{ factors: 5 }, /its hyperparameter factors is 2, now it is 5/],
  [{ seed: 2 }, /its seed is 1, now it is 2/],
  [{ device: engines.cpu }, /its engine is reference, now it is cpu/],
  [{ heldOut: undefined }, /its held-out data/],
  [{ measureBy: "ndcg" }, /its measure of a sweep is loss, now it is ndcg/],
] as const)("another training than the checkpoint's is refused by name: %#", async (options, message) => {
  const result = fit(train, { ...reference, heldOut, resume: taken, ...(options as FitOptions) });
  await expect(result).rejects.toThrow(OptionsError);
  await expect(fit(train, { ...reference, heldOut, resume: taken, ...(options as FitOptions) })).rejects.toThrow(message);
});

test("other items that are relevant than the checkpoint's are refused", async () => {
  const measured = { ...reference, heldOut, measureBy: "recall", relevanceThreshold: 4 } as const;
  const resume = await checkpointAfter(2, (options) => fit(train, { ...measured, ...options }));
  expectSameTraining(await fit(train, { ...measured, resume }), await fit(train, measured));
  const other = fit(train, { ...measured, relevanceThreshold: 3, resume });
  await expect(other).rejects.toThrow(/its choice of relevant items is {"atLeast":4}, now it is {"atLeast":3}/);
});

test("other ratings, and the same in another order, are refused", async () => {
  const other = splitRatings(ratings, { seed: 2 });
  await expect(fit(other.train, { ...reference, heldOut: other.heldOut, resume: taken })).rejects.toThrow(/its training data is/);
  const order = Uint32Array.from({ length: train.count }, (_, at) => train.count - 1 - at);
  await expect(fit(train.select(order), { ...reference, heldOut, resume: taken })).rejects.toThrow(/its order of training rows is/);
});

test("a fingerprint does not depend on the order of rows, and on every id and value", () => {
  const rows = [
    ["ann", 1, 4],
    ["bob", 2, 3],
    ["ann", 2, 5],
  ] as const;
  const of = (given: readonly (readonly [string | number, string | number, number])[]): string =>
    fingerprintOf(Ratings.from(given.map((row) => [...row] as [string | number, string | number, number]))).set;
  expect(of([rows[2], rows[0], rows[1]])).toBe(of(rows));
  const others = [
    [rows[0], rows[1]],
    [rows[0], rows[1], ["ann", 2, 4.5]],
    [rows[0], rows[1], ["ann", 3, 5]],
    [rows[0], rows[1], ["cat", 2, 5]],
    [rows[0], ["ann", 2, 3], ["bob", 2, 5]],
  ] as const;
  expect(new Set([of(rows), ...others.map((given) => of(given))]).size).toBe(6);
});

test("a damaged checkpoint is a typed error, wherever a byte changes", () => {
  const bytes = encodeCheckpoint(taken);
  for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 200)) {
    const damaged = bytes.slice();
    damaged[at] ^= 0x55;
    let error: unknown;
    try {
      decodeCheckpoint(damaged);
    } catch (thrown) {
      error = thrown;
    }
    // A byte of the header's own spaces may change nothing.
    if (error !== undefined) expect(error).toMatchObject({ code: "model-file" });
    else expect(decodeCheckpoint(damaged).history).toEqual(taken.history);
  }
  expect(() => decodeCheckpoint(bytes.subarray(0, bytes.length - 5))).toThrow(/truncated/);
});

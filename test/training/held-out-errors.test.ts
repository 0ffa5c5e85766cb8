// What stands beside the held-out RMSE: that of predictions clipped to the scale, and that of the biases alone.

import { describe, expect, test } from "vitest";
import { accuracy } from "../../src/metrics/accuracy.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { biasOnlyAccuracy } from "../../src/training/bias-only.js";
import { fit, type FitOptions } from "../../src/training/fit.js";
import { search } from "../../src/training/search.js";
import { ENGINE_KINDS, testEngines } from "../support/engines.js";

/** The same ratings on another scale. */
const on = (scale: (value: number) => number, { user, item, value, users, items }: Ratings): Ratings =>
  new Ratings({ user, item, value: value.map(scale) }, users, items);
const ratings = syntheticRatings({ users: 60, items: 50, ratings: 1200, seed: 8 });
/** A scale of two values, which predictions of loose models leave. */
const { train, heldOut } = splitRatings(on((value) => (value > 3.5 ? 4 : 2), ratings));
const engines = await testEngines();

const LOOSE: readonly FitOptions[] = [
  { model: "als", tauUsers: 0.1, tauItems: 0.1, gammaUsers: 0.1, gammaItems: 0.1 },
  { model: "gd", tauUsers: 0.1, tauItems: 0.1, gammaUsers: 0.1, gammaItems: 0.1 },
  { model: "sgd", tauUsers: 0.1, tauItems: 0.1, gammaUsers: 0.1, gammaItems: 0.1, stepSize: 0.1 },
  { model: "vb", lambda: 6, learn: false },
  { model: "vb", lambda: 6, learn: false, covariance: "diagonal" },
  { model: "gibbs", burnIn: 3 },
];

describe.each(ENGINE_KINDS)("on %s", (kind) => {
  test.each(LOOSE)("histories hold the held-out RMSE of clipped predictions: $model", async (options) => {
    const { model, history } = await fit(train, {
      ...options,
      factors: 6,
      heldOut,
      device: engines[kind],
      sweeps: 8,
      earlyStop: false,
      keeps: "last",
    });
    const measured = accuracy(model, heldOut);
    const last = history.at(-1)!;
    expect(last.heldOutRmse!).toBeCloseTo(measured.rmse, 4);
    expect(last.heldOutRmseClipped!).toBeCloseTo(measured.rmseClipped, 4);
    expect(last.heldOutRmseClipped!).toBeLessThan(last.heldOutRmse! - 1e-4);
  });
});

test("without held-out ratings it is null, and models that predict none do not have it", async () => {
  const { history } = await fit(train, { device: engines.cpu, sweeps: 1 });
  expect(history[1]).toMatchObject({ heldOutRmse: null, heldOutRmseClipped: null });
  const implicit = await fit(train, { model: "implicit", heldOut, device: engines.cpu, sweeps: 1 });
  expect(implicit.history[1]).not.toHaveProperty("heldOutRmseClipped");
});

test("the biases alone are the optimum of the objective without factors, in whatever unit and order", async () => {
  const given = await biasOnlyAccuracy(train, heldOut, { device: engines.cpu });
  const ended = AbortSignal.abort("ended");
  await expect(biasOnlyAccuracy(train, heldOut, { device: engines.cpu, signal: ended })).rejects.toBe("ended");
  const { model } = await fit(train, { factors: 0, device: engines.reference, sweeps: 200, tolerance: 0 });
  expect(given.rmse).toBeCloseTo(accuracy(model, heldOut).rmse, 4);
  const times = (value: number): number => 20 * value;
  const twenty = await biasOnlyAccuracy(on(times, train), on(times, heldOut), { device: engines.cpu });
  expect(twenty.rmse / 20).toBeCloseTo(given.rmse, 4);
  const shuffled = train.select(Uint32Array.from(train.value.keys()).reverse());
  expect((await biasOnlyAccuracy(shuffled, heldOut, { device: engines.cpu })).rmse).toBeCloseTo(given.rmse, 5);
});

test("a search tells the biases' RMSE on its splits and on its test share, and goes on with it; other losses have none", async () => {
  const options = { space: { factors: [2] }, folds: 2, test: 0.2, sweeps: 2, device: engines.cpu } as const;
  const result = await search(ratings, options);
  const { train: rest, heldOut: test } = splitRatings(ratings, { share: 0.2, seed: 1 });
  expect(result.test!.biasOnly).toBeCloseTo((await biasOnlyAccuracy(rest, test, { device: engines.cpu })).rmse, 6);
  expect(result.biasOnly).toBeGreaterThan(0.5);
  expect((await search(ratings, { ...options, resume: result })).biasOnly).toBe(result.biasOnly);
  expect((await search(ratings, { ...options, alternative: false })).biasOnly).toBeUndefined();
  expect((await search(ratings, { ...options, model: "implicit" })).biasOnly).toBeUndefined();
  expect((await search(ratings, { ...options, measureBy: "ndcg" })).biasOnly).toBeUndefined();
});

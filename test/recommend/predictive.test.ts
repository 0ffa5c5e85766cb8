// Predictive distributions of `gibbs`: from its draws, from priors where nothing was rated, from fold-in.

import { expect, test } from "vitest";
import { choleskyFactor, unpackedTriangle } from "../../src/engine/reference/cholesky.js";
import { OptionsError } from "../../src/errors.js";
import { accuracy, logDensity } from "../../src/metrics/accuracy.js";
import { calibration } from "../../src/metrics/calibration.js";
import { decodeModel, encodeModel } from "../../src/model-file.js";
import { samplesOf } from "../../src/models/parameters.js";
import { type Random, seededRandom } from "../../src/random.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { type Entity, foldIn } from "../../src/recommend/fold-in.js";
import { partialFit } from "../../src/recommend/partial-fit.js";
import { predictiveBetween } from "../../src/recommend/predictive.js";
import { priorEntity, priorMeans } from "../../src/recommend/prior-means.js";
import { fit } from "../../src/training/fit.js";

const ratings = syntheticRatings({ users: 90, items: 60, ratings: 2200, noise: 0.6, seed: 11 });
const { train, heldOut } = splitRatings(ratings, { seed: 3 });
const itemFeatures = FeatureTable.from([
  ["unseen", "odd", 1],
  ...ratings.items.raw.map((id) => [id, Number(id) % 2 ? "odd" : "even", 1] as const),
]);
const given = { model: "gibbs", factors: 3, burnIn: 8, sweeps: 48, device: "cpu" } as const;
const { model } = await fit(train, { ...given, itemFeatures, userFeatures: FeatureTable.ratedSets() });
const { parameters } = model;
const { K, S } = samplesOf(parameters);

/** Variance of ratings that are drawn as the model says: a draw, rows where they are open, noise. */
function sampledVariance(user: Entity, item: Entity, count: number): number {
  const random = seededRandom(5);
  let [sum, squares] = [0, 0];
  for (let at = 0; at < count; at++) {
    const s = random.below(S);
    const [x, y] = [rowAt(user, s, S, random), rowAt(item, s, 1, random)];
    let r = x[K] + y[K] + random.normal() / Math.sqrt(parameters.draws![s].lambda);
    for (let k = 0; k < K; k++) r += x[k] * y[k];
    sum += r;
    squares += r * r;
  }
  return squares / count - (sum / count) ** 2;
}

/** (factors, bias) at a draw. */
function rowAt({ factors, bias, drawn }: Entity, s: number, share: number, random: Random): number[] {
  const D = K + 1;
  const size = (D * (D + 1)) / 2;
  const mean = Array.from({ length: D }, (_, k) => (k < K ? share * factors[s * K + k] : bias + drawn!.biases[s]));
  if (!drawn!.covariances) return mean;
  const root = choleskyFactor(unpackedTriangle(drawn!.covariances.subarray(s * size, (s + 1) * size), D), D);
  const z = mean.map(() => random.normal());
  return mean.map((value, i) => z.slice(0, i + 1).reduce((sum, normal, j) => sum + root[i * D + j] * normal, value));
}

test("the interval of a known pair is that of its draws: their spread, and the noise of each", () => {
  for (const [m, n] of [
    [0, 0],
    [7, 31],
    [40, 2],
  ]) {
    const predictions = Array.from({ length: S }, (_, s) => {
      let r = parameters.globalMean + parameters.userBiases[m] + parameters.itemBiases[n];
      r += parameters.drawnBiases!.users[m * S + s] + parameters.drawnBiases!.items[n * S + s];
      for (let k = s * K; k < (s + 1) * K; k++) r += S * parameters.userFactors[m * S * K + k] * parameters.itemFactors[n * S * K + k];
      return r;
    });
    const mean = predictions.reduce((sum, r) => sum + r, 0) / S;
    const noise = parameters.draws!.reduce((sum, { lambda }) => sum + 1 / lambda, 0) / S;
    const variance = predictions.reduce((sum, r) => sum + (r - mean) ** 2, 0) / S + noise;
    const told = model.predictive(model.users.rawAt(m), model.items.rawAt(n));
    expect(told.mean).toBeCloseTo(model.predictAt(m, n), 5);
    expect(told.mean).toBeCloseTo(mean, 3);
    expect(told.deviation).toBeCloseTo(Math.sqrt(variance), 8);
    expect(told.deviation ** 2).toBeGreaterThan(noise);
    expect(model.predictiveAt(m, n)).toEqual(told);
  }
});

test("of titles that nobody rated, of people who are new, and of both, the interval is that of what may be drawn", () => {
  const cold = priorEntity(parameters, "items", priorMeans(parameters, model.features, "items", [{ id: "unseen" }]));
  const few = { index: Uint32Array.of(3, 8, 20), value: Float32Array.of(5, 1, 4) };
  const folded = foldIn(few, "users", parameters, model, priorMeans(parameters, model.features, "users", [{ rated: few.index }]));
  const nobody = priorEntity(parameters, "users");
  const known: Entity = {
    factors: Float64Array.from(parameters.itemFactors.subarray(0, S * K)),
    bias: parameters.itemBiases[0],
    drawn: { biases: Float64Array.from(parameters.drawnBiases!.items.subarray(0, S)) },
  };
  for (const [user, item] of [
    [folded, known],
    [folded, cold],
    [nobody, known],
    [nobody, cold],
  ]) {
    const { deviation } = predictiveBetween(parameters, user, item);
    expect(deviation ** 2 / sampledVariance(user, item, 60_000)).toBeCloseTo(1, 1);
  }
  // The more is known the narrower; what is drawn in training is known best.
  const deviations = [model.predictive(1, 3), model.predictive(1, "unseen"), model.predictiveAt(-1, model.items.indexOf(3))];
  expect(deviations[0].deviation).toBeLessThan(Math.min(deviations[1].deviation, deviations[2].deviation));
  expect(model.predictive(1, "unseen").mean).toBeCloseTo(model.predict(1, "unseen"), 6);
});

test("lists of someone new carry the same intervals, and so does a file", () => {
  const mine = [
    [3, 5],
    [8, 1],
  ] as const;
  const loaded = decodeModel(encodeModel(model));
  const list = model.recommendFor(mine, { n: 60, coldItems: true });
  expect(list.every(({ deviation }) => deviation! > 0.3)).toBe(true);
  expect(list.some(({ id }) => id === "unseen")).toBe(true);
  expect(loaded.recommendFor(mine, { n: 60, coldItems: true })).toEqual(list);
  expect(loaded.parameters.draws!.map(({ lambda }) => lambda)).toEqual(parameters.draws!.map(({ lambda }) => lambda));
  // Fewer ratings, less known of who gave them.
  const width = (rated: readonly (readonly [number, number])[]): number =>
    model.recommendFor(rated, { n: 30 }).reduce((sum, { deviation }) => sum + deviation!, 0);
  expect(width(train.ratedBy(5) as unknown as readonly (readonly [number, number])[])).toBeLessThan(width(mine));
});

test("who joins the model later has the interval of someone new, also out of a file", () => {
  const mine = [
    [3, 5],
    [8, 1],
    [30, 4],
  ] as const;
  const rated = [...mine.map(([item, value]) => ["ann", item, value] as const), ...[5, 6, 7].map((user) => [user, "late", 4] as const)];
  const joined = partialFit(model, Ratings.from(rated));
  const list = new Map(model.recommendFor(mine, { n: 60 }).map(({ id, deviation }) => [id, deviation!]));
  for (const id of [1, 2, 40]) expect(joined.predictive("ann", id).deviation).toBeCloseTo(list.get(id)!, 5);
  expect(joined.predictive(1, "late").deviation).toBeGreaterThan(joined.predictive(1, 3).deviation);
  const loaded = decodeModel(encodeModel(joined));
  expect(loaded.predictive("ann", 1)).toEqual(joined.predictive("ann", 1));
  expect(loaded.predictive(1, "late")).toEqual(joined.predictive(1, "late"));
});

test("intervals hold what they promise on ratings that were held out", () => {
  const { points, meanSquare } = calibration(model, heldOut, [0.5, 0.9]);
  expect(Math.abs(points[0].covered - 0.5)).toBeLessThan(0.07);
  expect(Math.abs(points[1].covered - 0.9)).toBeLessThan(0.05);
  expect(meanSquare).toBeGreaterThan(0.8);
  expect(meanSquare).toBeLessThan(1.25);
  // Better than one deviation for all.
  const { rmse } = accuracy(model, heldOut);
  expect(logDensity(model, heldOut)).toBeGreaterThan(-0.5 * Math.log(2 * Math.PI * Math.E * rmse ** 2) - 0.01);
});

test("a chain that ended in its burn-in has no interval, and says how to get one", async () => {
  const stop = new AbortController();
  const notices: string[] = [];
  const { model: young } = await fit(train, {
    ...given,
    signal: stop.signal,
    onSweep: ({ sweep }) => sweep === 4 && stop.abort(),
    onNotice: (text) => notices.push(text),
  });
  expect(notices).toEqual([
    expect.stringMatching(/^the training was ended after sweep 4 of the 8 of burnIn, so the model keeps no sample/),
  ]);
  expect(young.knowsSpread).toBe(false);
  expect(() => young.predictive(1, 3)).toThrow(OptionsError);
  expect(() => young.predictive(1, 3)).toThrow(expect.objectContaining({ remedy: expect.stringContaining("burn-in") as string }));
});

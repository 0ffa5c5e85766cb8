// Fold-in on the device against fold-in on the host.

import { expect, test } from "vitest";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { RatingsError } from "../../src/errors.js";
import { foldIn } from "../../src/recommend/fold-in.js";
import { foldInOn } from "../../src/recommend/fold-in-on.js";
import { fit, type FitOptions } from "../../src/training/fit.js";
import { testDevice } from "../support/engines.js";

const cpu = new ReferenceEngine();
const webgpu = new WebGpuEngine(await testDevice());

const ratings = syntheticRatings({ users: 80, items: 60, ratings: 1500, seed: 5 });
const few = { index: Uint32Array.of(41, 3, 17, 8), value: Float32Array.of(5, 1, 3.5, 4) };

const MODELS: readonly FitOptions[] = [
  { model: "als" },
  { model: "als", factors: 0 },
  { model: "als", update: "sequential", biases: false },
  { model: "als", regularization: "weighted", tauUsers: 0.1, tauItems: 0.1 },
  { model: "sgd" },
  { model: "vb", covariance: "diagonal" },
  { model: "vb", covariance: "full" },
  { model: "implicit" },
];

test.each(MODELS)("someone new gets the same factors on the device: %o", async (options) => {
  const { model } = await fit(ratings, { factors: 5, sweeps: 3, ...options, device: cpu });
  const expected = foldIn(few, "users", model.parameters, model);
  const actual = await foldInOn(webgpu, few, model.parameters, model);
  const near = (a: ArrayLike<number>, b: ArrayLike<number>): void => {
    expect(a.length).toBe(b.length);
    for (let at = 0; at < b.length; at++) expect(Math.abs(a[at] - b[at])).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(b[at])));
  };
  near(actual.factors, expected.factors);
  near([actual.bias], [expected.bias]);
  expect(actual.covariance === undefined).toBe(expected.covariance === undefined);
  if (expected.covariance) near(actual.covariance!, expected.covariance);
  const rated = [...few.index].map((item, at) => [model.items.rawAt(item), few.value[at]] as const);
  const [device, host] = [await model.recommendForOn(webgpu, rated, { n: 5 }), model.recommendFor(rated, { n: 5 })];
  expect(device.map(({ id }) => id)).toEqual(host.map(({ id }) => id));
});

test.each([
  { model: "gibbs", burnIn: 1 },
  { model: "logistic", positiveThreshold: 4 },
] as const)("what is no half-sweep is folded in on the host: %o", async (options) => {
  const { model } = await fit(ratings, { factors: 3, sweeps: 3, ...options, device: cpu });
  expect(await foldInOn(webgpu, few, model.parameters, model)).toEqual(foldIn(few, "users", model.parameters, model));
});

test("no ratings and wrong ratings are met as on the host", async () => {
  const { model } = await fit(ratings, { factors: 3, sweeps: 2, device: cpu });
  expect(await model.recommendForOn(webgpu, [], { n: 3 })).toEqual(model.recommendFor([], { n: 3 }));
  await expect(model.recommendForOn(webgpu, [[1, NaN]])).rejects.toThrow(RatingsError);
});

test("too few ratings without precisions are met as on the host", async () => {
  const options = { model: "als", factors: 3, tauUsers: 0, gammaUsers: 0 } as const;
  const { model } = await fit(ratings, { ...options, sweeps: 2, device: cpu });
  const rated = [[model.items.rawAt(5), 4]] as const;
  const said = /equations of someone new with 1 rating are not positive definite/;
  expect(() => model.recommendFor(rated)).toThrow(said);
  await expect(model.recommendForOn(webgpu, rated)).rejects.toThrow(said);
});

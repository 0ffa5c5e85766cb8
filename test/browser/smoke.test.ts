// The library in a real browser: the package's browser entry, WebGPU, and the float64 reference beside it.

import { expect, test } from "vitest";
import { blobSource, decodeModel, encodeModel, fit, readRatings, splitRatings, syntheticRatings } from "../../src/index.js";

test("a model trains on WebGPU as it does on the CPU reference, and recommends", async () => {
  const { train, heldOut } = splitRatings(syntheticRatings({ users: 80, items: 60, ratings: 1200 }));
  const options = { factors: 6, heldOut, sweeps: 4, earlyStop: false };
  const [gpu, cpu] = [await fit(train, { ...options, device: "webgpu" }), await fit(train, { ...options, device: "cpu" })];
  expect(gpu.device.kind).toBe("webgpu");
  gpu.history.forEach((entry, at) => expect(Math.abs(entry.heldOutRmse! - cpu.history[at].heldOutRmse!)).toBeLessThan(1e-5));
  const loaded = decodeModel(encodeModel(gpu.model));
  expect(loaded.recommend(1, { n: 5 })).toEqual(gpu.model.recommend(1, { n: 5 }));
  expect(loaded.recommend(1, { n: 5 })).toHaveLength(5);
});

test.each([
  { model: "vb", covariance: "full" },
  { model: "implicit" },
  { model: "gibbs", burnIn: 1 },
  { model: "sgd" },
  { model: "logistic", positiveThreshold: 4 },
] as const)("so does every other model: %o", async (options) => {
  const { train, heldOut } = splitRatings(syntheticRatings({ users: 80, items: 60, ratings: 1200 }));
  const shared = { ...options, heldOut, factors: 3, sweeps: 3, earlyStop: false };
  const [gpu, cpu] = [await fit(train, { ...shared, device: "webgpu" }), await fit(train, { ...shared, device: "cpu" })];
  gpu.history.forEach((entry, at) => expect(entry.objective / cpu.history[at].objective).toBeCloseTo(1, 3));
  expect(decodeModel(encodeModel(gpu.model)).recommend(1, { n: 5 })).toEqual(gpu.model.recommend(1, { n: 5 }));
});

test("a dropped file is read, gzip too", async () => {
  const packed = await new Response(
    new Blob(["userId,movieId,rating\n1,2,3.5\n"]).stream().pipeThrough(new CompressionStream("gzip")),
  ).blob();
  const { ratings } = await readRatings(blobSource(new File([packed], "ratings.csv.gz")));
  expect([ratings.count, ratings.value[0]]).toEqual([1, 3.5]);
});

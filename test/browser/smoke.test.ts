// The library in a real browser: the package's browser entry, WebGPU, and the float64 reference beside it.

import { expect, test } from "vitest";
import { parquetReadObjects } from "hyparquet";
import {
  blobSource,
  decodeModel,
  encodeModel,
  encodeNpz,
  encodeParquet,
  explain,
  fit,
  modelTable,
  openEngine,
  partialFit,
  Ratings,
  readRatings,
  recommendAll,
  splitRatings,
  syntheticRatings,
} from "../../src/index.js";

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

test("someone new joins a model, everyone's lists are made on WebGPU, and exports are bytes in memory", async () => {
  const { model } = await fit(syntheticRatings({ users: 80, items: 60, ratings: 1200 }), { factors: 3, sweeps: 3, device: "cpu" });
  const bigger = partialFit(
    model,
    Ratings.from([
      ["ann", 1, 5],
      ["ann", 2, 1],
    ]),
  );
  const engine = await openEngine("webgpu");
  for await (const rows of recommendAll(engine, bigger, { n: 3 })) {
    expect(rows.length).toBe(3 * 81);
    expect(rows.slice(-3).map(({ item }) => item)).toEqual(bigger.recommend("ann", { n: 3 }).map(({ id }) => id));
  }
  engine.destroy();
  expect(explain(bigger, 5, [[1, 5], [2, 1]], { user: "ann" }).remainder).toBeCloseTo(0, 5); // prettier-ignore
  const items = await parquetReadObjects({ file: (await encodeParquet(modelTable(bigger, "items"))).slice().buffer });
  expect(items.map(({ bias }) => bias)).toEqual([...bigger.parameters.itemBiases]);
  expect([...encodeNpz(bigger).subarray(0, 2)]).toEqual([0x50, 0x4b]);
});

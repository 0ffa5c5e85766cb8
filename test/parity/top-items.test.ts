// Lists of the best items: the shaders against their twin, whatever the number of items, seen items, batches and runs.

import fc from "fast-check";
import { expect, test } from "vitest";
import { NO_ITEM } from "../../src/engine/engine.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import { compilationMessages } from "../../src/engine/webgpu/device/pipelines.js";
import { itemScoresKernel, topItemsKernel } from "../../src/engine/webgpu/ranking/ranking-kernels.js";
import { planList, planScores } from "../../src/engine/webgpu/ranking/ranking-plan.js";
import { cutRanking, topItems } from "../../src/engine/webgpu/ranking/top-items.js";
import { rankingMetrics, rankingMetricsOn } from "../../src/metrics/ranking.js";
import { MAX_FACTORS } from "../../src/models/hyperparameters.js";
import type { Parameters } from "../../src/models/parameters.js";
import { seededRandom } from "../../src/random.js";
import type { SeenItems } from "../../src/ratings/seen.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit } from "../../src/training/fit.js";
import { deviceThatWritesOutLoops, testDevice } from "../support/engines.js";

const reference = new ReferenceEngine();
const webgpu = new WebGpuEngine(await testDevice());
const devices = [webgpu.device, await deviceThatWritesOutLoops(!webgpu.device.report.writesOutLoops)];

const WORKGROUP_BYTES = 16_384;

interface Shape {
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** @param draw gives a factor or a bias. */
function parametersOf({ M, N, K }: Shape, draw: () => number): Parameters {
  const values = (count: number): Float32Array => Float32Array.from({ length: count }, draw);
  return {
    factors: K,
    userFactors: values(M * K),
    itemFactors: values(N * K),
    userBiases: values(M),
    itemBiases: values(N),
    globalMean: 3,
  };
}

/** Shares from 0 to 1, by user in turn: none, some, half, all but one in sixteen, everything. */
function seenOf({ M, N }: Shape, seed: number): SeenItems {
  const random = seededRandom(seed);
  const rows = Array.from({ length: M }, (_, user) => {
    const share = [0, 0.1, 0.5, 0.94, 1][user % 5];
    return Array.from({ length: N }, (_, item) => item).filter(() => random.uniform() < share);
  });
  const start = new Uint32Array(M + 1);
  rows.forEach((row, user) => (start[user + 1] = start[user] + row.length));
  return { start, items: Uint32Array.from(rows.flat()) };
}

const shapes = {
  M: fc.integer({ min: 1, max: 70 }),
  N: fc.integer({ min: 1, max: 500 }),
  K: fc.constantFrom(0, 3, 13, 128),
};
/** From a tile of scores at a time, which makes many batches and runs, to everything at once. */
const bindingBytes = fc.constantFrom(32 * 1024, 40_000, 100_000, 2 ** 27);

test("lists are the twin's to the last place where float32 is exact: ties, users who have seen everything, more places than items", async () => {
  const given = fc.record({
    ...shapes,
    k: fc.integer({ min: 1, max: 60 }),
    bindingBytes,
    device: fc.constantFrom(...devices),
    software: fc.boolean(),
    seed: fc.nat(),
  });
  await fc.assert(
    fc.asyncProperty(given, async ({ k, seed, bindingBytes, device, software, ...shape }) => {
      const random = seededRandom(seed);
      // Small whole numbers: few different scores, each without rounding.
      const parameters = parametersOf(shape, () => random.below(3) - 1);
      const seen = seenOf(shape, seed);
      const actual = await topItems(device, parameters, seen, k, 2, { bindingBytes, software });
      expect(actual).toEqual(await reference.topItems(parameters, seen, k, 2));
    }),
    { numRuns: 25 },
  );
});

test("lists longer than a round holds go on where the round before ended", async () => {
  const shape = { M: 5, N: 1500, K: 4 };
  const random = seededRandom(3);
  const parameters = parametersOf(shape, () => random.below(5) - 2);
  const seen = seenOf(shape, 4);
  const expected = await reference.topItems(parameters, seen, 1200, 1);
  expect(planList(1200, false).ranks).toBeLessThan(1200);
  for (const bytes of [64 * 1024, 2 ** 27]) {
    expect(await topItems(webgpu.device, parameters, seen, 1200, 1, { bindingBytes: bytes, software: false })).toEqual(expected);
  }
});

test("lists agree but for scores that float32 cannot tell apart", async () => {
  const given = fc.record({ ...shapes, k: fc.integer({ min: 1, max: 20 }), bindingBytes, seed: fc.nat() });
  await fc.assert(
    fc.asyncProperty(given, async ({ k, seed, bindingBytes, ...shape }) => {
      const random = seededRandom(seed);
      const parameters = parametersOf(shape, () => 0.3 * random.normal());
      const seen = seenOf(shape, seed);
      const actual = await topItems(webgpu.device, parameters, seen, k, 0.7, { bindingBytes });
      const expected = await reference.topItems(parameters, seen, k, 0.7);
      const score = (m: number, n: number): number => {
        let sum = 0.7 * parameters.itemBiases[n];
        for (let f = 0; f < shape.K; f++) sum += parameters.userFactors[m * shape.K + f] * parameters.itemFactors[n * shape.K + f];
        return sum;
      };
      for (let m = 0; m < shape.M; m++) {
        const list = [...actual.subarray(m * k, (m + 1) * k)];
        const items = list.filter((item) => item !== NO_ITEM);
        const seenByUser = new Set(seen.items.subarray(seen.start[m], seen.start[m + 1]));
        expect(new Set(items).size).toBe(items.length);
        expect(items.filter((item) => seenByUser.has(item))).toEqual([]);
        list.forEach((item, rank) => {
          const wanted = expected[m * k + rank];
          expect(item === NO_ITEM).toBe(wanted === NO_ITEM);
          if (item !== wanted) expect(Math.abs(score(m, item) - score(m, wanted))).toBeLessThan(1e-4);
        });
      }
    }),
    { numRuns: 20 },
  );
});

test("batches and runs cover all users and items, and nothing they need exceeds a binding", () => {
  const sizes = fc.record({
    M: fc.integer({ min: 0, max: 300_000 }),
    N: fc.integer({ min: 0, max: 3_000_000 }),
    K: fc.nat({ max: MAX_FACTORS }),
    k: fc.integer({ min: 1, max: 2000 }),
  });
  fc.assert(
    fc.property(sizes, fc.constantFrom(2 ** 20, 2 ** 27), ({ M, N, K, k }, bytes) => {
      const plan = planScores(K);
      const { batches, runs } = cutRanking(M, N, k, plan, bytes);
      const largest = (rows: readonly { count: number; padded: number }[], of: "count" | "padded"): number =>
        rows.reduce((most, row) => Math.max(most, row[of]), 0);
      for (const [rows, count] of [
        [batches, M],
        [runs, N],
      ] as const) {
        expect(rows.reduce((next, row) => (row.first === next ? next + row.count : NaN), 0)).toBe(count);
        expect(rows.every((row) => row.padded >= row.count)).toBe(true);
        expect(largest(rows, "padded") * plan.blocks * 16).toBeLessThanOrEqual(bytes);
      }
      expect(largest(batches, "count")).toBeLessThanOrEqual(65_535);
      expect(largest(batches, "count") * k * 4).toBeLessThanOrEqual(bytes);
      expect(largest(batches, "padded") * largest(runs, "padded") * 4).toBeLessThanOrEqual(bytes);
    }),
  );
});

test("the kernels compile without a word from the compiler and keep to the workgroup memory of every device, for every number of factors", async () => {
  const kernels = new Map<string, string>();
  for (let K = 0; K <= MAX_FACTORS; K++) {
    const plan = planScores(K);
    expect(plan.blocks).toBeGreaterThanOrEqual(Math.ceil(K / 4));
    expect(plan.depth * (plan.tile[0] + plan.tile[1]) * 16).toBeLessThanOrEqual(WORKGROUP_BYTES);
    for (const loopsLeft of [false, true]) {
      const { name, code } = itemScoresKernel(K, plan, loopsLeft);
      kernels.set(code, name);
    }
  }
  for (let k = 1; k <= 3000; k++) {
    for (const software of [false, true]) {
      const plan = planList(k, software);
      expect(plan.ranks).toBeLessThanOrEqual(plan.places / 2);
      expect(plan.places * 8 + 8).toBeLessThanOrEqual(WORKGROUP_BYTES);
      const { name, code } = topItemsKernel(plan);
      kernels.set(code, name);
    }
  }
  for (const [code, label] of kernels) {
    const messages = await compilationMessages(webgpu.device.gpu.createShaderModule({ label, code }));
    expect(messages.map(({ lineNum, message }) => `${label}:${lineNum} ${message}`)).toEqual([]);
  }
});

test("ranking metrics are the same on the device", async () => {
  const { train, heldOut } = splitRatings(syntheticRatings({ users: 90, items: 70, ratings: 1500 }));
  const { model } = await fit(train, { factors: 3, sweeps: 3, device: "cpu" });
  const [expected, actual] = [rankingMetrics(model, train, heldOut), await rankingMetricsOn(webgpu, model, train, heldOut)];
  for (const name of ["k", "users"] as const) expect(actual[name]).toBe(expected[name]);
  for (const name of ["precision", "recall", "ndcg", "coverage"] as const) expect(actual[name]).toBeCloseTo(expected[name], 2);
});

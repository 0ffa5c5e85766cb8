// Lists of the best items: the shader against its twin, whatever the number of items, seen items and batches.

import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { NO_ITEM } from "../../src/engine/engine.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import { topItems } from "../../src/engine/webgpu/top-items.js";
import { rankingMetrics, rankingMetricsOn } from "../../src/metrics/ranking.js";
import { buildCsr } from "../../src/ratings/csr.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit } from "../../src/training/fit.js";
import { problemOf, randomCase } from "./cases.js";

const reference = new ReferenceEngine();
const webgpu = await WebGpuEngine.create({ defaultLimits: true });
afterAll(() => webgpu.destroy());

test("lists agree but for scores that float32 cannot tell apart", async () => {
  const shapes = fc.record({ K: fc.constantFrom(0, 1, 3, 8, 40), M: fc.integer({ min: 1, max: 30 }), N: fc.integer({ min: 1, max: 300 }), k: fc.integer({ min: 1, max: 20 }), count: fc.nat({ max: 900 }), rows: fc.integer({ min: 1, max: 9 }) }); // prettier-ignore
  await fc.assert(
    fc.asyncProperty(shapes, async ({ K, M, N, k, count, rows }) => {
      const given = randomCase(count + 1, M, N, count);
      const { initial } = problemOf(given, { factors: K });
      const { start, index } = buildCsr(given.ratings, "users", M);
      const seen = { start, items: index };
      // Several batches of a few rows each.
      const actual = await topItems(webgpu.device, initial, seen, k, 0.7, rows * N * 4);
      const expected = await reference.topItems(initial, seen, k, 0.7);
      const score = (m: number, n: number): number => {
        let sum = 0.7 * initial.itemBiases[n];
        for (let f = 0; f < K; f++) sum += initial.userFactors[m * K + f] * initial.itemFactors[n * K + f];
        return sum;
      };
      for (let at = 0; at < M * k; at++) {
        const m = Math.floor(at / k);
        expect(actual[at] === NO_ITEM).toBe(expected[at] === NO_ITEM);
        if (actual[at] === expected[at]) continue;
        expect(Math.abs(score(m, actual[at]) - score(m, expected[at]))).toBeLessThan(1e-4);
        expect(index.subarray(start[m], start[m + 1])).not.toContain(actual[at]);
      }
      for (let m = 0; m < M; m++) {
        const list = [...actual.subarray(m * k, (m + 1) * k)].filter((item) => item !== NO_ITEM);
        expect(new Set(list).size).toBe(list.length);
      }
    }),
    { numRuns: 40 },
  );
});

test("ranking metrics are the same on the device", async () => {
  const { train, heldOut } = splitRatings(syntheticRatings({ users: 90, items: 70, ratings: 1500 }));
  const { model } = await fit(train, { factors: 3, sweeps: 3, device: "cpu" });
  const [expected, actual] = [rankingMetrics(model, train, heldOut), await rankingMetricsOn(webgpu, model, train, heldOut)];
  for (const name of ["k", "users"] as const) expect(actual[name]).toBe(expected[name]);
  for (const name of ["precision", "recall", "ndcg", "coverage"] as const) expect(actual[name]).toBeCloseTo(expected[name], 2);
});

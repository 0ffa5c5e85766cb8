// Every operation of the cpu engine against its float64 twin, at every K, on random rows
// and on rows of very different length.

import { afterAll, describe, expect, test } from "vitest";
import { CpuEngine } from "../../../src/engine/cpu/engine.js";
import { ReferenceEngine } from "../../../src/engine/reference/engine.js";
import { hotCase, randomCase } from "../cases.js";
import { coursesOf, EVERY_K, expectClose, follow, pointSystem, relativeErrorOf, startOf, workloadOf } from "./workloads.js";

/** On ordinary rows errors are some 1e-6 at most. */
const MOST = 1e-4;
const reference = new ReferenceEngine();
const cpu = await CpuEngine.create({ threads: 2 });
afterAll(() => cpu.destroy());

describe.each(EVERY_K)("K = %i", (K) => {
  test.each(Object.entries(coursesOf(K)))("%s", async (_, course) => {
    // Packed triangles of many coordinates take the twin long.
    const [users, items, count] = K > 64 ? [31, 23, 150] : K > 16 ? [56, 44, 250] : [111, 87, 500];
    for (const given of [randomCase(K + 1, users, items, count), hotCase(K + 2, 47, items, 3 * count)]) {
      const start = startOf(given, course);
      expectClose(await follow(cpu, start, course), await follow(reference, start, course), MOST);
    }
  });
});

test("rows of 100,000 ratings keep their digits", async () => {
  const workload = workloadOf(hotCase(3, 40, 300, 300_000), { factors: 10, operations: { solve: "joint" } });
  const rows = await Promise.all(
    [cpu, reference].map(async (engine) => {
      const session = await engine.open(workload);
      await session.solve("users", pointSystem(10));
      const solved = await session.readRows("users");
      session.destroy();
      return solved;
    }),
  );
  expect(relativeErrorOf(rows[0].factors, rows[1].factors)).toBeLessThan(1e-5);
  expect(relativeErrorOf(rows[0].biases, rows[1].biases)).toBeLessThan(1e-5);
});

// Lists of the best items: the cpu engine against its twin, whatever the numbers of users, items,
// seen items and places.

import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { CpuEngine } from "../../../src/engine/cpu/engine.js";
import { NO_ITEM, type ScoredRows } from "../../../src/engine/engine.js";
import { ReferenceEngine } from "../../../src/engine/reference/engine.js";
import { seededRandom } from "../../../src/random.js";
import type { SeenItems } from "../../../src/ratings/seen.js";

const reference = new ReferenceEngine();
const engines = await Promise.all([
  CpuEngine.create({ threads: 1 }),
  CpuEngine.create({ threads: 3, memoryBytes: 24 << 16 }),
  CpuEngine.create({ workers: false }),
]);
afterAll(() => engines.forEach((engine) => engine.destroy()));

interface Shape {
  readonly users: number;
  readonly items: number;
  readonly K: number;
}

function rowsOf({ users, items, K }: Shape, draw: () => number): ScoredRows {
  const values = (count: number): Float32Array => Float32Array.from({ length: count }, draw);
  return {
    factors: K,
    userFactors: values(users * K),
    itemFactors: values(items * K),
    userBiases: values(users),
    itemBiases: values(items),
  };
}

/** Shares from 0 to 1, by user in turn: none, some, half, all but one in sixteen, everything. */
function seenOf({ users, items }: Shape, seed: number): SeenItems {
  const random = seededRandom(seed);
  const rows = Array.from({ length: users }, (_, user) => {
    const share = [0, 0.1, 0.5, 0.94, 1][user % 5];
    return Array.from({ length: items }, (__, item) => item).filter(() => random.uniform() < share);
  });
  const start = new Uint32Array(users + 1);
  rows.forEach((row, user) => (start[user + 1] = start[user] + row.length));
  return { start, items: Uint32Array.from(rows.flat()) };
}

const shapes = { users: fc.integer({ min: 1, max: 300 }), items: fc.integer({ min: 1, max: 400 }), K: fc.constantFrom(0, 3, 13, 64) };

test("lists are the twin's to the last place where float32 is exact: ties, users who have seen everything, more places than items", async () => {
  const given = fc.record({ ...shapes, k: fc.integer({ min: 1, max: 90 }), seed: fc.nat() });
  await fc.assert(
    fc.asyncProperty(given, async ({ k, seed, ...shape }) => {
      const random = seededRandom(seed);
      const rows = rowsOf(shape, () => random.below(5) - 2);
      const seen = seenOf(shape, seed);
      const expected = await reference.topItems(rows, seen, k, 0.5);
      for (const engine of engines) expect(await engine.topItems(rows, seen, k, 0.5)).toEqual(expected);
    }),
    { numRuns: 25 },
  );
});

test("lists of all items, of none, and of users who are none", async () => {
  const shape = { users: 5, items: 333, K: 7 };
  const random = seededRandom(1);
  const rows = rowsOf(shape, () => random.below(3) - 1);
  const seen = { start: new Uint32Array(6), items: new Uint32Array(0) };
  for (const engine of engines) {
    expect(await engine.topItems(rows, seen, 333, 1)).toEqual(await reference.topItems(rows, seen, 333, 1));
    expect(await engine.topItems(rows, seen, 0, 1)).toHaveLength(0);
    expect(
      await engine.topItems(
        rowsOf({ ...shape, users: 0 }, () => 0),
        { ...seen, start: new Uint32Array(1) },
        3,
        1,
      ),
    ).toHaveLength(0);
    const lists = await engine.topItems(
      rowsOf({ ...shape, items: 0 }, () => 0),
      seen,
      2,
      1,
    );
    expect([...lists]).toEqual(Array(10).fill(NO_ITEM));
  }
});

test("scores of any size come in the twin's order, but where they are within rounding of each other", async () => {
  const shape = { users: 90, items: 700, K: 50 };
  const random = seededRandom(2);
  const rows = rowsOf(shape, () => random.normal());
  const seen = seenOf(shape, 3);
  const k = 20;
  const [expected, actual] = [await reference.topItems(rows, seen, k, 1), await engines[1].topItems(rows, seen, k, 1)];
  const score = (user: number, item: number): number => {
    let sum = rows.itemBiases[item];
    for (let at = 0; at < shape.K; at++) sum += rows.userFactors[user * shape.K + at] * rows.itemFactors[item * shape.K + at];
    return sum;
  };
  expected.forEach((item, at) => {
    const user = Math.floor(at / k);
    if (item === NO_ITEM) expect(actual[at]).toBe(NO_ITEM);
    else expect(Math.abs(score(user, actual[at]) - score(user, item))).toBeLessThan(2e-5);
  });
});

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Parameters } from "../../src/models/parameters.js";
import { cosines, scoreItems, topScored } from "../../src/recommend/score.js";

const K = 3;
const number = fc.integer({ min: -40, max: 40 }).map((value) => value / 8);
const items = fc.array(fc.record({ v: fc.array(number, { minLength: K, maxLength: K }), b: number }), { minLength: 1, maxLength: 15 });
const parametersOf = (rows: readonly { v: number[]; b: number }[]): Parameters => ({
  factors: K,
  userFactors: new Float32Array(0),
  userBiases: new Float32Array(0),
  itemFactors: Float32Array.from(rows.flatMap(({ v }) => v)),
  itemBiases: Float32Array.from(rows, ({ b }) => b),
  globalMean: 3,
});

test("the best few are the head of a full sort in which equals keep their order", () => {
  const scored = fc.array(fc.record({ score: fc.integer({ min: -3, max: 3 }), open: fc.boolean() }), { maxLength: 60 });
  fc.assert(
    fc.property(scored, fc.integer({ min: 0, max: 70 }), (rows, count) => {
      const sorted = rows
        .map(({ score, open }, index) => ({ score, open, index }))
        .filter(({ open }) => open)
        .sort((a, b) => b.score - a.score);
      expect(
        topScored(
          rows.map(({ score }) => score),
          count,
          (index) => rows[index].open,
        ),
      ).toEqual(sorted.slice(0, count).map(({ index }) => index));
    }),
  );
});

test("scores are u·v + αb", () => {
  fc.assert(
    fc.property(items, fc.array(number, { minLength: K, maxLength: K }), number, (rows, u, alpha) => {
      const scores = scoreItems(u, parametersOf(rows), alpha);
      rows.forEach(({ v, b }, n) => expect(scores[n]).toBeCloseTo(u[0] * v[0] + u[1] * v[1] + u[2] * v[2] + alpha * b, 10));
    }),
  );
});

test("cosines are symmetric, within ±1, 1 for a multiple of the item, −1 for its opposite, and 0 for no factors", () => {
  fc.assert(
    fc.property(items, (rows) => {
      const first = rows[0].v;
      const more = [...rows, { v: first.map((x) => 4 * x), b: 0 }, { v: first.map((x) => -x), b: 0 }, { v: [0, 0, 0], b: 9 }];
      const parameters = parametersOf(more);
      const all = more.map((_, item) => cosines(item, parameters));
      // Zeros of either sign are equal.
      all.forEach((row, a) => row.forEach((cosine, b) => expect(cosine + 0).toBe(all[b][a] + 0)));
      for (const cosine of all[0]) expect(Math.abs(cosine)).toBeLessThanOrEqual(1 + 1e-12);
      const self = first.some((x) => x !== 0) ? 1 : 0;
      expect(all[0][0]).toBeCloseTo(self, 12);
      expect(all[0][rows.length]).toBeCloseTo(self, 12);
      expect(all[0][rows.length + 1]).toBeCloseTo(-self, 12);
      expect(all[0][rows.length + 2]).toBe(0);
    }),
  );
});

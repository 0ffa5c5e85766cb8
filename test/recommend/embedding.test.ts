// Principal axes: a known cloud gives its own axes, and whatever the rows, the axes are
// those of a principal component analysis.

import fc from "fast-check";
import { expect, test } from "vitest";
import { OptionsError } from "../../src/errors.js";
import { seededRandom } from "../../src/random.js";
import { principalAxes } from "../../src/recommend/embedding.js";

function normals(count: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count }, () => random.normal());
}

/** Σ over rows of x_a x_b / count, of columns that have mean 0. */
function moment(columns: Float32Array, width: number, a: number, b: number): number {
  let sum = 0;
  for (let at = 0; at < columns.length; at += width) sum += columns[at + a] * columns[at + b];
  return (sum * width) / columns.length;
}

test("a cloud that is long, broad and thin gives those directions, whatever its centre", () => {
  const rows = normals(3 * 4000, 3);
  for (let at = 0; at < rows.length; at += 3) {
    const [long, broad, thin] = [5 * rows[at], 2 * rows[at + 1], 0.1 * rows[at + 2]];
    rows.set([10 + 0.6 * long - 0.8 * broad, -7 + 0.8 * long + 0.6 * broad, thin], at);
  }
  const { axes, shares } = principalAxes(rows, 4000, 3, 2);
  [0.6, 0.8, 0, 0.8, -0.6, 0].forEach((component, at) => expect(axes[at]).toBeCloseTo(component, 1));
  expect(shares[0]).toBeCloseTo(25 / 29.01, 1);
  expect(shares[1]).toBeCloseTo(4 / 29.01, 1);
});

test("axes are orthonormal, coordinates are uncorrelated, and their variances fall and add up to the whole", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 2, max: 60 }), fc.integer({ min: 1, max: 1000 }), (K, count, seed) => {
      const rows = normals(count * K, seed);
      const { axes, coordinates, shares } = principalAxes(rows, count, K, K);
      for (let a = 0; a < K; a++) {
        for (let b = 0; b <= a; b++) {
          const dot = axes.subarray(a * K, (a + 1) * K).reduce((sum, value, k) => sum + value * axes[b * K + k], 0);
          expect(dot).toBeCloseTo(a === b ? 1 : 0, 10);
          if (a !== b) expect(moment(coordinates, K, a, b)).toBeCloseTo(0, 5);
        }
        if (a > 0) expect(shares[a]).toBeLessThanOrEqual(shares[a - 1]);
        expect(Math.max(...axes.subarray(a * K, (a + 1) * K))).toBe(Math.max(...axes.subarray(a * K, (a + 1) * K).map(Math.abs)));
      }
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 10);
    }),
    { numRuns: 50 },
  );
});

test("of many factors the first axes are the same whether few or all are asked for", () => {
  const [K, count] = [40, 300];
  const rows = normals(count * K, 5).map((value, at) => value / (1 + (at % K)));
  const [few, all] = [principalAxes(rows, count, K, 3), principalAxes(rows, count, K, K)];
  few.axes.forEach((component, at) => expect(component).toBeCloseTo(all.axes[at], 6));
  few.shares.forEach((share, axis) => expect(share).toBeCloseTo(all.shares[axis], 9));
});

test("rows of low rank give as many axes as are asked for", () => {
  const rows = new Float32Array(5 * 100).map((_, at) => (at % 5 === 2 ? at : 0));
  const { axes, shares } = principalAxes(rows, 100, 5, 3);
  expect([...shares]).toEqual([expect.closeTo(1), expect.closeTo(0), expect.closeTo(0)]);
  for (let axis = 0; axis < 3; axis++) expect(Math.hypot(...axes.subarray(axis * 5, axis * 5 + 5))).toBeCloseTo(1, 10);
});

test("mirrored rows give the same axes", () => {
  const rows = normals(200 * 6, 9);
  const mirrored = rows.map((value) => -value);
  expect(principalAxes(mirrored, 200, 6, 3).axes).toEqual(principalAxes(rows, 200, 6, 3).axes);
});

test("rows that are all alike have no variance to share", () => {
  const { coordinates, shares } = principalAxes(new Float32Array(12).fill(0.5), 4, 3, 2);
  expect([...coordinates, ...shares]).toEqual(Array(10).fill(0));
});

test("more axes than factors, or rows of another size, are refused", () => {
  expect(() => principalAxes(new Float32Array(12), 4, 3, 4)).toThrow(
    new OptionsError("axes is 4: it must be a whole number from 1 to the 3 factors"),
  );
  expect(() => principalAxes(new Float32Array(11), 4, 3, 2)).toThrow(OptionsError);
});

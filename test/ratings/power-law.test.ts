import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../src/random.js";
import { expectedAtLeast, frequencies, powerLaw } from "../../src/ratings/power-law.js";

/**
 * Whole numbers of p(x) ∝ x^−exponent from `from` on, by walking the cumulative distribution;
 * those beyond a million are cut off.
 */
function sample(count: number, exponent: number, from: number, seed: number): number[] {
  const random = seededRandom(seed);
  const cumulative: number[] = [];
  let sum = 0;
  for (let x = from; x < 1_000_000; x++) cumulative.push((sum += x ** -exponent));
  return Array.from({ length: count }, () => {
    const wanted = random.uniform() * sum;
    let [low, high] = [0, cumulative.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cumulative[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return from + low;
  });
}

test.each([1.8, 2.2, 3])("the slope of samples of a known law is recovered: %d", (exponent) => {
  for (const from of [1, 5]) {
    const law = powerLaw(sample(20_000, exponent, from, 3))!;
    expect(Math.abs(law.exponent - exponent)).toBeLessThan(4 * law.standardError);
    expect(law.standardError).toBeLessThan(0.1);
    expect(law.distance).toBeLessThan(0.02);
  }
});

test("the start of the law is found behind numbers that do not follow it", () => {
  const random = seededRandom(5);
  const flat = Array.from({ length: 5000 }, () => 1 + random.below(20));
  const law = powerLaw([...flat, ...sample(10_000, 2.5, 20, 8)])!;
  expect(law.from).toBeGreaterThanOrEqual(18);
  expect(law.from).toBeLessThanOrEqual(40);
  expect(Math.abs(law.exponent - 2.5)).toBeLessThan(0.1);
});

test("a law expects its whole tail from its start on, and as much of it further out as there is", () => {
  const numbers = sample(20_000, 2.5, 2, 1);
  const law = powerLaw(numbers)!;
  expect(expectedAtLeast(law, law.from)).toBeCloseTo(law.tail, 6);
  for (const x of [3, 10, 30]) {
    const seen = numbers.filter((number) => number >= law.from * x).length;
    expect(Math.abs(expectedAtLeast(law, law.from * x) - seen)).toBeLessThan(4 * Math.sqrt(seen));
  }
});

test("frequencies count every number once, by rising value", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30)), (numbers) => {
      const table = frequencies(numbers);
      expect(table.reduce((sum, [, count]) => sum + count, 0)).toBe(numbers.length);
      expect(table.map(([value]) => value)).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    }),
  );
});

test("too few numbers, or all alike, have no law; zeros do not count", () => {
  expect(powerLaw([1, 2, 3])).toBeUndefined();
  expect(powerLaw(Array<number>(500).fill(7))).toBeUndefined();
  const numbers = sample(2000, 2, 1, 9);
  expect(powerLaw([...numbers, ...Array<number>(500).fill(0)])).toEqual(powerLaw(numbers));
});

import { expect, test } from "vitest";
import { counterKey, counterNormals, counterOrder, counterWords, inverseNormal } from "../src/random-counter.js";

test.each([
  [0, 0],
  [0.95, 1.959963985],
  [0.5, 0.6744897502],
  [0.999, 3.290526731],
  [-0.95, -1.959963985],
  [0.9999, 3.890591886],
])("the normal quantile at %f is %f", (x, quantile) => expect(inverseNormal(x)).toBeCloseTo(quantile, 5));

test("numbers of different counters have the moments of independent normal ones, whichever counter runs", () => {
  for (const place of [0, 1, 2, 3]) {
    const numbers: number[] = [];
    for (let at = 0; at < 50_000; at++) {
      const counters = [7, 11, 13, 17];
      counters[place] = at;
      numbers.push(...counterNormals(counters[0], counters[1], counters[2], counters[3]));
    }
    const mean = (of: (value: number, at: number) => number): number =>
      numbers.reduce((sum, value, at) => sum + of(value, at), 0) / numbers.length;
    expect(Math.abs(mean((value) => value))).toBeLessThan(0.01);
    expect(Math.abs(mean((value) => value ** 2) - 1)).toBeLessThan(0.02);
    expect(Math.abs(mean((value) => value ** 3))).toBeLessThan(0.04);
    expect(Math.abs(mean((value) => value ** 4) - 3)).toBeLessThan(0.1);
    for (const lag of [1, 2, 3, 4, 8]) expect(Math.abs(mean((value, at) => value * (numbers[at + lag] ?? 0)))).toBeLessThan(0.01);
  }
});

test("a place has the same word in any range, and another under any other seed or purpose", () => {
  const key = counterKey(5, "split");
  const whole = counterWords(key, 0, 100);
  for (const [from, to] of [
    [0, 1],
    [3, 9],
    [5, 6],
    [8, 100],
    [50, 50],
  ])
    expect(counterWords(key, from, to)).toEqual(whole.slice(from, to));
  const others = [
    counterKey(6, "split"),
    counterKey(-5, "split"),
    counterKey(5 + 2 ** 32, "split"),
    counterKey(5, "folds"),
    counterKey(5, "split", 1),
  ];
  for (const other of others) expect(counterWords(other, 0, 4)).not.toEqual(whole.slice(0, 4));
  // Beyond 2³² the words do not begin again.
  expect(counterWords(key, 2 ** 32, 2 ** 32 + 4)).not.toEqual(whole.slice(0, 4));
});

test("an order holds every number once, and leaves none near its place more often than chance does", () => {
  for (const length of [0, 1, 2, 5, 1000])
    expect([...counterOrder(length, counterKey(1, "folds"))].sort((a, b) => a - b)).toEqual([...Array(length).keys()]);
  const length = 5;
  const counts = new Float64Array(length * length);
  for (let seed = 0; seed < 10_000; seed++)
    counterOrder(length, counterKey(seed, "folds")).forEach((number, at) => counts[at * length + number]++);
  // 2,000 expected of each, with a standard deviation of 40.
  for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
});

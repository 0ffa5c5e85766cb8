import { expect, test } from "vitest";
import { counterNormals, inverseNormal } from "../src/random-counter.js";

test.each([
  [0, 0],
  [0.95, 1.959963985],
  [0.5, 0.6744897502],
  [0.999, 3.290526731],
  [-0.95, -1.959963985],
  [0.9999, 3.890591886],
])(
  // prettier-ignore
  "the normal quantile at %f is %f",
  (x, quantile) => expect(inverseNormal(x)).toBeCloseTo(quantile, 5),
);

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

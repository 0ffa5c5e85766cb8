import fc from "fast-check";
import { expect, test } from "vitest";
import { halvesWidth, rowsFromHalves, rowsToHalves } from "../../src/distributed/wire.js";
import { DivergedError } from "../../src/errors.js";

test("a row comes back with its bias as it was and each factor within half a last digit, and is sent on unchanged", () => {
  const number = fc.float({ min: -4000, max: 4000, noNaN: true });
  const rows = fc.integer({ min: 0, max: 9 }).chain((K) =>
    fc.record({
      K: fc.constant(K),
      factors: fc.array(number, { minLength: 5 * K, maxLength: 5 * K }),
      biases: fc.array(number, { minLength: 5, maxLength: 5 }),
    }),
  );
  fc.assert(
    fc.property(rows, ({ K, factors, biases }) => {
      const given = { factors: Float32Array.from(factors), biases: Float32Array.from(biases) };
      const words = rowsToHalves(given, K);
      expect(words.length).toBe(5 * halvesWidth(K));
      const got = rowsFromHalves(words, K);
      expect(got.biases).toEqual(given.biases);
      got.factors.forEach((value, at) => {
        const exact = given.factors[at];
        expect(Math.abs(value - exact)).toBeLessThanOrEqual(Math.max(Math.abs(exact) * 2 ** -11, 2 ** -29));
      });
      expect(rowsToHalves(got, K)).toEqual(words);
    }),
  );
});

test.each([4095, -Infinity, NaN])("a factor of %f is refused", (value) => {
  expect(() => rowsToHalves({ factors: Float32Array.of(1, value), biases: Float32Array.of(0) }, 2)).toThrow(DivergedError);
});

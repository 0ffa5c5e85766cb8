// Half-precision numbers: rounding to the nearest, to even, and back.

import { expect, test } from "vitest";
import { exactHalves, fromHalves, roundedToHalves, toHalves } from "../src/half.js";
import { seededRandom } from "../src/random.js";

test("known halves stand for what the standard says", () => {
  const bits = Uint16Array.of(0, 0x8000, 0x3c00, 0xc000, 0x3555, 0x7bff, 0x0001, 0x0400);
  const values = fromHalves({ halves: bits, exponent: 0 });
  expect([...values]).toEqual([0, -0, 1, -2, Math.fround(0.333251953125), 65504, 2 ** -24, 2 ** -14]);
  // 1 is taken times 2^14.
  expect(toHalves(Float32Array.of(1))).toEqual({ halves: Uint16Array.of(0x7400 - 0x0400 + 0x0400), exponent: 14 });
});

test("numbers are rounded to eleven bits, those in the middle to the even one", () => {
  const unit = 2 ** -10;
  expect([...roundedToHalves(Float32Array.of(1 + unit / 2, 1 + 1.5 * unit, 1 + 0.51 * unit, -1 - 0.49 * unit))]).toEqual([
    1,
    1 + 2 * unit,
    1 + unit,
    -1,
  ]);
  expect([...roundedToHalves(Float32Array.of(2 - unit / 4))]).toEqual([2]);
});

test("every rounding is within half a unit in the last place, whatever the size, and rounds no more", () => {
  const random = seededRandom(3);
  for (const size of [1e-30, 1e-6, 1, 1e9]) {
    const values = Float32Array.from({ length: 2000 }, () => size * random.normal());
    const rounded = roundedToHalves(values);
    values.forEach((value, at) => expect(Math.abs(rounded[at] - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -11 + size * 2 ** -26));
    expect(exactHalves(values)).toBeUndefined();
    expect(fromHalves(exactHalves(rounded)!)).toEqual(rounded);
    // Numbers that are a power of two times as large are rounded alike.
    expect(roundedToHalves(values.map((value) => value / 4))).toEqual(rounded.map((value) => value / 4));
  }
});

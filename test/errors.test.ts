import { expect, test } from "vitest";
import { OptionsError, RatingsError } from "../src/errors.js";
import { cut, firstOf, listed } from "../src/shown.js";

test("an error that quotes a whole file is cut in its middle, message and remedy; others stay as they are", () => {
  const error = new RatingsError(`a.csv: "${"x".repeat(1e6)}" is not a number`, { remedy: `leave ${"y".repeat(1e6)} out` });
  expect(error.message).toMatch(/^a\.csv: "x{1000,} … x{300,}" is not a number$/);
  expect(error.remedy).toMatch(/^leave y{1000,} … y{300,} out$/);
  expect(error.message.length + error.remedy!.length).toBeLessThan(4100);
  const short = new OptionsError("z".repeat(2000), { remedy: "give another" });
  expect([short.message, short.remedy]).toEqual(["z".repeat(2000), "give another"]);
});

test("texts and lists of names are shown as far as they can be read", () => {
  expect([cut("abc"), cut("x".repeat(101))]).toEqual(["abc", `${"x".repeat(100)}…`]);
  expect(listed(["a", "b"])).toBe('"a", "b"');
  expect([firstOf([7, 8], 2), firstOf([7, 8, 9], 2)]).toEqual(["7, 8", "7, 8 …"]);
  const many = Array.from({ length: 300 }, (_, at) => `c${at}`);
  expect(listed(many)).toBe('"c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7" … and 292 more');
  expect(listed(["x".repeat(1e6)]).length).toBeLessThan(110);
});

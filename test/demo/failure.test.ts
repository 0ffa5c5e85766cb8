// What the page says of an error: remedies that a visitor can follow, and none that only a program can.

import { expect, test } from "vitest";
import { failureOf } from "../../demo/failure.js";
import { OptionsError, type TastespaceError } from "../../src/errors.js";
import { bytesSource, textSource } from "../../src/ratings/folder.js";
import { readRatings } from "../../src/ratings/readers.js";

const rows = (count: number, row: (at: number) => string): string => Array.from({ length: count }, (_, at) => row(at)).join("\n");

test.each([
  ["a malformed row", "user,item,rating\nann,heat,n/a\n"],
  ["zeros for none", `user,item,rating\n${rows(40, (at) => `u${at % 20},i${at % 39},${at % 7 < 4 ? 0 : 1 + (at % 10)}`)}`],
  ["columns that nothing names", "points,what,who\n4,heat,ann\n3,babe,ann\n"],
  ["no users", "title,rating\nHeat,4\nBabe,3\n"],
  ["a matrix", rows(5, (at) => Array.from({ length: 12 }, (_, k) => 1 + ((at + k) % 5)).join(","))],
  ["a log", `user,item\n${rows(60, (at) => `u${at % 5},i${at % 2}`)}`],
])("an option of the reader is no remedy on the page: %s", async (_, text) => {
  const error = (await readRatings(textSource("ratings.csv", text)).catch((caught: unknown) => caught)) as TastespaceError;
  expect(error.remedy).toMatch(/\w/);
  expect(failureOf(error)).toEqual({
    message: error.message,
    code: "ratings",
    remedy: undefined,
    malformedRow: expect.any(Boolean) as boolean,
  });
});

test("other remedies are shown", async () => {
  const zip = new TextEncoder().encode("PK\x03\x04rest");
  const error = (await readRatings(bytesSource("a.xlsx", zip)).catch((caught: unknown) => caught)) as TastespaceError;
  expect(failureOf(error).remedy).toBe("unpack it, or save the sheet as CSV");
  expect(failureOf(new OptionsError("no engine", { remedy: 'take device: "reference"' })).remedy).toBe('take device: "reference"');
});

import { expect, test } from "vitest";
import { Ratings } from "../../src/ratings/ratings.js";

const ratings = Ratings.from([
  ["ann", 7, 5],
  [2, "b", 1],
  ["ann", "b", 3],
  [2, 7, 4],
]);

test("a user's ratings come by raw ids, in file order", () => {
  expect(ratings.ratedBy("ann")).toEqual([
    [7, 5],
    ["b", 3],
  ]);
  expect(ratings.ratedBy("2")).toEqual([
    ["b", 1],
    [7, 4],
  ]);
});

test("an unknown user has none, and neither has one whose ratings were held out", () => {
  expect(ratings.ratedBy("nobody")).toEqual([]);
  expect(ratings.select(Uint32Array.of(0, 2)).ratedBy(2)).toEqual([]);
});

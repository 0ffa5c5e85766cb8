import fc from "fast-check";
import { expect, test } from "vitest";
import { mostRated, ratingHistogram, ratingScale, ratingsOfEach, ratingsOfItem } from "../../src/ratings/popularity.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";

test("every rating falls into one bin, whatever the scale", () => {
  const values = fc.oneof(
    fc.array(fc.integer({ min: 1, max: 5 })),
    fc.array(fc.float({ min: -10, max: 10, noNaN: true }), { maxLength: 200 }),
  );
  fc.assert(
    fc.property(values, (numbers) => {
      const given = Float32Array.from(numbers);
      const bins = ratingHistogram(given);
      expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(given.length);
      expect(bins.length).toBeLessThanOrEqual(20);
      for (const { from, to, count } of bins) {
        const inside = given.filter((value) => (from === to ? value === from : value >= from && (value < to || to === bins.at(-1)!.to)));
        expect(inside.length).toBe(count);
      }
    }),
  );
});

test("one item's ratings are counted on the scale of all", () => {
  const ratings = Ratings.from([
    [1, "a", 1],
    [2, "a", 5],
    [3, "a", 5],
    [1, "b", 3],
  ]);
  const bins = ratingHistogram(ratingsOfItem(ratings, 0), ratingScale(ratings.value));
  expect(bins.map(({ from, count }) => [from, count])).toEqual([
    [1, 1],
    [3, 0],
    [5, 2],
  ]);
});

test("the most rated items come by falling count, with their means", () => {
  const ratings = syntheticRatings({ users: 50, items: 30, ratings: 500 });
  const counts = ratingsOfEach(ratings, "items");
  const list = mostRated(ratings, 30);
  expect(list.map((item) => item.ratings)).toEqual([...counts].sort((a, b) => b - a));
  expect(list.reduce((sum, item) => sum + item.mean * item.ratings, 0) / ratings.count).toBeCloseTo(ratings.statistics().mean, 9);
});

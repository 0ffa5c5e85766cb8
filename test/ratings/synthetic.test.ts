import { expect, test } from "vitest";
import { OptionsError } from "../../src/errors.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";

test.each([
  { users: 600, items: 400, ratings: 30_000 },
  { users: 30, items: 50, ratings: 80 },
  { users: 20, items: 30, ratings: 200 },
])("every user and item is rated, no pair twice, in half stars: %o", (shape) => {
  const ratings = syntheticRatings({ ...shape, seed: 3 });
  expect([ratings.count, ratings.users.size, ratings.items.size]).toEqual([shape.ratings, shape.users, shape.items]);
  expect(new Set(ratings.user).size).toBe(shape.users);
  expect(new Set(ratings.item).size).toBe(shape.items);
  expect(new Set(Array.from(ratings.user, (user, at) => user * shape.items + ratings.item[at])).size).toBe(shape.ratings);
  expect(ratings.value.every((value) => value >= 0.5 && value <= 5 && Number.isInteger(value * 2))).toBe(true);
});

test("the same seed gives the same ratings, another seed others", () => {
  const [a, b, c] = [1, 1, 2].map((seed) => syntheticRatings({ seed }));
  expect(a.value).toEqual(b.value);
  expect(a.item).toEqual(b.item);
  expect(a.value).not.toEqual(c.value);
});

test("titles differ and popularity is uneven", () => {
  const ratings = syntheticRatings({ users: 2000, items: 3000, ratings: 60_000 });
  expect(new Set(Array.from(ratings.catalogue.entries(), ({ title }) => title)).size).toBe(3000);
  const counts = new Uint32Array(3000);
  for (const item of ratings.item) counts[item]++;
  counts.sort();
  expect(counts[2999]).toBeGreaterThan(20 * counts[1500]);
});

test.each([{ users: 0 }, { ratings: 10 }, { users: 10, items: 10, ratings: 90 }, { items: 2.5 }])(
  "impossible sizes are refused: %o",
  (options) => {
    expect(() => syntheticRatings(options)).toThrow(OptionsError);
  },
);

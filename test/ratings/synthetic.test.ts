import fc from "fast-check";
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

test("every shape from one rating an entity to all pairs is met, numbered from 1, whatever the seed", () => {
  const shape = fc.tuple(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1, max: 25 })).chain(([users, items]) =>
    fc.record({
      users: fc.constant(users),
      items: fc.constant(items),
      ratings: fc.integer({ min: Math.max(users, items), max: users * items }),
      seed: fc.maxSafeInteger(),
      genres: fc.boolean(),
    }),
  );
  fc.assert(
    fc.property(shape, (options) => {
      const { users, items, user, item, count, catalogue } = syntheticRatings(options);
      expect(count).toBe(options.ratings);
      expect([...users.raw]).toEqual(Array.from({ length: options.users }, (_, m) => m + 1));
      expect([...items.raw].sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: options.items }, (_, n) => n + 1));
      expect([...new Set(item)]).toEqual(Array.from({ length: options.items }, (_, n) => n));
      expect(new Set(Array.from(user, (m, at) => m * options.items + item[at])).size).toBe(count);
      const entries = [...catalogue.entries()];
      expect(new Set(entries.map(({ title }) => title)).size).toBe(options.items);
      for (const { title, genres } of entries) {
        expect(title).toMatch(/^The [A-Z][a-z]+ [A-Z][a-z]+( [A-Za-z ]+)? \((19|20)\d\d\)$/);
        expect(genres.length > 0).toBe(options.genres);
      }
    }),
  );
});

test.each([1, 2, 3])("stars have a mean near 3.5 and a deviation near 1, with all ten in use: seed %i", (seed) => {
  const { value, count } = syntheticRatings({ seed });
  const mean = value.reduce((sum, stars) => sum + stars, 0) / count;
  const deviation = Math.sqrt(value.reduce((sum, stars) => sum + (stars - mean) ** 2, 0) / count);
  expect(Math.abs(mean - 3.5)).toBeLessThan(0.25);
  expect(Math.abs(deviation - 1)).toBeLessThan(0.15);
  expect(new Set(value).size).toBe(10);
});

test.each([1, 2, 3])("a user likes items of the same genres alike: seed %i", (seed) => {
  const [M, N] = [150, 120];
  const { user, item, value, items, catalogue } = syntheticRatings({ users: M, items: N, ratings: M * N, noise: 0, seed });
  // Taste is what the users' and items' means leave over.
  const [ofUser, ofItem] = [new Float64Array(M), new Float64Array(N)];
  value.forEach((stars, at) => {
    ofUser[user[at]] += stars / N;
    ofItem[item[at]] += stars / M;
  });
  const mean = ofUser.reduce((sum, stars) => sum + stars, 0) / M;
  const taste = new Float64Array(M * N);
  value.forEach((stars, at) => (taste[item[at] * M + user[at]] = stars - ofUser[user[at]] - ofItem[item[at]] + mean));
  const alike = { same: [] as number[], disjoint: [] as number[] };
  const genres = items.raw.map((id) => catalogue.get(id)!.genres);
  for (let a = 0; a < N; a++) {
    for (let b = 0; b < a; b++) {
      const shared = genres[a].filter((name) => genres[b].includes(name)).length;
      const kind = shared === 0 ? "disjoint" : shared === genres[a].length && shared === genres[b].length ? "same" : undefined;
      if (!kind) continue;
      let covariance = 0;
      for (let m = 0; m < M; m++) covariance += (taste[a * M + m] * taste[b * M + m]) / M;
      alike[kind].push(covariance);
    }
  }
  const average = (numbers: number[]): number => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  expect(average(alike.same)).toBeGreaterThan(average(alike.disjoint) + 0.05);
});

test.each([
  { users: 0 },
  { ratings: 10 },
  { users: 10, items: 10, ratings: 101 },
  { items: 2.5 },
  { factors: 0 },
  { noise: -1 },
  { noise: NaN },
  { seed: 1.5 },
  { seed: NaN },
])("impossible options are refused: %o", (options) => {
  expect(() => syntheticRatings(options)).toThrow(OptionsError);
});

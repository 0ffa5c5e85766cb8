import fc from "fast-check";
import { expect, test } from "vitest";
import { OptionsError } from "../../src/errors.js";
import { filmRatings, films } from "../../src/ratings/films.js";
import { splitRatings } from "../../src/ratings/split.js";
import { fit } from "../../src/training/fit.js";

const FELLOWSHIP = "The Lord of the Rings: The Fellowship of the Ring (2001)";
const TWO_TOWERS = "The Lord of the Rings: The Two Towers (2002)";
const all = films();

test("the list of films is well-formed: no film twice, and every film has all that is said of films", () => {
  expect(all.length).toBeGreaterThan(500);
  expect(new Set(all.map(({ title, year }) => `${title} ${year}`)).size).toBe(all.length);
  const count = (names: readonly string[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts;
  };
  for (const { title, year, genres, director, series, mood, seen, liked } of all) {
    for (const text of [title, ...genres, director, mood]) expect(text, title).toMatch(/^\S(.*\S)?$/);
    expect(series, title).toBe(series.trim());
    expect(new Set(genres).size, title).toBe(genres.length);
    expect(Number.isInteger(year) && year > 1894 && year < 2030, title).toBe(true);
    for (const guess of [seen, liked]) expect([1, 2, 3, 4, 5], title).toContain(guess);
  }
  expect(all.map(({ year }) => year)).toEqual(all.map(({ year }) => year).sort((a, b) => a - b));
  // A genre or a mood that stands but once or twice is a slip of the pen.
  expect(Math.min(...count(all.flatMap(({ genres }) => genres)).values())).toBeGreaterThan(2);
  expect(Math.min(...count(all.map(({ mood }) => mood)).values())).toBeGreaterThan(2);
});

test("every film is rated, no pair twice, in half stars, users and films numbered from 1", () => {
  const { users, items, user, item, value, count, catalogue } = filmRatings();
  expect([count, users.size, items.size, catalogue.size]).toEqual([60_000, 1000, all.length, all.length]);
  expect([...users.raw]).toEqual(Array.from({ length: 1000 }, (_, m) => m + 1));
  expect(new Set(Array.from(user, (m, at) => m * all.length + item[at])).size).toBe(count);
  expect(value.every((stars) => stars >= 0.5 && stars <= 5 && Number.isInteger(stars * 2))).toBe(true);
  for (const [n, film] of all.entries()) {
    expect(catalogue.get(n + 1)).toEqual({ id: n + 1, title: `${film.title} (${film.year})`, genres: film.genres });
  }
});

test("the same seed gives the same ratings, another seed others", () => {
  const [a, b, c] = [1, 1, 2].map((seed) => filmRatings({ users: 60, ratings: 2000, seed }));
  expect(a).toEqual(b);
  expect(a.value).not.toEqual(c.value);
});

test("sizes from one rating a user to half of all pairs are met, whatever the seed", () => {
  const shape = fc.integer({ min: 1, max: 12 }).chain((users) =>
    fc.record({
      users: fc.constant(users),
      ratings: fc.integer({ min: users, max: users * Math.floor(all.length / 2) }),
      seed: fc.maxSafeInteger(),
    }),
  );
  fc.assert(
    fc.property(shape, (options) => {
      const { count, users, user, item } = filmRatings(options);
      expect([count, users.size, new Set(user).size]).toEqual([options.ratings, options.users, options.users]);
      expect(new Set(Array.from(user, (m, at) => m * all.length + item[at])).size).toBe(count);
    }),
    { numRuns: 40 },
  );
});

test("people rate films of a series alike, and what they like of it more than others do", () => {
  const ratings = filmRatings({ noise: 0 });
  const starsOf = (title: string): Map<number, number> => {
    const id = all.findIndex((film) => film.title === title) + 1;
    const stars = new Map<number, number>();
    ratings.item.forEach((n, at) => ratings.items.rawAt(n) === id && stars.set(ratings.user[at], ratings.value[at]));
    return stars;
  };
  const correlation = (first: string, second: string): number => {
    const [a, b] = [starsOf(first), starsOf(second)];
    const pairs = [...a].flatMap(([user, stars]) => (b.has(user) ? [[stars, b.get(user)!]] : []));
    expect(pairs.length).toBeGreaterThan(30);
    const mean = (at: number): number => pairs.reduce((sum, pair) => sum + pair[at], 0) / pairs.length;
    const [x, y] = [mean(0), mean(1)];
    const moment = (f: (pair: number[]) => number): number => pairs.reduce((sum, pair) => sum + f(pair), 0);
    return moment(([p, q]) => (p - x) * (q - y)) / Math.sqrt(moment(([p]) => (p - x) ** 2) * moment(([, q]) => (q - y) ** 2));
  };
  const rings = "The Lord of the Rings: The Fellowship of the Ring";
  expect(correlation(rings, "The Lord of the Rings: The Two Towers")).toBeGreaterThan(0.8);
  expect(correlation(rings, "Pretty Woman")).toBeLessThan(0.5);
  expect(correlation("The Godfather", "The Godfather Part II")).toBeGreaterThan(0.8);
});

test.each([1, 2, 3])("who loves The Fellowship of the Ring is recommended The Two Towers, seed %i", async (seed) => {
  const { train, heldOut } = splitRatings(filmRatings({ seed }), { share: 0.2, seed });
  const { model, history } = await fit(train, { model: "vb", factors: 16, heldOut, device: "cpu" });
  const titles = model.recommendFor([[model.findItem(FELLOWSHIP), 5]], { n: 3, alpha: 0.5 }).map(({ title }) => title);
  expect(titles).toContain(TWO_TOWERS);
  const similar = model.similarItems(model.findItem("Toy Story (1995)"), { n: 5 }).map(({ title }) => title);
  expect(similar.some((title) => title.startsWith("Toy Story"))).toBe(true);
  // The tastes are there to be learned: biases alone leave an error of 0.88.
  expect(history.at(-1)!.heldOutRmse).toBeLessThan(0.72);
});

test.each([{ users: 0 }, { ratings: 10 }, { users: 2, ratings: 1000 }, { users: 2.5 }, { noise: -1 }, { noise: NaN }, { seed: 1.5 }])(
  "impossible options are refused: %o",
  (options) => {
    expect(() => filmRatings(options)).toThrow(OptionsError);
  },
);

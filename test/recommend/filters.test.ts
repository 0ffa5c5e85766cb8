import fc from "fast-check";
import { expect, test } from "vitest";
import { OptionsError, UnknownIdError } from "../../src/errors.js";
import { Catalogue } from "../../src/ratings/catalogue.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { itemFilter, yearOf } from "../../src/recommend/filters.js";
import { fit } from "../../src/training/fit.js";

const ratings = syntheticRatings({ users: 40, items: 60, ratings: 700 });
const { model } = await fit(ratings, { factors: 2, sweeps: 2, device: "cpu" });
const entries = [...ratings.catalogue.entries()];
const genres = [...new Set(entries.flatMap((entry) => entry.genres))];

const wanted = fc.record(
  {
    genres: fc.subarray(genres, { minLength: 1 }),
    fromYear: fc.integer({ min: 1930, max: 1975 }),
    toYear: fc.integer({ min: 1976, max: 2021 }),
    minimumRatings: fc.integer({ min: 0, max: 20 }),
    include: fc.subarray([...ratings.items.raw]),
    exclude: fc.subarray([...ratings.items.raw]),
  },
  { requiredKeys: [] },
);

test("a list holds what passes everything that is given, and nothing else", () => {
  fc.assert(
    fc.property(wanted, (filter) => {
      const list = model.recommend(1, { n: 99, filterSeen: false, filter: itemFilter(model, filter) });
      const passes = entries.filter(({ id, title, genres: own }) => {
        const year = Number(title.slice(-5, -1));
        if (filter.genres && !own.some((genre) => filter.genres!.includes(genre))) return false;
        if (filter.include && !filter.include.includes(id)) return false;
        if (filter.exclude?.includes(id)) return false;
        if (year < (filter.fromYear ?? 0) || year > (filter.toYear ?? 9999)) return false;
        return model.itemCounts[model.items.indexOf(id)] >= (filter.minimumRatings ?? 0);
      });
      expect(new Set(list.map(({ id }) => id))).toEqual(new Set(passes.map(({ id }) => id)));
    }),
  );
});

test("a predicate sees the catalogue's entry, and filters similar items and new users' lists too", () => {
  const filter = itemFilter(model, { where: ({ title, genres: own }) => title.includes("The") && own.length === 1 });
  const single = entries.filter((entry) => entry.genres.length === 1).map(({ id }) => id);
  expect(new Set(model.recommendFor([], { n: 99, filter }).map(({ id }) => id))).toEqual(new Set(single));
  for (const { id } of model.similarItems(1, { n: 99, filter })) expect(single).toContain(id);
});

test("genres are found in upper and lower case, ids as text", () => {
  expect(entries.filter(({ id }) => itemFilter(model, { genres: [genres[0].toUpperCase()] })(id))).toEqual(
    entries.filter((entry) => entry.genres.includes(genres[0])),
  );
  expect(itemFilter(model, { include: ["7"] })(7)).toBe(true);
  expect(itemFilter(model, { exclude: ["7"] })(7)).toBe(false);
});

test("an item without ratings is found by text too, whatever kind of id it has", async () => {
  const rows = ratings.users.raw.flatMap((user) => ratings.ratedBy(user).map(([item, value]) => [user, item, value] as const));
  const cold = { id: 999, title: "Unseen (2000)", genres: [genres[0]] };
  const own = Ratings.from(rows, { catalogue: [...entries, cold] });
  const featured = await fit(own, { factors: 2, sweeps: 2, itemFeatures: FeatureTable.genres(own.catalogue), device: "cpu" });
  const list = featured.model.recommend(1, { coldItems: true, filter: itemFilter(featured.model, { include: ["999"] }) });
  expect(list.map(({ id }) => id)).toEqual([999]);
});

test.each([
  ["Heat (1995)", 1995],
  ["Wire, The (2002–2008)", 2002],
  ["Serial (2019-) ", 2019],
  ["2001: A Space Odyssey", undefined],
  ["Blade Runner (2049) Redux", undefined],
  ["The (500) Days", undefined],
])("the year of %j is %s", (title, year) => {
  expect(yearOf(title)).toBe(year);
});

test("filters that could keep nothing by mistake are refused", () => {
  expect(() => itemFilter(model, { genres: ["Comdy"] })).toThrow(OptionsError);
  expect(() => itemFilter(model, { genres: ["Comdy"] })).toThrow(/no item has the genre "Comdy"/);
  expect(() => itemFilter(model, { fromYear: 2000, toYear: 1990 })).toThrow(OptionsError);
  expect(() => itemFilter(model, { minimumRatings: -1 })).toThrow(OptionsError);
  expect(() => itemFilter(model, { include: ["nothing"] })).toThrow(UnknownIdError);
});

test("titles that are ids themselves have years", async () => {
  const named = Ratings.from([
    ["ann", "Heat (1995)", 5],
    ["ann", "Babe", 4],
    ["ben", "Alien (1979)", 1],
    ["ben", "Heat (1995)", 3],
  ]);
  const { model: titled } = await fit(named, { factors: 1, sweeps: 1, device: "reference" });
  const filter = itemFilter(titled, { fromYear: 1990 });
  expect(titled.items.raw.filter(filter)).toEqual(["Heat (1995)"]);
});

test("years are refused where no title has one", async () => {
  const bare = new Ratings(ratings, ratings.users, ratings.items, new Catalogue([{ id: 1, title: "Untitled", genres: [] }]));
  const plain = (await fit(bare, { factors: 0, sweeps: 1, device: "cpu" })).model;
  expect(() => itemFilter(plain, { fromYear: 1990 })).toThrow(/no title ends in a year/);
  expect(() => itemFilter(plain, { genres: ["Drama"] })).toThrow(OptionsError);
});

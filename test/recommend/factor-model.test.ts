import fc from "fast-check";
import { expect, test } from "vitest";
import { OptionsError, RatingsError, UnknownIdError } from "../../src/errors.js";
import { FactorModel } from "../../src/models/factor-model.js";
import { Catalogue } from "../../src/ratings/catalogue.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit } from "../../src/training/fit.js";
import { partsOf } from "../support/model-parts.js";

const invented = syntheticRatings({ users: 25, items: 30, ratings: 250 });
const unrated = { id: 9999, title: "The Unseen Reel (1999)", genres: [] };
const ratings = new Ratings(invented, invented.users, invented.items, new Catalogue([...invented.catalogue.entries(), unrated]));
const { model } = await fit(ratings, { factors: 3, tauUsers: 1, tauItems: 1, sweeps: 4, device: "cpu" });
const forgetful = (await fit(ratings, { factors: 0, sweeps: 1, device: "cpu", keepSeen: false })).model;
const rated = (user: number): number[] =>
  Array.from(ratings.item)
    .filter((_, at) => ratings.users.rawAt(ratings.user[at]) === user)
    .map((n) => ratings.items.rawAt(n) as number);
const anyUser = fc.constantFrom(...(ratings.users.raw as number[]));
const descending = (values: readonly number[]): boolean => values.every((value, at) => at === 0 || value <= values[at - 1]);
/** What `act` throws. */
const thrown = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
};

test("a list holds every unseen item that passes the filter, best first, with the prediction of predict", () => {
  fc.assert(
    fc.property(anyUser, fc.double({ min: 0, max: 2, noNaN: true }), fc.integer({ min: 1, max: 4 }), (user, alpha, divisor) => {
      const list = model.recommend(user, { n: 30, alpha, filter: (id) => (id as number) % divisor === 0 });
      const wanted = (ratings.items.raw as number[]).filter((id) => id % divisor === 0 && !rated(user).includes(id));
      expect(new Set(list.map(({ id }) => id))).toEqual(new Set(wanted));
      expect(list.length).toBe(wanted.length);
      expect(descending(list.map(({ score }) => score))).toBe(true);
      for (const { id, predicted, title } of list) {
        expect(predicted).toBeCloseTo(model.predict(user, id), 10);
        expect(title).toBe(ratings.catalogue.title(id));
      }
      if (alpha === 1) expect(descending(list.map(({ predicted }) => predicted!))).toBe(true);
      expect(model.recommend(user, { n: 3, alpha, filter: (id) => (id as number) % divisor === 0 })).toEqual(list.slice(0, 3));
    }),
  );
});

test("seen items are listed when asked for, and a model that has forgotten them says what to do", () => {
  expect(model.recommend(1, { n: 99, filterSeen: false }).length).toBe(30);
  expect(forgetful.recommend(1, { n: 99, filterSeen: false }).length).toBe(30);
  const error = thrown(() => forgetful.recommend(1));
  expect(error).toBeInstanceOf(OptionsError);
  expect((error as OptionsError).remedy).toMatch(/filterSeen/);
});

test("a new user's list leaves out what was rated; of a repeated item the last rating counts, in any order", () => {
  const list = model.recommendFor(
    [
      [1, 5],
      [2, 1],
      [3, 4],
    ],
    { n: 30 },
  );
  expect(list.length).toBe(27);
  expect(list.map(({ id }) => id)).not.toEqual(expect.arrayContaining([expect.toBeOneOf([1, 2, 3])]));
  const again = model.recommendFor(
    [
      [3, 4],
      [1, 2],
      [2, 1],
      [1, 5],
    ],
    { n: 30 },
  );
  expect(again.map(({ id }) => id)).toEqual(list.map(({ id }) => id));
  again.forEach(({ predicted }, at) => expect(predicted).toBeCloseTo(list[at].predicted!, 8));
});

test("a new user without ratings is given the most liked items", () => {
  const { itemBiases } = model.parameters;
  const liked = [...itemBiases.keys()].sort((a, b) => itemBiases[b] - itemBiases[a]).map((n) => model.items.rawAt(n));
  expect(model.recommendFor([], { n: 30 }).map(({ id }) => id)).toEqual(liked);
});

test("similar items leave out the item itself and items with too few ratings, best first", () => {
  const enough = [...model.itemCounts].sort((a, b) => a - b)[15];
  for (const item of ratings.items.raw) {
    const list = model.similarItems(item, { n: 99, minimumRatings: enough });
    const wanted = ratings.items.raw.filter((id, n) => id !== item && model.itemCounts[n] >= enough);
    expect(new Set(list.map(({ id }) => id))).toEqual(new Set(wanted));
    expect(descending(list.map(({ score }) => score))).toBe(true);
  }
  expect(() => forgetful.similarItems(1)).toThrow(OptionsError);
});

test("an unknown side is an error, or adds nothing to the mean", () => {
  const { globalMean, userBiases, itemBiases } = model.parameters;
  expect(() => model.predict("nobody", 1)).toThrow(UnknownIdError);
  expect(() => model.predict(1, "nothing")).toThrow(UnknownIdError);
  expect(() => model.recommend("nobody")).toThrow(UnknownIdError);
  expect(() => model.similarItems("nothing")).toThrow(UnknownIdError);
  expect(() => model.recommendFor([["nothing", 5]])).toThrow(UnknownIdError);
  const mean = { coldStart: "mean" } as const;
  expect(model.predict("nobody", "nothing", mean)).toBe(globalMean);
  expect(model.predict("nobody", 1, mean)).toBe(globalMean + itemBiases[model.items.indexOf(1)]);
  expect(model.predict(1, "nothing", mean)).toBe(globalMean + userBiases[model.users.indexOf(1)]);
  expect(model.predict(1, 1, mean)).toBe(model.predict(1, 1));
});

test("an item is found by id and by title, upper and lower case alike", () => {
  for (const id of ratings.items.raw) {
    expect(model.findItem(String(id))).toBe(id);
    expect(model.findItem(` ${ratings.catalogue.title(id).toUpperCase()} `)).toBe(id);
  }
});

test("a mistyped title is answered with the near one; an item without ratings is called that, by title and by id", () => {
  const title = ratings.catalogue.title(7);
  const error = thrown(() => model.findItem(title.replace("The ", "Teh ")));
  expect(error).toBeInstanceOf(UnknownIdError);
  expect((error as UnknownIdError).near).toContain(title);
  for (const text of [unrated.title.toLowerCase(), "9999"]) {
    const missing = thrown(() => model.findItem(text));
    expect(missing).toBeInstanceOf(UnknownIdError);
    expect((missing as UnknownIdError).message).toMatch(/The Unseen Reel \(1999\)" has no ratings/);
  }
});

test("counts, weights and ratings out of range are refused", () => {
  for (const n of [0, -1, 1.5, NaN]) expect(() => model.recommend(1, { n })).toThrow(OptionsError);
  for (const alpha of [NaN, Infinity]) expect(() => model.recommend(1, { alpha })).toThrow(OptionsError);
  for (const rating of [NaN, Infinity]) expect(() => model.recommendFor([[1, rating]])).toThrow(RatingsError);
});

test("a rating moves the new user's prediction of that item towards it", () => {
  const predictionOf = (list: ReturnType<FactorModel["recommendFor"]>, id: number): number =>
    list.find((item) => item.id === id)!.predicted!;
  // Item 2 stands in for item 1: it is given the same factors.
  const [one, two] = [model.items.indexOf(1), model.items.indexOf(2)];
  const itemFactors = model.parameters.itemFactors.slice();
  itemFactors.copyWithin(two * 3, one * 3, one * 3 + 3);
  const twins = new FactorModel({ ...partsOf(model), parameters: { ...model.parameters, itemFactors } });
  const before = predictionOf(twins.recommendFor([], { n: 30 }), 2);
  expect(predictionOf(twins.recommendFor([[1, 5]], { n: 30 }), 2)).toBeGreaterThan(before);
  expect(predictionOf(twins.recommendFor([[1, 0.5]], { n: 30 }), 2)).toBeLessThan(before);
});

test("a title of several items is answered with the ids of those that the model knows", () => {
  const entries = [...ratings.catalogue.entries()];
  const twins = new Catalogue(
    entries.map((entry) => ([3, 5, 9999].includes(Number(entry.id)) ? { ...entry, title: "Emma (1996)" } : entry)),
  );
  const twice = new FactorModel({ ...partsOf(model), catalogue: twins });
  const error = thrown(() => twice.findItem("emma (1996)"));
  expect(error).toBeInstanceOf(UnknownIdError);
  expect((error as UnknownIdError).message).toMatch(/"Emma \(1996\)" is the title of 2 items, with the ids 3 and 5/);
  expect((error as UnknownIdError).near).toEqual(["3", "5"]);
  expect(twice.findItem("5")).toBe(5);
  // One that is known, and a namesake without ratings.
  const one = new Catalogue(entries.map((entry) => ([3, 9999].includes(Number(entry.id)) ? { ...entry, title: "Emma (1996)" } : entry)));
  expect(new FactorModel({ ...partsOf(model), catalogue: one }).findItem("Emma (1996)")).toBe(3);
});

test("similar users are those of the largest cosine, with at least so many ratings", () => {
  const { userFactors } = model.parameters;
  const vector = (m: number): number[] => [...userFactors.subarray(m * 3, m * 3 + 3)];
  const dot = (a: number[], b: number[]): number => a.reduce((sum, value, k) => sum + value * b[k], 0);
  const enough = 9;
  for (const [m, id] of model.users.raw.entries()) {
    const others = model.users.raw
      .map((other, n) => ({
        id: other,
        score: dot(vector(m), vector(n)) / Math.sqrt(dot(vector(m), vector(m)) * dot(vector(n), vector(n))),
        ratings: rated(other as number).length,
      }))
      .filter((other) => other.id !== id && other.ratings >= enough)
      .sort((a, b) => b.score - a.score);
    const list = model.similarUsers(id, { n: 5, minimumRatings: enough });
    expect(list.map((other) => [other.id, other.ratings])).toEqual(others.slice(0, 5).map((other) => [other.id, other.ratings]));
    list.forEach(({ score }, at) => expect(score).toBeCloseTo(others[at].score, 10));
  }
  expect(() => model.similarUsers("nobody")).toThrow(UnknownIdError);
  expect(() => forgetful.similarUsers(1)).toThrow(/without factors/);
});

test("a rating far outside the training ratings' scale is refused with the scale; predictions are clipped to it", async () => {
  const { minimum, maximum } = model.statistics;
  const item = ratings.items.rawAt(0);
  const width = maximum - minimum;
  for (const rating of [maximum + 1.01 * width, minimum - 1.01 * width, 500]) {
    const error = thrown(() => model.recommendFor([[item, rating]]));
    expect(error).toBeInstanceOf(RatingsError);
    expect((error as RatingsError).message).toContain(`go from ${minimum} to ${maximum}`);
  }
  // A little beyond is somebody's enthusiasm.
  expect(model.recommendFor([[item, maximum + width / 4]], { n: 1 })).toHaveLength(1);
  expect([minimum - 1, maximum + 1, 3].map((predicted) => model.clipped(predicted))).toEqual([minimum, maximum, 3]);
  // Counts have no scale, and a preference is no rating.
  const counted = (await fit(ratings, { model: "implicit", factors: 2, sweeps: 2, device: "cpu" })).model;
  expect(counted.recommendFor([[item, 500]], { n: 1 })).toHaveLength(1);
  expect(counted.clipped(-0.2)).toBe(-0.2);
});

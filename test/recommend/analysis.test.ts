// What is told of a trained model: polarizing items, maps of genres, and what α does.

import { beforeAll, describe, expect, test } from "vitest";
import { OptionsError } from "../../src/errors.js";
import { FactorModel } from "../../src/models/factor-model.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { readPath } from "../../src/ratings/files.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { alphaEffect } from "../../src/recommend/alpha-effect.js";
import { genreMap } from "../../src/recommend/genre-map.js";
import { itemLengths, polarizingItems } from "../../src/recommend/polarizing.js";
import { fit } from "../../src/training/fit.js";

const ratings = syntheticRatings({ users: 200, items: 150, ratings: 6000 });
const itemFeatures = FeatureTable.genres(ratings.catalogue);
let plain: FactorModel;
let two: FactorModel;
beforeAll(async () => {
  plain = (await fit(ratings, { factors: 5, sweeps: 8, device: "cpu" })).model;
  two = (await fit(ratings, { factors: 2, tauFeatures: 1, sweeps: 8, itemFeatures, device: "cpu" })).model;
});

test("polarizing items have the longest factors of those with enough ratings, least polarizing ones the shortest", () => {
  const lengths = itemLengths(plain);
  const enough = [...lengths.keys()].filter((item) => plain.itemCounts[item] >= 30);
  const { most, least } = polarizingItems(plain, { n: 5, minimumRatings: 30 });
  const sorted = enough.map((item) => lengths[item]).sort((a, b) => a - b);
  expect(least.map(({ length }) => length)).toEqual(sorted.slice(0, 5));
  expect(most.map(({ length }) => length)).toEqual(sorted.slice(-5).reverse());
  for (const { id, length, ratings: count } of [...most, ...least]) {
    const n = plain.items.indexOf(id);
    expect(count).toBeGreaterThanOrEqual(30);
    expect(length).toBeCloseTo(Math.sqrt(plain.parameters.itemFactors.subarray(n * 5, n * 5 + 5).reduce((sum, v) => sum + v * v, 0)), 9);
  }
});

test("an item's length in gibbs is that of its draws, however many are kept", async () => {
  const { model } = await fit(ratings, { model: "gibbs", factors: 3, burnIn: 0, sweeps: 4, device: "cpu" });
  const { itemFactors: wide } = model.parameters;
  const squares = wide.subarray(7 * 12, 8 * 12).reduce((sum, v) => sum + v * v, 0);
  expect(itemLengths(model)[7]).toBeCloseTo(Math.sqrt(squares / 4), 9);
});

test("a map of K = 2 shows the factors themselves, and the features among them", () => {
  const map = genreMap(two, { genres: ["Horror", "Romance"], minimumRatings: 10 });
  expect(map.direct).toBe(true);
  for (const { id, x, y, genre } of map.items) {
    const n = two.items.indexOf(id);
    expect([x, y]).toEqual([...two.parameters.itemFactors.subarray(n * 2, n * 2 + 2)]);
    expect(two.catalogue.get(id)!.genres).toContain(genre);
  }
  expect(map.features.map(({ name }) => name)).toEqual(itemFeatures.names);
  expect([map.features[3].x, map.features[3].y]).toEqual([...two.parameters.features!.items!.subarray(9, 11)]);
});

test("a map of more factors keeps lengths and angles in its plane, and shows no item of both genres", () => {
  const map = genreMap(plain, { minimumRatings: 10, perGenre: 12 });
  expect(map.direct).toBe(false);
  expect(map.genres).toHaveLength(2);
  expect(map.features).toEqual([]);
  expect(map.shares[0]).toBeGreaterThanOrEqual(map.shares[1]);
  const lengths = itemLengths(plain);
  for (const genre of map.genres) expect(map.items.filter((item) => item.genre === genre).length).toBeLessThanOrEqual(12);
  for (const { id, x, y } of map.items) {
    expect(Math.hypot(x, y)).toBeLessThanOrEqual(lengths[plain.items.indexOf(id)] * (1 + 1e-6));
    expect(map.genres.filter((genre) => plain.catalogue.get(id)!.genres.includes(genre))).toHaveLength(1);
  }
});

test("where popular items are rated higher, a larger α lists more of them and fewer different ones", () => {
  const itemBiases = Float32Array.from(plain.itemCounts, (count) => 0.3 * Math.log(count));
  const { hyperparameters, users, items, catalogue, statistics, itemCounts, seen } = plain;
  const parameters = { ...plain.parameters, itemBiases };
  const model = new FactorModel({ model: "als", hyperparameters, parameters, users, items, catalogue, statistics, itemCounts, seen });
  const [none, classic, one, all] = alphaEffect(model, { alphas: [0, 0.02, 1, 100], minimumRatings: 0 });
  expect(none.medianRatings).toBeLessThanOrEqual(classic.medianRatings);
  expect(classic.medianRatings).toBeLessThan(one.medianRatings);
  expect(one.medianRatings).toBeLessThanOrEqual(all.medianRatings);
  expect(classic.shareOfPopular).toBeLessThan(one.shareOfPopular);
  expect(classic.meanBias).toBeLessThan(one.meanBias);
  expect(none.items).toBeGreaterThan(one.items);
  expect(one.items).toBeGreaterThan(all.items);
});

test("what a model cannot tell is refused", async () => {
  const { model: biases } = await fit(ratings, { factors: 0, sweeps: 2, device: "cpu" });
  expect(() => genreMap(biases)).toThrow(OptionsError);
  expect(() => alphaEffect(biases)).toThrow(OptionsError);
  const { model: implicit } = await fit(ratings, { model: "implicit", factors: 2, sweeps: 1, device: "reference" });
  expect(() => alphaEffect(implicit)).toThrow("a model without item biases ranks alike at every α");
  expect([implicit.hasItemBiases, biases.hasItemBiases]).toEqual([false, true]);
  expect(() => genreMap(plain, { genres: ["Opera"], minimumRatings: 10 })).toThrow(/no item of the genre "Opera"/);
  expect(() => genreMap(plain, { minimumRatings: 9999 })).toThrow("no item has 9,999 ratings or more");
});

describe.runIf(process.env["TASTESPACE_ML_SMALL"])("on the real ml-latest-small, with genres", () => {
  test.each([
    ["Toy Story (1995)", ["Children", "Animation"]],
    ["Lord of the Rings: The Fellowship of the Ring, The (2001)", ["Fantasy", "Sci-Fi"]],
  ])("who gave %s five stars is given its kind", async (title, genres) => {
    const { ratings: real } = await readPath(process.env["TASTESPACE_ML_SMALL"]!);
    const options = { factors: 10, tauUsers: 20, tauItems: 20, tauFeatures: 1, itemFeatures: FeatureTable.genres(real.catalogue) };
    const { model } = await fit(real, { ...options, device: "cpu" });
    const list = model.recommendFor([[model.findItem(title), 5]], { n: 20, alpha: 0.02 });
    const share = (items: readonly { genres: readonly string[] }[]): number =>
      items.filter((item) => item.genres.some((genre) => genres.includes(genre))).length / items.length;
    expect(share(list)).toBeGreaterThanOrEqual(0.5);
    expect(share(list)).toBeGreaterThan(2 * share([...real.catalogue.entries()]));
  });
});

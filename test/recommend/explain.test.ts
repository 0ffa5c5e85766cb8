import { expect, test } from "vitest";
import { OptionsError, RatingsError, UnknownIdError } from "../../src/errors.js";
import type { FactorModel } from "../../src/models/factor-model.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { explain, type Explanation } from "../../src/recommend/explain.js";
import { partialFit } from "../../src/recommend/partial-fit.js";
import { fit, type FitOptions } from "../../src/training/fit.js";

const ratings = syntheticRatings({ users: 40, items: 30, ratings: 500 });
const train = async (options: FitOptions) => (await fit(ratings, { sweeps: 4, earlyStop: false, device: "cpu", ...options })).model;
const added = ({ mean, itemBias, prior, contributions, remainder }: Explanation): number =>
  contributions.reduce((sum, { contribution }) => sum + contribution, mean + itemBias + prior + remainder);

/** What is predicted for a sum of terms: of `logistic` they are log-odds. */
const respond = ({ model }: FactorModel, sum: number): number => (model === "logistic" ? 1 / (1 + Math.exp(-sum)) : sum);

const odd = FeatureTable.from(Array.from({ length: 40 }, (_, m) => [m + 1, m % 2 ? "odd" : "even", 1] as const));
const MODELS = [
  { factors: 3, tauUsers: 2 },
  { factors: 3, biases: false },
  { factors: 3, regularization: "weighted", tauUsers: 0.1 },
  { factors: 3, tauUsers: 2, userFeatures: odd },
  { factors: 0 },
  { model: "gd", factors: 3 },
  { model: "vb", covariance: "full", factors: 3 },
  { model: "vb", covariance: "diagonal", factors: 3 },
  { model: "gibbs", burnIn: 1, factors: 3 },
  { model: "implicit", factors: 3, confidence: 2 },
  { model: "logistic", factors: 3, positiveThreshold: 4 },
] as const satisfies readonly FitOptions[];

test.each(MODELS)("the terms add up to what is predicted for a user of the model: %o", async (options) => {
  const model = await train(options);
  for (const user of [1, 7, 23]) {
    for (const item of [1, 12, 30]) {
      const explained = explain(model, item, ratings.ratedBy(user), { user });
      const m = model.users.indexOf(user);
      expect(explained.predicted).toBe(model.predictAt(m, model.items.indexOf(item)));
      expect(respond(model, explained.sum)).toBeCloseTo(explained.predicted, 12);
      expect(added(explained)).toBeCloseTo(explained.sum, 10);
      expect(explained.contributions.length).toBe(ratings.ratedBy(user).length);
    }
  }
});

test.each(MODELS)("without a remainder for someone new, whose prediction is that of the fold-in: %o", async (options) => {
  const model = await train(options);
  const rated = ratings.ratedBy(5);
  for (const { id, predicted } of model.recommendFor(rated, { n: 3 })) {
    const explained = explain(model, id, rated);
    expect(explained.remainder).toBe(0);
    expect(explained.predicted).toBeCloseTo(predicted!, 8);
    expect(added(explained)).toBeCloseTo(explained.sum, 10);
  }
});

test.each(MODELS.filter(({ model }: FitOptions) => model !== "implicit" && model !== "logistic"))(
  "the similarity is what a rating one higher adds to the prediction, and the same from either item: %o",
  async (options) => {
    const model = await train(options);
    const rated = ratings.ratedBy(5);
    const [[first, value]] = rated;
    const before = explain(model, 12, rated);
    const after = explain(model, 12, [...rated, [first, value + 1]]);
    const { similarity } = before.contributions.find(({ id }) => id === first)!;
    expect(after.predicted - before.predicted).toBeCloseTo(similarity, 8);
    const [, [second]] = rated;
    const between = (a: number, b: number): number => explain(model, a, rated).contributions.find(({ id }) => id === b)!.similarity;
    expect(between(first as number, second as number)).toBeCloseTo(between(second as number, first as number), 10);
  },
);

test("a user solved against the items as they are has no remainder but rounding; a user of other ratings has one", async () => {
  const model = partialFit(await train({ factors: 3 }), ratings, { refit: "users" });
  expect(Math.abs(explain(model, 12, ratings.ratedBy(5), { user: 5 }).remainder)).toBeLessThan(1e-5);
  expect(Math.abs(explain(model, 12, ratings.ratedBy(6), { user: 5 }).remainder)).toBeGreaterThan(1e-3);
});

test("the ratings that speak most for the item come first, with their titles", async () => {
  const model = await train({ factors: 3, tauUsers: 1, tauItems: 1 });
  const { contributions, title } = explain(model, 12, ratings.ratedBy(5), { user: 5 });
  const values = contributions.map(({ contribution }) => contribution);
  expect(values).toEqual([...values].sort((a, b) => b - a));
  expect(title).toBe(ratings.catalogue.title(12));
  expect(explain(model, "12", ratings.ratedBy(5))).toMatchObject({ id: 12, title });
  for (const { id, title: of, rating } of contributions) {
    expect(of).toBe(ratings.catalogue.title(id));
    expect(ratings.ratedBy(5)).toContainEqual([id, rating]);
  }
});

test("nobody's ratings leave the mean and the item's bias", async () => {
  const model = await train({ factors: 3 });
  const { predicted, mean, itemBias, contributions } = explain(model, 12, []);
  expect(contributions).toEqual([]);
  expect(predicted).toBe(mean + itemBias);
});

test("what cannot be explained is refused, saying why", async () => {
  const model = await train({ factors: 2 });
  expect(() => explain(model, "nothing", [])).toThrow(UnknownIdError);
  expect(() => explain(model, 1, [], { user: "nobody" })).toThrow(UnknownIdError);
  expect(() => explain(model, 1, [["nothing", 5]])).toThrow(UnknownIdError);
  expect(() => explain(model, 1, [[2, NaN]])).toThrow(RatingsError);
  const sampled = await train({ model: "logistic", negatives: 2, factors: 2 });
  expect(() => explain(sampled, 1, [[2, 1]])).toThrow(OptionsError);
  const loose = await train({ model: "logistic", positiveThreshold: 4, tauUsers: 0, factors: 2 });
  expect(() => explain(loose, 1, [[2, 1]])).toThrow(/tauUsers or gammaUsers is 0/);
});

// What is done with a model that knows features: entities without ratings, someone new, explanations, files.

import { describe, expect, test } from "vitest";
import { OptionsError } from "../../src/errors.js";
import { decodeModel, encodeModel } from "../../src/model-file.js";
import { accuracy, logDensity } from "../../src/metrics/accuracy.js";
import type { FactorModel, RecommendOptions } from "../../src/models/factor-model.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { explain } from "../../src/recommend/explain.js";
import { partialFit } from "../../src/recommend/partial-fit.js";
import { fit, type FitOptions } from "../../src/training/fit.js";
import { accurate } from "../../src/training/preset.js";

const ratings = syntheticRatings({ users: 80, items: 50, ratings: 1600, seed: 6 });
const rated = FeatureTable.ratedSets();
const genres = FeatureTable.join([
  FeatureTable.genres(ratings.catalogue),
  FeatureTable.from([
    ["unseen", "new", 1],
    ["unseen", "odd", 1],
    ...ratings.items.raw.map((id) => [id, Number(id) % 2 ? "odd" : "even", 1] as const),
  ]),
]);
const places = FeatureTable.from([
  ["stranger", "north", 1],
  ...ratings.users.raw.map((id) => [id, Number(id) % 3 ? "north" : "south", 1] as const),
]);
const sides = { itemFeatures: FeatureTable.join([genres, rated]), userFeatures: FeatureTable.join([places, rated]) };
const OPTIONS = {
  als: { model: "als" },
  vb: { model: "vb" },
  gibbs: { model: "gibbs", burnIn: 3, sweeps: 12 },
  implicit: { model: "implicit", tauUsers: 2, tauItems: 2 },
} as const;
const trained = async (name: keyof typeof OPTIONS): Promise<FactorModel> =>
  (await fit(ratings, { factors: 3, sweeps: 6, earlyStop: false, keeps: "last", device: "cpu", ...sides, ...OPTIONS[name] } as FitOptions))
    .model;
const models = { als: await trained("als"), vb: await trained("vb"), gibbs: await trained("gibbs"), implicit: await trained("implicit") };

describe.each(["als", "vb", "gibbs", "implicit"] as const)("%s", (name) => {
  const model = models[name];
  const { parameters } = model;
  const S = parameters.draws?.length ?? 1;
  const D = 4;

  /** r̂ of a title that nobody has rated, draw by draw, from its definition. */
  function byHand(user: number): number {
    const { names } = model.features!.items!;
    const weights = parameters.features!.items!;
    const F = weights.length / (S * D);
    const known = ["new", "odd"].map((feature) => names.indexOf(feature));
    let sum = parameters.globalMean + parameters.userBiases[user];
    for (let s = 0; s < S; s++) {
      for (let k = 0; k < D; k++) {
        const drawn = parameters.draws?.[s].items.mean[k] ?? 0;
        const x = known.reduce((mean, f) => mean + Math.SQRT1_2 * weights[(s * F + f) * D + k], drawn);
        sum += k < 3 ? x * parameters.userFactors[(user * S + s) * 3 + k] : x / S;
      }
    }
    return sum;
  }

  test("a title that nobody has rated is predicted by its prior mean, factors and bias", () => {
    expect(model.predict(ratings.users.rawAt(5), "unseen")).toBeCloseTo(byHand(5), 5);
    const list = model.recommend(ratings.users.rawAt(5), { n: 60, coldItems: true });
    expect(list.find(({ id }) => id === "unseen")!.predicted).toBeCloseTo(byHand(5), 5);
    expect(model.knows("users", "stranger")).toBe(true);
    expect(model.predict("stranger", 3)).not.toBe(model.predict("stranger", 4));
  });

  test("which titles someone new has rated counts, not only how", () => {
    const known = ratings.items.raw.slice(0, 20);
    const one = model.recommendFor(
      known.slice(0, 5).map((id) => [id, 3] as const),
      { n: 45 },
    );
    const without = new Map(
      withoutRated(model)
        .recommendFor(
          known.slice(0, 5).map((id) => [id, 3] as const),
          { n: 45 },
        )
        .map(({ id, score }) => [id, score]),
    );
    expect(one.some(({ id, score }) => Math.abs(score - without.get(id)!) > 1e-5)).toBe(true);
  });

  test("an explanation adds up to the prediction, and says what each feature adds", () => {
    const mine = [
      [1, 5],
      [7, 2],
      [11, 4],
    ] as const;
    const told = explain(model, 20, mine);
    const predicted = model.recommendFor(mine, { n: 49 }).find(({ id }) => id === 20)!.predicted!;
    expect(told.predicted).toBeCloseTo(predicted, 4);
    expect(told.features.map(({ name: feature }) => feature)).toEqual(["which titles were rated"]);
    const user = ratings.users.rawAt(8);
    const own = explain(model, 20, ratings.ratedBy(user), { user });
    expect(own.features.map(({ name: feature }) => feature).sort()).toEqual(
      ["which titles were rated", Number(user) % 3 ? "north" : "south"].sort(),
    );
    if (name !== "gibbs") expect(own.features.reduce((sum, { contribution }) => sum + contribution, 0)).toBeCloseTo(own.prior, 6);
  });

  test("it comes out of a file as it went in, and takes new users and items", () => {
    const loaded = decodeModel(encodeModel(model));
    expect(loaded.parameters).toEqual(parameters);
    expect(loaded.features!.users!.rated).toBe(true);
    const mine = [
      [1, 5],
      [7, 2],
    ] as const;
    expect(loaded.recommendFor(mine)).toEqual(model.recommendFor(mine));
    const bigger = partialFit(
      loaded,
      Ratings.from([
        ["ann", 1, 5],
        ["ann", 7, 2],
        ["ann", "film", 4],
        [3, "film", 4],
      ]),
    );
    // Someone new is solved alike by both, the rated set among them; of a title that came later nothing was learned.
    const list = model.recommendFor(mine, { n: 40 });
    for (const { id, predicted } of list.slice(0, 5)) expect(bigger.predict("ann", id)).toBeCloseTo(predicted!, 3);
    expect(decodeModel(encodeModel(bigger)).predict("ann", "film")).toBe(bigger.predict("ann", "film"));
  });
});

/** The same model without what it learned of rated sets of users. */
function withoutRated(model: FactorModel): FactorModel {
  const loaded = decodeModel(encodeModel(model));
  loaded.parameters.features!.users!.fill(0);
  return loaded;
}

test("the interval of a title that nobody has rated is that of its prior: wider than of one that many have", () => {
  const { vb } = models;
  const { lambda, items } = vb.parameters.posterior!.precisions;
  const user = ratings.users.rawAt(5);
  const [cold, known] = [vb.predictive(user, "unseen"), vb.predictive(user, 3)];
  expect(cold.mean).toBeCloseTo(vb.predict(user, "unseen"), 6);
  expect(cold.deviation).toBeGreaterThan(known.deviation);
  expect(cold.deviation ** 2).toBeGreaterThan(1 / lambda + 1 / items[3]);
});

test.each(["als", "implicit"] as const)("%s has no interval of any title, rated or not, and says so", (name) => {
  const user = ratings.users.rawAt(5);
  for (const item of [3, "unseen"]) expect(() => models[name].predictive(user, item)).toThrow(/predicts ratings without their spread/);
  expect(() => models[name].predictive("stranger", 3)).toThrow(OptionsError);
});

test("gibbs is saved in half precision, and predicts as the average of all its draws", async () => {
  const split = splitRatings(ratings, { seed: 2 });
  const options = { model: "gibbs", factors: 3, burnIn: 5, sweeps: 45, heldOut: split.heldOut, device: "cpu" } as const;
  const rmseOf = ({ model }: { model: FactorModel }): number => {
    const { user, item, value, count } = split.heldOut;
    let sum = 0;
    for (let at = 0; at < count; at++) sum += (value[at] - model.predictAt(user[at], item[at])) ** 2;
    return Math.sqrt(sum / count);
  };
  const all = await fit(split.train, options);
  const averaged = all.history.at(-1)!.heldOutRmse!;
  expect(all.model.parameters.draws!.length).toBe(40);
  expect(Math.abs(rmseOf(all) - averaged)).toBeLessThan(1e-4);
  const few = await fit(split.train, { ...options, samples: 5 });
  expect(Math.abs(rmseOf(few) - averaged)).toBeGreaterThan(1e-4);
  const halves = encodeModel(all.model);
  expect(new TextDecoder("latin1").decode(halves)).toContain('"user_factors":{"dtype":"F16"');
  // Three factors and a bias of every draw.
  expect(halves.length).toBeLessThan(4 * 40 * 130 * 2 * 2);
});

test("the preset takes all side information that there is", () => {
  const { options, chosen } = accurate(ratings, { users: places });
  expect(options).toMatchObject({ model: "gibbs", factors: 10, sweeps: 100 });
  expect(options.itemFeatures!.rated && options.userFeatures!.rated).toBe(true);
  expect(options.userFeatures!.names).toEqual(["north", "south"]);
  expect(options.itemFeatures!.names).toContain("Drama");
  expect(chosen).toContain("side information: genres, features of users, who rated what");
  const bare = accurate(Ratings.from([["a", "b", 3]]));
  expect(bare.options.itemFeatures!.names).toEqual([]);
  expect(bare.chosen).toContain("side information: who rated what");
  // What is given is neither chosen nor said to be.
  const given = accurate(ratings, { users: places }, { factors: 4, sweeps: 5, itemFeatures: genres });
  expect(given.options).toMatchObject({ factors: 4, sweeps: 5, itemFeatures: { rated: false } });
  expect(given.chosen).toBe(
    "gibbs with 4 factors and 5 sweeps, as given; side information: features of items, features of users, who rated what",
  );
  const { chosen: half } = accurate(ratings, {}, { sweeps: 7, userFeatures: places, itemFeatures: genres });
  expect(half).toBe(
    "gibbs with 10 factors, by the 1,600 ratings, and 7 sweeps, as given; side information: features of items, features of users",
  );
});

test.each(["als", "vb", "gibbs"] as const)("the errors of %s on users and titles without ratings are those of its predictions", (name) => {
  const model = models[name];
  const rows = [
    [1, "unseen", 4],
    ["stranger", "unseen", 2],
    ["stranger", 3, 5],
    ["nobody", "unseen", 3],
    [1, 3, 4],
  ] as const;
  const errors = rows.map(([user, item, value]) => value - model.predict(user, item, { coldStart: "mean" }));
  const given = Ratings.from(rows);
  expect(accuracy(model, given).rmse).toBeCloseTo(Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / rows.length), 9);
  // Those whom features tell of are known.
  expect(accuracy(model, given).unknown).toBe(rows.filter(([user]) => user === "nobody").length);
  if (!model.knowsSpread) return;
  const known = Ratings.from(rows.filter(([user]) => user !== "nobody"));
  const densities = rows.flatMap(([user, item, value]) => {
    if (user === "nobody") return [];
    const { mean, deviation } = model.predictive(user, item);
    return [-0.5 * (Math.log(2 * Math.PI * deviation ** 2) + ((value - mean) / deviation) ** 2)];
  });
  expect(logDensity(model, known)).toBeCloseTo(densities.reduce((sum, one) => sum + one, 0) / densities.length, 9);
});

test("a title without ratings is drawn too by Thompson sampling, around its mean, whatever the filter", () => {
  const { vb } = models;
  const scoreOf = (options: RecommendOptions): number =>
    vb.recommend(1, { n: 99, coldItems: true, ...options }).find(({ id }) => id === "unseen")!.score;
  const draws = Array.from({ length: 400 }, (_, seed) => scoreOf({ thompsonSeed: seed }));
  const mean = draws.reduce((sum, score) => sum + score, 0) / draws.length;
  const deviation = Math.sqrt(draws.reduce((sum, score) => sum + (score - mean) ** 2, 0) / draws.length);
  // Of the prior, which is wider than what ratings leave.
  expect(deviation).toBeGreaterThan(0.1);
  expect(Math.abs(mean - scoreOf({}))).toBeLessThan((4 * deviation) / Math.sqrt(draws.length));
  expect(scoreOf({ thompsonSeed: 7, filter: (id) => id === "unseen" || id === 3 })).toBe(draws[7]);
});

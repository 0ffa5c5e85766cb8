// New rows and explanations take weights as training does: a rating of weight 2 is the rating twice.

import { expect, test } from "vitest";
import { RatingsError } from "../../src/errors.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { explain } from "../../src/recommend/explain.js";
import { partialFit } from "../../src/recommend/partial-fit.js";
import { fit, type FitOptions } from "../../src/training/fit.js";

const all = syntheticRatings({ users: 40, items: 30, ratings: 700, seed: 3 });
const rows = Uint32Array.from(all.value.keys());
/** With the ids of its own rows alone. */
const known = Ratings.from(
  Array.from(
    rows.filter((at) => all.user[at] < 30),
    (at) => [all.users.rawAt(all.user[at]), all.items.rawAt(all.item[at]), all.value[at]],
  ),
);
const fresh = all.select(rows.filter((at) => all.user[at] >= 30));
const weight = Float32Array.from({ length: fresh.count }, (_, at) => at % 4);
const repeated = fresh.select(Uint32Array.from([...weight].flatMap((times, at) => Array<number>(times).fill(at))));

const withWeights = ({ user, item, value, users, items }: Ratings, weights: Float32Array): Ratings =>
  new Ratings({ user, item, value, weight: weights }, users, items);
const binary = ({ user, item, value, users, items }: Ratings): Ratings =>
  new Ratings({ user, item, value: value.map((rating) => Number(rating > 3.5)) }, users, items);

const MODELS: readonly FitOptions[] = [
  { model: "als" },
  { model: "als", regularization: "weighted", tauUsers: 0.2, tauItems: 0.2 },
  { model: "vb", warmUp: 1 },
  { model: "gibbs", burnIn: 1 },
  { model: "logistic" },
];

test.each(MODELS)("a new user's rating of weight 2 counts as the rating twice: %o", async (options) => {
  const as = (ratings: Ratings): Ratings => (options.model === "logistic" ? binary(ratings) : ratings);
  const { model } = await fit(as(known), { factors: 3, sweeps: 4, ...options, device: "reference" });
  const [a, b] = [partialFit(model, withWeights(as(fresh), weight)), partialFit(model, as(repeated))];
  expect(a.users.raw).toEqual(b.users.raw);
  for (const name of ["userFactors", "userBiases"] as const)
    a.parameters[name].forEach((value, at) => expect(value).toBeCloseTo(b.parameters[name][at], 5));
  const user = a.users.rawAt(a.users.size - 1);
  const rated = withWeights(as(fresh), weight).ratedBy(user);
  const seen = new Set(rated.filter(([, , times]) => times! > 0).map(([item]) => item));
  for (const { id, predicted } of model.recommendFor(rated, { n: 5 })) {
    expect(seen.has(id)).toBe(false);
    expect(predicted).toBeCloseTo(a.predict(user, id), 4);
  }
  const { contributions, predicted } = explain(model, a.items.rawAt(2), rated);
  expect(new Set(contributions.map(({ id }) => id))).toEqual(seen);
  expect(predicted).toBeCloseTo(a.predict(user, a.items.rawAt(2)), 4);
});

test("feedback's weight multiplies what it adds to the confidence", async () => {
  const { model } = await fit(known, { model: "implicit", factors: 3, sweeps: 3, counts: "raw", device: "reference" });
  const { user, item, value, users, items } = fresh;
  const scaled = new Ratings({ user, item, value: value.map((count, at) => count * weight[at]) }, users, items);
  const kept = scaled.select(Uint32Array.from(scaled.value.keys()).filter((at) => weight[at] > 0));
  expect(partialFit(model, withWeights(fresh, weight)).parameters.userFactors).toEqual(partialFit(model, kept).parameters.userFactors);
});

test("a prediction of a model that was trained with weights is explained by them", async () => {
  const weighed = withWeights(
    known,
    Float32Array.from({ length: known.count }, (_, at) => 0.25 + (at % 5)),
  );
  const { model } = await fit(weighed, { factors: 3, sweeps: 400, tolerance: 1e-12, device: "reference" });
  const [user, item] = [model.users.rawAt(4), model.items.rawAt(7)];
  const rated = weighed.ratedBy(user);
  expect(Math.abs(explain(model, item, rated, { user }).remainder)).toBeLessThan(1e-4);
  const without = rated.map(([id, value]) => [id, value] as const);
  expect(Math.abs(explain(model, item, without, { user }).remainder)).toBeGreaterThan(1e-3);
  for (const wrong of [-1, NaN, 1e10]) {
    expect(() => explain(model, item, [[rated[0][0], 4, wrong]])).toThrow(RatingsError);
    expect(() => model.recommendFor([[rated[0][0], 4, wrong]])).toThrow(/weight of item .* not from 0 to/);
  }
});

import { expect, test } from "vitest";
import { OptionsError, UnknownIdError } from "../../src/errors.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { predictRatings } from "../../src/recommend/predict-ratings.js";
import { fit } from "../../src/training/fit.js";

const ratings = syntheticRatings({ users: 30, items: 20, ratings: 250 });
const { model } = await fit(ratings, { factors: 2, sweeps: 3, device: "cpu" });
const pairs = Ratings.from([
  [1, 1, 0],
  ["nobody", 2, 0],
  [3, "nothing", 0],
  [4, 5, 0],
  ["nobody", "nothing", 0],
]);

test("mean predicts the unknown by the mean and the bias that is known", () => {
  const { row, predicted, cold } = predictRatings(model, pairs, { coldStart: "mean" });
  const { globalMean, userBiases, itemBiases } = model.parameters;
  expect([...row]).toEqual([0, 1, 2, 3, 4]);
  expect(cold).toBe(3);
  expect([...predicted]).toEqual([
    model.predict(1, 1),
    globalMean + itemBiases[model.items.indexOf(2)],
    globalMean + userBiases[model.users.indexOf(3)],
    model.predict(4, 5),
    globalMean,
  ]);
});

test("drop leaves the unknown out and counts them", () => {
  const { row, predicted, cold } = predictRatings(model, pairs, { coldStart: "drop" });
  expect([...row]).toEqual([0, 3]);
  expect([...predicted]).toEqual([model.predict(1, 1), model.predict(4, 5)]);
  expect(cold).toBe(3);
});

test("an item with features that the model knows is not unknown", async () => {
  const genres = FeatureTable.from([
    ...Array.from({ length: 20 }, (_, n) => [n + 1, n % 2 ? "odd" : "even", 1] as const),
    ["nothing", "odd", 1],
  ]);
  const featured = (await fit(ratings, { factors: 2, sweeps: 3, itemFeatures: genres, device: "cpu" })).model;
  const { row, predicted, cold } = predictRatings(featured, pairs, { coldStart: "drop" });
  expect([...row]).toEqual([0, 2, 3]);
  expect(predicted[1]).toBe(featured.predict(3, "nothing"));
  expect(cold).toBe(2);
});

test("nothing said is an error, as in predict, unless all are known", () => {
  for (const options of [{}, { coldStart: "error" }] as const) {
    expect(() => predictRatings(model, pairs, options)).toThrow(UnknownIdError);
    expect(() => predictRatings(model, pairs, options)).toThrow('no user has the id "nobody"');
    const known = pairs.select(Uint32Array.of(0, 3));
    expect(predictRatings(model, known, options)).toEqual(predictRatings(model, known, { coldStart: "mean" }));
  }
});

test("another strategy is refused", () => {
  expect(() => predictRatings(model, pairs, { coldStart: "nan" as never })).toThrow(OptionsError);
});

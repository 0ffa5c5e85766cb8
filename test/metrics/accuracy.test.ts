import fc from "fast-check";
import { expect, test } from "vitest";
import { accuracy } from "../../src/metrics/accuracy.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit } from "../../src/training/fit.js";

const ratings = syntheticRatings({ users: 20, items: 15, ratings: 120 });
const { model } = await fit(ratings, { factors: 3, sweeps: 3, device: "cpu" });

const anyRatings = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1, max: 10 })), { minLength: 1 })
  .map((rows) => rows.map(([user, item, halves]): [number, number, number] => [user, item, halves / 2]));

test("errors are those of predict, whatever the ids' order and whether the model knows them", () => {
  fc.assert(
    fc.property(anyRatings, (rows) => {
      const errors = rows.map(([user, item, value]) => value - model.predict(user, item, { coldStart: "mean" }));
      const { rmse, mae } = accuracy(model, Ratings.from(rows));
      expect(rmse).toBeCloseTo(Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length), 10);
      expect(mae).toBeCloseTo(errors.reduce((sum, error) => sum + Math.abs(error), 0) / errors.length, 10);
      expect(mae).toBeLessThanOrEqual(rmse + 1e-12);
    }),
  );
});

test("ratings 1 and 2 above and below the prediction of unknown pairs have errors by hand", () => {
  const mean = model.predict("nobody", "nothing", { coldStart: "mean" });
  const { rmse, mae } = accuracy(model, Ratings.from([["a", "x", mean + 1], ["b", "y", mean - 2]])); // prettier-ignore
  expect(rmse).toBeCloseTo(Math.sqrt(2.5), 6);
  expect(mae).toBeCloseTo(1.5, 6);
});

test("the training RMSE is the history's", async () => {
  const { history, stop } = await fit(ratings, { factors: 3, sweeps: 3, device: "cpu" });
  const best = history.find(({ sweep }) => sweep === stop.bestSweep)!;
  expect(accuracy(model, ratings).rmse).toBeCloseTo(best.trainRmse!, 6);
});

test("no ratings have no errors", () => {
  expect(accuracy(model, ratings.select(new Uint32Array(0)))).toEqual({ rmse: NaN, mae: NaN });
});

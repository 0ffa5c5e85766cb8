import fc from "fast-check";
import { expect, test } from "vitest";
import { OptionsError, RatingsError } from "../../src/errors.js";
import { rankingMetrics } from "../../src/metrics/ranking.js";
import { alsHyperparameters } from "../../src/models/als.js";
import { FactorModel } from "../../src/models/factor-model.js";
import { Catalogue } from "../../src/ratings/catalogue.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit } from "../../src/training/fit.js";

/** Ranks the items "a" to "e" in this order for everybody. */
function alphabetical(): FactorModel {
  const all = Ratings.from(["a", "b", "c", "d", "e"].flatMap((item) => [1, 2].map((user) => [user, item, 3] as const)));
  return new FactorModel({
    model: "als",
    hyperparameters: alsHyperparameters({ factors: 0 }),
    parameters: {
      factors: 0,
      userFactors: new Float32Array(0),
      itemFactors: new Float32Array(0),
      userBiases: new Float32Array(2),
      itemBiases: Float32Array.of(5, 4, 3, 2, 1),
      globalMean: 3,
    },
    users: all.users,
    items: all.items,
    catalogue: new Catalogue(),
    statistics: all.statistics(),
    itemCounts: new Uint32Array(5).fill(2),
  });
}

test("metrics of short lists are those worked out by hand", () => {
  const train = Ratings.from([
    [1, "a", 5],
    [2, "b", 1],
  ]);
  // User 1 is listed b and c, and likes b and d; user 2 is listed a and c, and likes c.
  const heldOut = Ratings.from([
    [1, "d", 4],
    [1, "b", 5],
    [1, "c", 1],
    [2, "c", 4],
    [2, "e", 3.5],
  ]);
  const metrics = rankingMetrics(alphabetical(), train, heldOut, { k: 2, relevanceThreshold: 4 });
  const second = 1 / Math.log2(3);
  expect(metrics).toMatchObject({ k: 2, users: 2 });
  expect(metrics.precision).toBeCloseTo((1 / 2 + 1 / 2) / 2, 12);
  expect(metrics.recall).toBeCloseTo((1 / 2 + 1) / 2, 12);
  expect(metrics.ndcg).toBeCloseTo((1 / (1 + second) + second) / 2, 12);
  expect(metrics.coverage).toBeCloseTo(3 / 5, 12);
});

test("what was seen in training, and what the model does not know, is not relevant", () => {
  const train = Ratings.from([[1, "a", 5]]);
  const heldOut = Ratings.from([
    [1, "a", 5],
    [1, "b", 5],
    [1, "unheard", 5],
    ["stranger", "b", 5],
  ]);
  expect(rankingMetrics(alphabetical(), train, heldOut, { k: 1 })).toMatchObject({ users: 1, precision: 1, recall: 1, ndcg: 1 });
});

test("a list as long as the catalogue recalls everything; recall and coverage grow with k; all lie in 0 to 1", async () => {
  const items = 25;
  const { train, heldOut } = splitRatings(syntheticRatings({ users: 30, items, ratings: 300 }), { share: 0.3 });
  const { model } = await fit(train, { factors: 2, sweeps: 2, device: "cpu" });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: items }), fc.double({ min: 0.5, max: 4.5, noNaN: true }), (k, threshold) => {
      const at = (length: number) => rankingMetrics(model, train, heldOut, { k: length, relevanceThreshold: threshold });
      const [list, longer, whole] = [at(k), at(k + 1), at(items)];
      for (const name of ["precision", "recall", "ndcg", "coverage"] as const) {
        expect(list[name]).toBeGreaterThanOrEqual(0);
        expect(list[name]).toBeLessThanOrEqual(1 + 1e-12);
      }
      expect(longer.recall).toBeGreaterThanOrEqual(list.recall);
      expect(longer.coverage).toBeGreaterThanOrEqual(list.coverage);
      expect(whole.recall).toBeCloseTo(1, 12);
    }),
    { numRuns: 30 },
  );
});

test("without anybody to measure by there is an error that says why", () => {
  const ratings = Ratings.from([
    [1, "a", 5],
    [1, "b", 2],
  ]);
  const none = ratings.select(new Uint32Array(0));
  expect(() => rankingMetrics(alphabetical(), ratings, none)).toThrow(RatingsError);
  const strangers = Ratings.from([["stranger", "a", 5]]);
  expect(() => rankingMetrics(alphabetical(), ratings, strangers)).toThrow(
    /of 1 held-out rating 1 is of users or items that the model does not know/,
  );
  expect(() => rankingMetrics(alphabetical(), none, ratings)).toThrow(/2 of such without a training rating/);
  expect(() => rankingMetrics(alphabetical(), none.select(new Uint32Array(0)), ratings, { relevanceThreshold: 9 })).toThrow(RatingsError);
});

test.each([0, -1, 2.5, NaN])("lists of %s items are refused", (k) => {
  const ratings = Ratings.from([[1, "a", 5]]);
  expect(() => rankingMetrics(alphabetical(), ratings, ratings, { k })).toThrow(OptionsError);
});

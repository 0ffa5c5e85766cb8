import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OptionsError, RatingsError, UnknownIdError } from "../../src/errors.js";
import { accuracy, logDensity } from "../../src/metrics/accuracy.js";
import { binaryMetrics } from "../../src/metrics/binary.js";
import { binaryRatings } from "../../src/models/binary-ratings.js";
import { seededRandom } from "../../src/random.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit } from "../../src/training/fit.js";

const ratings = syntheticRatings({ users: 20, items: 15, ratings: 120 });
const { model } = await fit(ratings, { factors: 3, sweeps: 3, device: "cpu" });

const anyRatings = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1, max: 10 })), {
    minLength: 1,
    selector: ([user, item]) => `${user},${item}`,
  })
  .map((rows) => rows.map(([user, item, halves]): [number, number, number] => [user, item, halves / 2]));

test("errors are those of predict, whatever the ids' order and whether the model knows them", () => {
  fc.assert(
    fc.property(anyRatings, (rows) => {
      const errors = rows.map(([user, item, value]) => value - model.predict(user, item, { coldStart: "mean" }));
      const { rmse, mae, unknown } = accuracy(model, Ratings.from(rows));
      expect(unknown).toBe(rows.filter(([user, item]) => !model.knows("users", user) || !model.knows("items", item)).length);
      expect(rmse).toBeCloseTo(Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length), 10);
      expect(mae).toBeCloseTo(errors.reduce((sum, error) => sum + Math.abs(error), 0) / errors.length, 10);
      expect(mae).toBeLessThanOrEqual(rmse + 1e-12);
    }),
  );
});

test("ratings 1 and 2 above and below the prediction of unknown pairs have errors by hand", () => {
  const mean = model.predict("nobody", "nothing", { coldStart: "mean" });
  const { rmse, mae, unknown } = accuracy(
    model,
    Ratings.from([
      ["a", "x", mean + 1],
      ["b", "y", mean - 2],
    ]),
  );
  expect(unknown).toBe(2);
  expect(rmse).toBeCloseTo(Math.sqrt(2.5), 6);
  expect(mae).toBeCloseTo(1.5, 6);
});

test("the training RMSE is the history's", async () => {
  const { history, stop } = await fit(ratings, { factors: 3, sweeps: 3, device: "cpu" });
  const best = history.find(({ sweep }) => sweep === stop.bestSweep)!;
  expect(accuracy(model, ratings).rmse).toBeCloseTo(best.trainRmse!, 6);
});

test("no ratings have no errors", () => {
  expect(accuracy(model, ratings.select(new Uint32Array(0)))).toEqual({
    rmse: NaN,
    mae: NaN,
    rmseClipped: NaN,
    maeClipped: NaN,
    unknown: 0,
  });
});

test("the log density of a user or item that vb does not know is that of its prior, drawn by chance", async () => {
  const { model: vb } = await fit(ratings, { model: "vb", factors: 2, sweeps: 8, device: "cpu" });
  const { parameters: p } = vb;
  const { lambda, users, items } = p.posterior!.precisions;
  const known = vb.items.rawAt(3);
  // r = μ + b_m + b_n + u·v + noise, everything of the strangers from N(0, 1/τ), all else from the posterior.
  const drawn = (stranger: "user" | "both"): { mean: number; variance: number } => {
    const random = seededRandom(5);
    const normal = (mean: number, variance: number): number => mean + Math.sqrt(variance) * random.normal();
    const draws = Array.from({ length: 200_000 }, () => {
      const u = [0, 1, 2].map((k) => normal(0, 1 / users[k]));
      let v = [0, 1, 2].map((k) => normal(0, 1 / items[k]));
      if (stranger === "user") {
        // Lower Cholesky factor of the covariance of (v, b).
        const C = Array.from(p.posterior!.items.subarray(3 * 6, 4 * 6), Number);
        const l00 = Math.sqrt(C[0]);
        const l10 = C[1] / l00;
        const l11 = Math.sqrt(C[2] - l10 ** 2);
        const [l20, l21] = [C[3] / l00, (C[4] - (C[3] / l00) * l10) / l11];
        const l22 = Math.sqrt(C[5] - l20 ** 2 - l21 ** 2);
        const z = [random.normal(), random.normal(), random.normal()];
        v = [
          p.itemFactors[6] + l00 * z[0],
          p.itemFactors[7] + l10 * z[0] + l11 * z[1],
          p.itemBiases[3] + l20 * z[0] + l21 * z[1] + l22 * z[2],
        ];
      }
      return normal(p.globalMean + u[2] + v[2] + u[0] * v[0] + u[1] * v[1], 1 / lambda);
    });
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
    return { mean, variance: draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length };
  };
  for (const [stranger, item] of [
    ["user", known],
    ["both", "nothing"],
  ] as const) {
    const { mean, variance } = drawn(stranger);
    const expected = -0.5 * (Math.log(2 * Math.PI * variance) + (4.5 - mean) ** 2 / variance);
    const given = Ratings.from([["nobody", item, 4.5]]);
    expect(logDensity(vb, given, { coldStart: "prior" })).toBeCloseTo(expected, 1.7);
    for (const options of [undefined, { coldStart: "error" }] as const) {
      expect(() => logDensity(vb, given, options)).toThrow(UnknownIdError);
      expect(() => logDensity(vb, given, options)).toThrow(/nobody/);
    }
  }
  const stranger = Ratings.from([[vb.users.rawAt(0), "nothing", 4.5]]);
  expect(() => logDensity(vb, stranger)).toThrow(/nothing/);
  expect(logDensity(vb, ratings)).toBe(logDensity(vb, ratings, { coldStart: "prior" }));
  expect(() => logDensity(vb, stranger, { coldStart: "mean" as "prior" })).toThrow(OptionsError);
  expect(() => logDensity(model, ratings)).toThrow(/without their spread/);
});

test("clipped errors are those of predictions that are moved onto the scale of the training ratings", async () => {
  // One who likes all, and a title that all others like: together they are predicted beyond 5.
  const liked = ["x1", "x2", "x3", "x4"].map((item) => ["a", item, 5] as const);
  const others = ["b", "c", "d", "e"].flatMap((user) => [
    ...["x1", "x2", "x3", "x4"].map((item) => [user, item, 1] as const),
    [user, "y", 5] as const,
  ]);
  const train = Ratings.from([...liked, ...others]);
  const { model } = await fit(train, { factors: 0, gammaUsers: 0.01, gammaItems: 0.01, sweeps: 40, earlyStop: false, device: "reference" });
  const held = Ratings.from([
    ["a", "x1", 2],
    ["b", "y", 4],
    ["a", "y", 3],
  ]);
  const predicted = [model.predict("a", "x1"), model.predict("b", "y"), model.predict("a", "y")];
  expect(Math.min(...predicted) < 1 || Math.max(...predicted) > 5).toBe(true);
  const errors = predicted.map((value, at) => held.value[at] - Math.max(1, Math.min(5, value)));
  const { rmse, rmseClipped, maeClipped } = accuracy(model, held);
  expect(rmseClipped).toBeCloseTo(Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / 3), 10);
  expect(maeClipped).toBeCloseTo(errors.reduce((sum, error) => sum + Math.abs(error), 0) / 3, 10);
  expect(rmseClipped).toBeLessThan(rmse);
});

describe("errors of probabilities", () => {
  const split = splitRatings(ratings, { share: 0.3 });
  const h = { positiveThreshold: 4, negatives: 0 };
  const trained = fit(split.train, { model: "logistic", factors: 1, sweeps: 3, device: "reference", ...h });

  test("are those against the threshold that the model was trained with, of stars as of 0 and 1", async () => {
    const { model: logistic } = await trained;
    const binary = binaryRatings(split.train, split.heldOut, h, 1).heldOut!;
    const zeroOne = new Ratings(columnsOf(binary), binary.users, binary.items);
    const expected = Math.sqrt(
      binary.value.reduce(
        (sum, d, at) =>
          sum +
          (d - logistic.predict(binary.users.rawAt(binary.user[at]), binary.items.rawAt(binary.item[at]), { coldStart: "mean" })) ** 2,
        0,
      ) / binary.count,
    );
    for (const given of [split.heldOut, binary, zeroOne]) {
      expect(accuracy(logistic, given).rmse).toBeCloseTo(expected, 6);
      expect(binaryMetrics(logistic, given)).toEqual(binaryMetrics(logistic, binary));
    }
    expect(binaryMetrics(logistic, split.heldOut).unknown).toBe(0);
    const strangers = Ratings.from([
      ["nobody", split.heldOut.items.rawAt(0), 5],
      [split.heldOut.users.rawAt(0), "nothing", 1],
      [split.heldOut.users.rawAt(0), split.heldOut.items.rawAt(0), 1],
    ]);
    expect([accuracy(logistic, strangers).unknown, binaryMetrics(logistic, strangers).unknown]).toEqual([2, 2]);
    expect(expected).toBeLessThan(1);
  });

  test("take no ones that may be stars, nor stars without a threshold", async () => {
    const { model: logistic } = await trained;
    const ones = Ratings.from([
      [1, 1, 1],
      [2, 1, 1],
    ]);
    expect(() => accuracy(logistic, ones)).toThrow("all ratings are 1: positives, or below the model's positiveThreshold of 4?");
    const stars = Ratings.from([
      [1, 1, 5],
      [2, 1, 1],
    ]);
    const { model: plain } = await fit(binaryRatings(split.train, undefined, h, 1).train, {
      model: "logistic",
      factors: 1,
      sweeps: 1,
      device: "reference",
    });
    for (const measure of [accuracy, binaryMetrics]) {
      expect(() => measure(plain, stars)).toThrow("rating 5 is neither 0 nor 1, which this model of logistic predicts");
      expect(() => measure(plain, stars)).toThrow(RatingsError);
    }
    expect(accuracy(plain, ones).rmse).toBeLessThan(1);
    const { model: drawn } = await fit(split.train, { model: "logistic", factors: 1, sweeps: 1, device: "reference", negatives: 1 });
    expect(() => binaryMetrics(drawn, split.heldOut)).toThrow("is neither 0 nor 1");
  });
});

const columnsOf = ({ user, item, value }: Ratings) => ({ user, item, value });

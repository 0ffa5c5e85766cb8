import fc from "fast-check";
import { expect, test } from "vitest";
import { NotPositiveDefiniteError } from "../../src/errors.js";
import { type AlsHyperparameters, alsHyperparameters } from "../../src/models/als.js";
import type { Parameters } from "../../src/models/parameters.js";
import { seededRandom } from "../../src/random.js";
import { foldIn, type FewRatings } from "../../src/recommend/fold-in.js";

const N = 12;

function someParameters(K: number, seed: number): Parameters {
  const random = seededRandom(seed);
  const normals = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
  return {
    factors: K,
    userFactors: normals(N * K),
    itemFactors: normals(N * K),
    userBiases: normals(N),
    itemBiases: normals(N),
    globalMean: 3.5,
  };
}

const fewRatings = fc
  .array(fc.tuple(fc.integer({ min: 0, max: N - 1 }), fc.integer({ min: 1, max: 10 })), { maxLength: 9 })
  .map((pairs): FewRatings => ({
    index: Uint32Array.from(pairs, ([n]) => n),
    value: Float32Array.from(pairs, ([, halves]) => halves / 2),
  }));

const of = (hyperparameters: AlsHyperparameters) => ({ model: "als", hyperparameters }) as const;

const precision = fc.double({ min: 0.1, max: 20, noNaN: true });
const hyperparameters = fc
  .record({
    factors: fc.integer({ min: 0, max: 6 }),
    lambda: precision,
    tauUsers: precision,
    tauItems: precision,
    gammaUsers: precision,
    gammaItems: precision,
    biases: fc.boolean(),
    regularization: fc.constantFrom("plain" as const, "weighted" as const),
    update: fc.constantFrom("joint" as const, "sequential" as const),
  })
  .filter(({ factors, biases }) => factors > 0 || biases)
  .map(alsHyperparameters);

test("the gradient of the new user's objective is zero, whatever the hyperparameters", () => {
  fc.assert(
    fc.property(hyperparameters, fewRatings, fc.integer(), (h, rated, seed) => {
      const K = h.factors;
      const { itemFactors, itemBiases, globalMean, ...rest } = someParameters(K, seed);
      const { factors, bias } = foldIn(rated, "users", { itemFactors, itemBiases, globalMean, ...rest }, of(h));
      const weight = h.regularization === "weighted" ? rated.index.length : 1;
      const gradient = [...factors].map((u) => h.tauUsers * weight * u);
      let biasGradient = h.gammaUsers * weight * bias;
      rated.index.forEach((n, at) => {
        const v = itemFactors.subarray(n * K, n * K + K);
        const error = rated.value[at] - globalMean - bias - itemBiases[n] - v.reduce((sum, value, k) => sum + value * factors[k], 0);
        v.forEach((value, k) => (gradient[k] -= h.lambda * error * value));
        biasGradient -= h.lambda * error;
      });
      for (const slope of gradient) expect(slope).toBeCloseTo(0, 8);
      if (h.biases) expect(biasGradient).toBeCloseTo(0, 8);
      else expect(bias).toBe(0);
    }),
  );
});

test("a new item among users is the mirror image of a new user among items", () => {
  fc.assert(
    fc.property(hyperparameters, fewRatings, fc.integer(), (h, rated, seed) => {
      const { factors, userFactors, itemFactors, userBiases, itemBiases, globalMean } = someParameters(h.factors, seed);
      const swapped = {
        factors,
        userFactors: itemFactors,
        itemFactors: userFactors,
        userBiases: itemBiases,
        itemBiases: userBiases,
        globalMean,
      };
      const mirrored: AlsHyperparameters = {
        ...h,
        tauUsers: h.tauItems,
        tauItems: h.tauUsers,
        gammaUsers: h.gammaItems,
        gammaItems: h.gammaUsers,
      };
      expect(foldIn(rated, "items", swapped, of(mirrored))).toEqual(
        foldIn(rated, "users", { factors, userFactors, itemFactors, userBiases, itemBiases, globalMean }, of(h)),
      );
    }),
  );
});

test.each(["users", "items"] as const)("no ratings give zeros, even without precisions: %s", (side) => {
  const h = alsHyperparameters({ factors: 3, tauUsers: 0, tauItems: 0, gammaUsers: 0, gammaItems: 0 });
  const none = { index: new Uint32Array(0), value: new Float32Array(0) };
  expect(foldIn(none, side, someParameters(3, 1), of(h))).toEqual({ factors: new Float64Array(3), bias: 0 });
});

test("one rating without precisions has no unique solution", () => {
  const h = alsHyperparameters({ factors: 3, tauUsers: 0, gammaUsers: 0 });
  const one = { index: Uint32Array.of(2), value: Float32Array.of(4) };
  expect(() => foldIn(one, "users", someParameters(3, 1), of(h))).toThrow(NotPositiveDefiniteError);
  expect(() => foldIn(one, "users", someParameters(3, 1), of(h))).toThrow("of someone new with 1 rating are not positive definite");
  const twice = { index: Uint32Array.of(2, 3), value: Float32Array.of(4, 1) };
  const items = alsHyperparameters({ factors: 3, tauItems: 0, gammaItems: 0 });
  expect(() => foldIn(twice, "items", someParameters(3, 1), of(items))).toThrow(
    "of something new with 2 ratings are not positive definite",
  );
});

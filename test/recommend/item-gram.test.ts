// VᵀV is added up once per model, and every fold-in of `implicit` takes it.

import { expect, test } from "vitest";
import { implicitHyperparameters } from "../../src/models/implicit.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { foldIn } from "../../src/recommend/fold-in.js";
import { fit } from "../../src/training/fit.js";

const ratings = syntheticRatings({ users: 40, items: 30, ratings: 500 });

test("it is Σ v vᵀ, the same array each time", async () => {
  const { model } = await fit(ratings, { model: "implicit", factors: 3, sweeps: 2, device: "cpu" });
  const { itemFactors } = model.parameters;
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let n = 0; n < 30; n++) sum += itemFactors[n * 3 + i] * itemFactors[n * 3 + j];
      expect(model.itemGram[3 * i + j]).toBeCloseTo(sum, 10);
    }
  }
  expect(model.itemGram).toBe(model.itemGram);
  const before = model.itemGram.slice();
  model.recommendFor([
    [1, 5],
    [2, 1],
  ]);
  expect(model.itemGram).toEqual(before);
});

test("a fold-in takes the matrix that it is given: u = Σ c v / (gram + Σ (c − 1) v² + τ) for one factor", () => {
  const h = implicitHyperparameters({ factors: 1, confidence: 2, counts: "raw", tauUsers: 0.5 });
  const parameters = {
    factors: 1,
    userFactors: new Float32Array(0),
    userBiases: new Float32Array(0),
    itemFactors: Float32Array.of(1, -2, 3),
    itemBiases: new Float32Array(3),
    globalMean: 0,
  };
  const few = { index: Uint32Array.of(0, 2), value: Float32Array.of(1, 2) };
  // c is 3 and 5.
  const by = (gram: number): number => (3 * 1 + 5 * 3) / (gram + 2 * 1 + 4 * 9 + 0.5);
  const of = { model: "implicit", hyperparameters: h } as const;
  expect(foldIn(few, "users", parameters, of).factors[0]).toBeCloseTo(by(1 + 4 + 9), 12);
  expect(foldIn(few, "users", parameters, of, undefined, Float64Array.of(100)).factors[0]).toBeCloseTo(by(100), 12);
});

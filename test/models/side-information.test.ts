// The weights of features: the sparse solve against a dense one, the draw against its distribution, rated sets.

import { expect, test } from "vitest";
import { solveCholesky, triangle } from "../../src/engine/reference/cholesky.js";
import { drawPrior, drawRatio, drawWeights, gibbsHyperparameters } from "../../src/models/gibbs.js";
import { featuresOf, SideInformation, solveWeights } from "../../src/models/side-information.js";
import { seededRandom } from "../../src/random.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { productOf, type SparseRows, transposed } from "../../src/ratings/sparse.js";
import { fit, type FitOptions } from "../../src/training/fit.js";

function someRows(count: number, columns: number, seed: number): SparseRows {
  const random = seededRandom(seed);
  const sets = Array.from({ length: count }, () => [...new Set(Array.from({ length: random.below(6) }, () => random.below(columns)))]);
  const start = Uint32Array.from([0, ...sets.map(({ length }) => length)]);
  for (let row = 0; row < count; row++) start[row + 1] += start[row];
  const value = Float32Array.from(sets.flatMap((set) => set.map(() => 1 / Math.sqrt(set.length))));
  return { count, columns, start, index: Uint32Array.from(sets.flat()), value };
}

/** SᵀS + ρI. */
function denseMatrix({ count, columns: F, start, index, value }: SparseRows, ratio: number): Float64Array {
  const matrix = new Float64Array(F * F);
  for (let row = 0; row < count; row++)
    for (let a = start[row]; a < start[row + 1]; a++)
      for (let b = start[row]; b < start[row + 1]; b++) matrix[index[a] * F + index[b]] += value[a] * value[b];
  for (let f = 0; f < F; f++) matrix[f * F + f] += ratio;
  return matrix;
}

test.each([1, 4, 11])("the sparse solve of %i columns is the dense one", (D) => {
  const rows = someRows(70, 40, 1);
  const random = seededRandom(2);
  const X = Float64Array.from({ length: rows.count * D }, () => random.normal());
  const right = productOf(transposed(rows), X, D);
  for (const ratio of [0.01, 1, 40]) {
    const weights = new Float64Array(rows.columns * D);
    solveWeights(featuresOf(rows), ratio, right, weights, D);
    for (let k = 0; k < D; k++) {
      const column = Float64Array.from({ length: rows.columns }, (_, f) => right[f * D + k]);
      solveCholesky(denseMatrix(rows, ratio), column, rows.columns);
      const scale = Math.max(...column.map(Math.abs));
      for (let f = 0; f < rows.columns; f++) expect(Math.abs(weights[f * D + k] - column[f])).toBeLessThan(2e-4 * scale);
    }
  }
});

test("every step lowers the quadratic, and from the solution there is none to take", () => {
  const D = 3;
  const rows = someRows(70, 40, 3);
  const random = seededRandom(4);
  const right = Float64Array.from({ length: 40 * D }, () => random.normal());
  const quadratic = (B: Float64Array): number => {
    const SB = productOf(rows, B, D);
    return (
      0.5 * SB.reduce((sum, value) => sum + value * value, 0) +
      B.reduce((sum, value, at) => sum + 0.25 * value * value - right[at] * value, 0)
    );
  };
  const weights = Float64Array.from({ length: 40 * D }, () => random.normal());
  let before = quadratic(weights);
  for (let step = 0; step < 8; step++) {
    expect(solveWeights(featuresOf(rows), 0.5, right, weights, D, { steps: 1 })).toBe(1);
    expect(quadratic(weights)).toBeLessThan(before);
    before = quadratic(weights);
  }
  solveWeights(featuresOf(rows), 0.5, right, weights, D);
  expect(solveWeights(featuresOf(rows), 0.5, right, weights, D)).toBe(0);
});

test("drawn weights have the mean and the covariance of their posterior", () => {
  const D = 2;
  const rows = someRows(30, 5, 5);
  const prior = { mean: [0.5, -1], precision: [2, 0.6, 1] };
  const random = seededRandom(6);
  const X = Float64Array.from({ length: rows.count * D }, () => random.normal());
  const ratio = 1.5;
  const features = new SideInformation(rows, D);
  const draws = 6000;
  const mean = new Float64Array(5 * D);
  const products = new Float64Array((5 * D) ** 2);
  for (let draw = 0; draw < draws; draw++) {
    drawWeights(features, X, prior, ratio, random);
    features.weights.forEach((value, i) => {
      mean[i] += value / draws;
      features.weights.forEach((other, j) => (products[i * 5 * D + j] += (value * other) / draws));
    });
  }
  const apart = X.map((value, at) => value - prior.mean[at % D]);
  const right = productOf(transposed(rows), apart, D);
  const expected = new Float64Array(5 * D);
  solveWeights(featuresOf(rows), ratio, right, expected, D, { tolerance: 1e-12 });
  mean.forEach((value, at) => expect(Math.abs(value - expected[at])).toBeLessThan(0.06));
  // (SᵀS + ρI)⁻¹ ⊗ Λ⁻¹.
  const inverse = (f: number): Float64Array => {
    const unit = new Float64Array(5);
    unit[f] = 1;
    solveCholesky(denseMatrix(rows, ratio), unit, 5);
    return unit;
  };
  const determinant = 2 * 1 - 0.6 ** 2;
  const covariance = [1 / determinant, -0.6 / determinant, -0.6 / determinant, 2 / determinant];
  for (let f = 0; f < 5; f++) {
    for (let g = 0; g < 5; g++) {
      for (const [i, j] of [
        [0, 0],
        [0, 1],
        [1, 1],
      ]) {
        const [a, b] = [f * D + i, g * D + j];
        const seen = products[a * 5 * D + b] - mean[a] * mean[b];
        expect(Math.abs(seen - inverse(f)[g] * covariance[i * D + j])).toBeLessThan(0.05);
      }
    }
  }
});

test("λ_B and the prior go with the weights: large ones make λ_B small, and count as entities around 0", () => {
  const features = new SideInformation(someRows(30, 50, 7), 2);
  const random = seededRandom(8);
  const average = (deviation: number): number => {
    features.weights = Float64Array.from({ length: 100 }, () => deviation * random.normal());
    let sum = 0;
    for (let draw = 0; draw < 200; draw++) sum += drawRatio(features, { mean: [0, 0], precision: [1, 0, 1] }, random) / 200;
    return sum;
  };
  expect(average(0.1)).toBeGreaterThan(40);
  expect(average(1)).toBeLessThan(1.5);
  const h = gibbsHyperparameters({ factors: 1 });
  const moments = { count: 4, sums: [0, 0], gram: [4, 0, 0, 4] };
  const precision = (weights?: { count: number; gram: number[] }): number => {
    let sum = 0;
    for (let draw = 0; draw < 400; draw++) sum += drawPrior(h, moments, random, weights).precision[triangle(0)] / 400;
    return sum;
  };
  // ν₀ + N + F over the scale: with 1,000 weights of variance 1 about 1, alone about 6 / 9.
  expect(precision()).toBeCloseTo(6 / 9, 1);
  expect(precision({ count: 1000, gram: [1000, 0, 0, 1000] })).toBeCloseTo(1, 1);
});

test.each(["als", "implicit"] as const)("no held-out rating is in any rated set: %s", async (name) => {
  const rows = Array.from({ length: 60 }, (_, at) => [at % 10, 100 + ((at * 7) % 12), 1 + (at % 5)] as const);
  const all = Ratings.from([...rows, [3, 777, 5]]);
  const planted = all.count - 1;
  const train = all.select(Uint32Array.from({ length: planted }, (_, at) => at));
  const heldOut = all.select(Uint32Array.of(planted));
  const rated = FeatureTable.ratedSets();
  const options = { factors: 2, heldOut, userFeatures: rated, itemFeatures: rated, device: "cpu", sweeps: 4, earlyStop: false } as const;
  const chosen = { model: name, keeps: "last" } as const;
  const { model } = await fit(train, { ...options, ...chosen } as FitOptions);
  const [user, item] = [train.users.indexOf(3), train.items.indexOf(777)];
  const D = 3;
  const { users, items } = model.parameters.features!;
  // Nobody has the planted item in a rated set, so that nothing was learned of it; of the others, something was.
  expect([...users!.subarray(item * D, (item + 1) * D)]).toEqual([0, 0, 0]);
  expect(users!.some((value) => value !== 0)).toBe(true);
  // Who planted it is in the sets of other items, and the planted item, whose set is empty, stays at its mean of 0.
  expect(items!.subarray(user * D, (user + 1) * D).some((value) => value !== 0)).toBe(true);
  expect([...model.parameters.itemFactors.subarray(item * 2, item * 2 + 2), model.parameters.itemBiases[item]]).toEqual([0, 0, 0]);
  // Another held-out rating gives the same model.
  const other = await fit(train, { ...options, ...chosen, heldOut: undefined } as FitOptions);
  expect(other.model.parameters).toEqual(model.parameters);
});

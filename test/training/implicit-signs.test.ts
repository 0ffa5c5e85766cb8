// Feedback of either sign: p = 1 only where r > 0, c = 1 + α f(|r|), on the dense matrices of the definition,
// which nothing but this test builds.

import { describe, expect, test } from "vitest";
import { RatingsError } from "../../src/errors.js";
import { type Counts, COUNTS } from "../../src/models/implicit.js";
import type { FactorModel } from "../../src/models/factor-model.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { explain } from "../../src/recommend/explain.js";
import { fit } from "../../src/training/fit.js";
import { openEngine } from "../../src/engine/open-engine.js";
import { relativeError } from "../parity/cases.js";

const stars = syntheticRatings({ users: 60, items: 40, ratings: 900, seed: 7 });
/** Ratings from −3 to 3 in whole steps, zeros among them. */
const signed = new Ratings(
  { user: stars.user, item: stars.item, value: stars.value.map((value) => Math.round(value * 1.4 - 4)) },
  stars.users,
  stars.items,
);
const [K, ALPHA, TAU_USERS, TAU_ITEMS] = [3, 2, 0.7, 1.3];
const shared = { model: "implicit", factors: K, confidence: ALPHA, tauUsers: TAU_USERS, tauItems: TAU_ITEMS, sweeps: 5, earlyStop: false, keeps: "last", device: "reference" } as const; // prettier-ignore
const [M, N] = [signed.users.size, signed.items.size];

/** What feedback counts for. */
const F: Readonly<Record<Counts, (r: number) => number>> = {
  raw: Math.abs,
  log: (r) => Math.log(1 + Math.abs(r)),
  binary: (r) => Math.abs(Math.sign(r)),
};

/** p and c of every pair, [M, N] row-major. */
function denseOf(ratings: Ratings, f: (r: number) => number): { p: Float64Array; c: Float64Array } {
  const p = new Float64Array(M * N);
  const c = new Float64Array(M * N).fill(1);
  for (let at = 0; at < ratings.count; at++) {
    const pair = ratings.user[at] * N + ratings.item[at];
    const r = ratings.value[at];
    p[pair] = r > 0 ? 1 : 0;
    c[pair] = 1 + ALPHA * f(r);
  }
  return { p, c };
}

const scoreOf = ({ parameters: { userFactors: u, itemFactors: v } }: FactorModel, m: number, n: number): number =>
  Array.from({ length: K }, (_, k) => u[m * K + k] * v[n * K + k]).reduce((sum, term) => sum + term, 0);

/** The solution of a small dense system, by elimination with pivots. */
function solved(matrix: number[][], right: number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]]);
  for (let i = 0; i < rows.length; i++) {
    const pivot = rows.slice(i).reduce((best, row, at) => (Math.abs(row[i]) > Math.abs(rows[best][i]) ? at + i : best), i);
    [rows[i], rows[pivot]] = [rows[pivot], rows[i]];
    for (let j = 0; j < rows.length; j++) {
      if (j === i) continue;
      const share = rows[j][i] / rows[i][i];
      rows[j] = rows[j].map((value, k) => value - share * rows[i][k]);
    }
  }
  return rows.map((row, i) => row[rows.length] / row[i]);
}

describe.each(COUNTS)("ratings from −3 to 3, counts %s", (counts) => {
  const options = { ...shared, counts };
  const dense = (ratings: Ratings) => denseOf(ratings, F[counts]);

  test("they hold likes, dislikes and zeros", () => {
    for (const sign of [-1, 0, 1]) expect(signed.value.filter((value) => Math.sign(value) === sign).length).toBeGreaterThan(50);
  });

  test("every item's factors solve the dense weighted least squares of all users", async () => {
    const { model } = await fit(signed, options);
    const { p, c } = dense(signed);
    const { userFactors: u, itemFactors: v } = model.parameters;
    for (let n = 0; n < N; n++) {
      const matrix = Array.from({ length: K }, (_, i) => Array.from({ length: K }, (_, j) => (i === j ? TAU_ITEMS : 0)));
      const right = Array<number>(K).fill(0);
      for (let m = 0; m < M; m++) {
        for (let i = 0; i < K; i++) {
          right[i] += c[m * N + n] * p[m * N + n] * u[m * K + i];
          for (let j = 0; j < K; j++) matrix[i][j] += c[m * N + n] * u[m * K + i] * u[m * K + j];
        }
      }
      solved(matrix, right).forEach((value, k) => expect(v[n * K + k]).toBeCloseTo(value, 4));
    }
  });

  test("the objective is that of the dense matrices, and never rises", async () => {
    const { model, history } = await fit(signed, options);
    const { p, c } = dense(signed);
    let fitted = 0;
    for (let m = 0; m < M; m++) for (let n = 0; n < N; n++) fitted += c[m * N + n] * (p[m * N + n] - scoreOf(model, m, n)) ** 2;
    const squares = (values: Float32Array): number => values.reduce((sum, value) => sum + value ** 2, 0);
    const { userFactors, itemFactors } = model.parameters;
    const expected = 0.5 * (fitted + TAU_USERS * squares(userFactors) + TAU_ITEMS * squares(itemFactors));
    expect(history.at(-1)!.objective / expected).toBeCloseTo(1, 5);
    history.slice(1).forEach(({ objective }, at) => expect(objective).toBeLessThanOrEqual(history[at].objective * (1 + 1e-9)));
  });

  test("likes are predicted above pairs without a rating, and these above dislikes", async () => {
    const { model } = await fit(signed, { ...options, sweeps: 10 });
    const known = new Set(Array.from(signed.user, (m, at) => m * N + signed.item[at]));
    const mean = (pairs: readonly number[]): number =>
      pairs.reduce((sum, pair) => sum + scoreOf(model, Math.floor(pair / N), pair % N), 0) / pairs.length;
    const of = (keep: (value: number) => boolean): number[] => [...known].filter((_, at) => keep(signed.value[at]));
    const none = Array.from({ length: M * N }, (_, pair) => pair).filter((pair) => !known.has(pair));
    expect(mean(of((value) => value > 0))).toBeGreaterThan(mean(none) + 0.2);
    expect(mean(of((value) => value < 0))).toBeLessThan(mean(none) - 0.02);
  });

  test("every engine takes signs alike", async () => {
    const engines = await Promise.all(["cpu", "webgpu"].map((kind) => openEngine(kind as "cpu" | "webgpu")));
    const expected = (await fit(signed, options)).model.parameters;
    for (const engine of engines) {
      const actual = (await fit(signed, { ...options, device: engine })).model.parameters;
      for (const side of ["userFactors", "itemFactors"] as const) expect(relativeError(actual[side], expected[side])).toBeLessThan(1e-4);
      engine.destroy();
    }
  });

  test("zeros are as good as no rows", async () => {
    const rows = Uint32Array.from(signed.value.keys()).filter((at) => signed.value[at] !== 0);
    const [all, without] = [await fit(signed, options), await fit(signed.select(rows), options)];
    expect(without.history.map(({ objective }) => objective.toPrecision(10))).toEqual(
      all.history.map(({ objective }) => objective.toPrecision(10)),
    );
    const [a, b] = [all.model.parameters, without.model.parameters];
    for (const side of ["userFactors", "itemFactors"] as const) a[side].forEach((value, at) => expect(b[side][at]).toBeCloseTo(value, 6));
  });

  test("someone new who dislikes is folded in by the dense equations, and explained by them", async () => {
    const { model } = await fit(signed, options);
    const { itemFactors: v } = model.parameters;
    const rated = [
      [1, 2],
      [2, -3],
      [3, 0],
      [4, 1],
    ] as const;
    const values = new Map(rated.map(([id, r]) => [model.items.indexOf(id), r]));
    const matrix = Array.from({ length: K }, (_, i) => Array.from({ length: K }, (_, j) => (i === j ? TAU_USERS : 0)));
    const right = Array<number>(K).fill(0);
    for (let n = 0; n < N; n++) {
      const r = values.get(n) ?? 0;
      const c = 1 + ALPHA * F[counts](r);
      for (let i = 0; i < K; i++) {
        if (r > 0) right[i] += c * v[n * K + i];
        for (let j = 0; j < K; j++) matrix[i][j] += c * v[n * K + i] * v[n * K + j];
      }
    }
    const u = solved(matrix, right);
    for (const { id, score } of model.recommendFor(rated, { n: N })) {
      const n = model.items.indexOf(id);
      expect(score).toBeCloseTo(
        u.reduce((sum, value, k) => sum + value * v[n * K + k], 0),
        5,
      );
      const { predicted, contributions } = explain(model, id, rated);
      expect(predicted).toBeCloseTo(score, 5);
      expect(contributions.reduce((sum, { contribution }) => sum + contribution, 0)).toBeCloseTo(score, 5);
    }
  });
});

test("feedback of which nothing is above 0 is refused", async () => {
  const disliked = Ratings.from([
    ["a", 1, 0],
    ["b", 1, -2],
  ]);
  await expect(fit(disliked, { ...shared, factors: 1 })).rejects.toThrow(RatingsError);
  await expect(fit(disliked, { ...shared, factors: 1 })).rejects.toThrow(/no rating is above 0, the largest is 0/);
});

// Trainings and searches that go by ranked lists: the figures are those of `rankingMetrics`,
// the best sweep is the one of the best figure.

import { describe, expect, test } from "vitest";
import { OptionsError, RatingsError } from "../../src/errors.js";
import { rankingMetrics } from "../../src/metrics/ranking.js";
import { VB_DEFAULTS } from "../../src/models/vb.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit, type FitOptions } from "../../src/training/fit.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { MODELS } from "../../src/models/registry.js";
import { rankingMeasure } from "../../src/training/ranking-measure.js";
import { search } from "../../src/training/search.js";

const { train, heldOut } = splitRatings(syntheticRatings({ users: 150, items: 60, ratings: 3000, seed: 9 }));
const TRAININGS: readonly FitOptions[] = [
  { model: "implicit", tauUsers: 1, tauItems: 1 },
  { model: "als", measureBy: "auc", tauUsers: 0.1, tauItems: 0.1 },
  { model: "vb", measureBy: "recall" },
  { model: "gibbs", measureBy: "ndcg", burnIn: 3, sweeps: 8 },
  { model: "logistic", measureBy: "ndcg", negatives: 2, sweeps: 12 },
];

test.each(TRAININGS)("the figures of the sweep that is kept are those of the model: %o", async (options) => {
  const { model, history, stop } = await fit(train, { factors: 4, heldOut, device: "cpu", sweeps: 10, ...options });
  const kept = history.find(({ sweep }) => sweep === stop.bestSweep)!;
  const { ndcg, recall, auc } = rankingMetrics(model, train, heldOut);
  // The draws of gibbs are kept in half precision: pairs that are nearly tied may change places.
  const digits = options.model === "gibbs" ? 3 : 6;
  expect(kept.heldOutNdcg).toBeCloseTo(ndcg, digits);
  expect(kept.heldOutRecall).toBeCloseTo(recall, digits);
  expect(kept.heldOutAuc).toBeCloseTo(auc, digits);
  if (options.model === "gibbs") return;
  const { measureBy = "ndcg" } = options;
  const of = (entry: (typeof history)[number]): number =>
    measureBy === "auc" ? entry.heldOutAuc! : measureBy === "recall" ? entry.heldOutRecall! : entry.heldOutNdcg!;
  // Sweeps in which `vb` has not begun to learn are no candidates.
  const { patience = 3 } = MODELS[model.model];
  const settled = history.filter(({ sweep }) => options.model !== "vb" || sweep > VB_DEFAULTS.warmUp);
  expect(of(kept)).toBe(Math.max(...settled.map(of)));
  if (stop.reason === "held-out") expect(stop.sweep - stop.bestSweep).toBe(patience);
});

test("of more scores than an AUC is taken from, the lists are the engine's, and measured alike", async () => {
  const many = splitRatings(syntheticRatings({ users: 800, items: 2600, ratings: 30_000, seed: 6 }), { share: 0.2, seed: 1 });
  const options = { model: "implicit", factors: 5, sweeps: 3, earlyStop: false, device: "cpu" } as const;
  const { model, history, stop } = await fit(many.train, { ...options, heldOut: many.heldOut });
  const kept = history[stop.bestSweep];
  expect(kept.heldOutAuc).toBeUndefined();
  const { ndcg, recall } = rankingMetrics(model, many.train, many.heldOut);
  expect(ndcg).toBeGreaterThan(0.05);
  // Of two scores that differ by less than float32 tells, either may come first.
  expect(Math.abs(kept.heldOutNdcg! - ndcg)).toBeLessThan(1e-4);
  expect(Math.abs(kept.heldOutRecall! - recall)).toBeLessThan(1e-4);
});

test("a training by loss measures no lists, and that of `implicit` without held-out ratings none either", async () => {
  const { history } = await fit(train, { factors: 2, heldOut, sweeps: 1, device: "cpu" });
  expect(Object.keys(history[1])).toEqual(["sweep", "objective", "trainRmse", "heldOutRmse", "heldOutRmseClipped", "seconds"]);
  const alone = await fit(train, { model: "implicit", factors: 2, sweeps: 1, device: "cpu" });
  expect(alone.history[1].heldOutNdcg).toBeUndefined();
});

test("lists are measured every n sweeps and after the last; patience counts measurements", async () => {
  const options = { model: "implicit", factors: 4, tauUsers: 1, tauItems: 1, heldOut, device: "cpu" } as const;
  const { history, stop } = await fit(train, { ...options, sweeps: 8, measureEvery: 3, earlyStop: false });
  expect(history.filter(({ heldOutNdcg }) => heldOutNdcg !== undefined).map(({ sweep }) => sweep)).toEqual([0, 3, 6, 8]);
  expect([0, 3, 6, 8]).toContain(stop.bestSweep);
  const whole = await fit(train, { ...options, sweeps: 8, earlyStop: false });
  for (const { sweep, heldOutNdcg } of history.filter((entry) => entry.heldOutNdcg !== undefined))
    expect(heldOutNdcg).toBe(whole.history[sweep].heldOutNdcg);
  const patient = await fit(train, { ...options, sweeps: 60, measureEvery: 2, patience: 2, tolerance: 0 });
  expect(patient.stop.reason).toBe("held-out");
  expect(patient.stop.sweep - patient.stop.bestSweep).toBe(4);
});

test("a training settles after a measured sweep only: that of its end tells how good it is", async () => {
  const settled = { heldOut, device: "cpu", measureBy: "ndcg", measureEvery: 4, tolerance: 1 } as const;
  const { stop, history } = await fit(train, { ...settled, factors: 2, sweeps: 10 });
  expect(stop).toMatchObject({ reason: "converged", sweep: 4 });
  expect(history[4].heldOutNdcg).toBeGreaterThan(0);
  // Without its warm-up no sweep before the end counts, and a trial without a loss would pass for the best.
  const measure = { measureBy: "ndcg", measureEvery: 4, tolerance: 1, sweeps: 10 } as const;
  const { trials } = await search(train, {
    model: "vb",
    space: { factors: [2], warmUp: [2] },
    ...measure,
    device: "cpu",
    alternative: false,
  });
  expect(trials[0].rungs[0]).toMatchObject({ bestSweeps: [4], losses: [trials[0].rungs[0].loss] });
  expect(trials[0].rungs[0].loss).toBeGreaterThan(0);
});

test("of more users than there is time for, so many are measured, evenly", async () => {
  const { model } = await fit(train, { model: "implicit", factors: 2, sweeps: 2, device: "cpu" });
  const users = rankingMetrics(model, train, heldOut, { relevanceThreshold: 4, perUser: true }).perUser!;
  expect(users.length).toBeGreaterThan(100);
  const some = Array.from({ length: 100 }, (_, at) => users[Math.floor((at * users.length) / 100)]);
  const measured = await rankingMeasure(new ReferenceEngine(), train, heldOut, { atLeast: 4 }, 2, { mostProducts: 1 })(model.parameters);
  expect(measured.heldOutNdcg).toBeCloseTo(some.reduce((sum, { ndcg }) => sum + ndcg, 0) / 100, 12);
});

describe("search", () => {
  test("implicit is searched by 1 − nDCG@10, and the best point is the best of trainings on their own", async () => {
    const all = syntheticRatings({ users: 150, items: 60, ratings: 3000, seed: 9 });
    const result = await search(all, { model: "implicit", space: { tau: [0.1, 5, 500], factors: [3] }, sweeps: 6, device: "cpu" });
    expect(result.measure).toBe("1 − nDCG@10");
    expect(result.alternative).toBeUndefined();
    const own = splitRatings(all, { share: 0.2, seed: 1 });
    const losses: number[] = [];
    for (const tau of [0.1, 5, 500]) {
      const { model } = await fit(own.train, {
        model: "implicit",
        factors: 3,
        tauUsers: tau,
        tauItems: tau,
        sweeps: 6,
        heldOut: own.heldOut,
        device: "cpu",
      });
      losses.push(1 - rankingMetrics(model, own.train, own.heldOut).ndcg);
    }
    result.trials.forEach(({ rungs }, at) => expect(rungs[0].loss).toBeCloseTo(losses[at], 6));
    expect(result.best).toBe(losses.indexOf(Math.min(...losses)));
  });

  test("als and vb beside it are compared by AUC, and on the test share too, by halving", async () => {
    const all = syntheticRatings({ users: 100, items: 60, ratings: 2000, seed: 9 });
    const result = await search(all, {
      space: { tau: { from: 1, to: 50 }, factors: [3] },
      method: "halving",
      trials: 4,
      sweeps: 9,
      measureBy: "auc",
      test: 0.1,
      device: "cpu",
    });
    expect(result.measure).toBe("1 − AUC");
    for (const loss of [result.alternative!.loss, result.test!.best, result.test!.alternative!]) {
      expect(loss).toBeGreaterThan(0);
      expect(loss).toBeLessThan(0.5);
    }
  });
});

test("a measure that cannot be taken is refused by name", async () => {
  const options = { factors: 1, sweeps: 1, device: "cpu" } as const;
  await expect(fit(train, { ...options, measureBy: "ndcg" })).rejects.toThrow(/nothing is held out/);
  await expect(fit(train, { ...options, heldOut, measureBy: "map" as "auc" })).rejects.toThrow(/measureBy is "map"/);
  await expect(fit(train, { ...options, heldOut, measureEvery: 0 })).rejects.toThrow(OptionsError);
  await expect(fit(train, { ...options, heldOut, measureBy: "auc", relevanceThreshold: 99 })).rejects.toThrow(RatingsError);
  // Unasked, it is told, and training goes on.
  const all = Ratings.from([
    ["a", 1, 2],
    ["a", 2, 1],
    ["b", 1, 3],
  ]);
  const notices: string[] = [];
  const { history } = await fit(all.select(Uint32Array.of(0, 1)), {
    ...options,
    model: "implicit",
    heldOut: all.select(Uint32Array.of(2)),
    onNotice: (notice) => notices.push(notice),
  });
  expect(history).toHaveLength(2);
  expect(notices.join()).toMatch(/nothing is measured between sweeps: no user is left/);
});

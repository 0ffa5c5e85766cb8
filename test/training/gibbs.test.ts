// What Gibbs sampling must satisfy.

import { describe, expect, test } from "vitest";
import { decodeModel, encodeModel } from "../../src/model-file.js";
import { drawPrior, gibbsHyperparameters, Thinning } from "../../src/models/gibbs.js";
import { triangle } from "../../src/engine/reference/cholesky.js";
import { seededRandom } from "../../src/random.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import type { Checkpoint } from "../../src/training/checkpoint.js";
import { fit, type FitOptionsOf } from "../../src/training/fit.js";
import { planTraining } from "../../src/training/plan.js";
import { searchPlan } from "../../src/training/search.js";
import { ENGINE_KINDS, testEngines } from "../support/engines.js";
import { checkpointAfter, expectSameTraining } from "../support/resume.js";

const { train, heldOut } = splitRatings(syntheticRatings({ users: 120, items: 80, ratings: 2000, seed: 4 }));
const engines = await testEngines();

describe.each(ENGINE_KINDS)("on %s", (kind) => {
  const engine = engines[kind];
  const run = (options: Omit<Partial<FitOptionsOf<"gibbs">>, "model"> = {}) =>
    fit(train, { model: "gibbs", factors: 3, burnIn: 3, sweeps: 9, samples: 8, heldOut, device: engine, ...options });

  test("the model's predictions are the averages over its draws, and survive a file", async () => {
    const { model, history, stop } = await run();
    expect(stop).toMatchObject({ reason: "sweeps", sweep: 9, bestSweep: 9 });
    // Six draws, all kept: the history's running average is the model's.
    expect(model.parameters.draws!.length).toBe(6);
    expect(model.parameters.factors).toBe(18);
    let squares = 0;
    for (let at = 0; at < heldOut.count; at++) squares += (heldOut.value[at] - model.predictAt(heldOut.user[at], heldOut.item[at])) ** 2;
    expect(Math.sqrt(squares / heldOut.count)).toBeCloseTo(history.at(-1)!.heldOutRmse!, 4);
    const loaded = decodeModel(encodeModel(model));
    expect(loaded.parameters).toEqual(model.parameters);
    expect(loaded.predict(1, 1)).toBe(model.predict(1, 1));
    expect(loaded.recommendFor([[1, 5]], { n: 3 }).length).toBe(3);
  });

  test("the same seed gives the same chain, another seed another", async () => {
    const [a, b, c] = [await run(), await run(), await run({ seed: 2 })];
    expect(a.model.parameters).toEqual(b.model.parameters);
    expect(a.history.map(({ lambda }) => lambda)).toEqual(b.history.map(({ lambda }) => lambda));
    expect(a.model.parameters).not.toEqual(c.model.parameters);
  });

  test("an averaged prediction beats a single draw's", async () => {
    const { history } = await run({ sweeps: 30, burnIn: 10 });
    const burnt = history.slice(5, 11).map(({ heldOutRmse }) => heldOutRmse!);
    expect(history.at(-1)!.heldOutRmse!).toBeLessThan(Math.min(...burnt));
  });

  test("a checkpoint holds the draws so far, and the chain goes on from it", async () => {
    const checkpoints: number[] = [];
    const whole = await run({
      checkpointEvery: 2,
      onCheckpoint: ({ state }) => void checkpoints.push(Object.keys(state.model.arrays).length / 4),
    });
    // Of nine sweeps the first three are the burn-in; the last checkpoint is that of the end.
    expect(checkpoints).toEqual([0, 1, 3, 5, 6]);
    expectSameTraining(await run({ resume: await checkpointAfter(7, run) }), whole);
  });

  test("a chain goes on from a saved model's last draw", async () => {
    const first = await run();
    const { history } = await run({ init: decodeModel(encodeModel(first.model)), burnIn: 1, sweeps: 2 });
    expect(history.length).toBe(3);
    expect(history[1].trainRmse! / first.history[9].trainRmse!).toBeCloseTo(1, 1);
  });
});

test("priors are drawn around the moments of many entities", () => {
  const D = 3;
  const random = seededRandom(1);
  const count = 20_000;
  const sums = new Float64Array(D);
  const gram = new Float64Array(D * D);
  for (let row = 0; row < count; row++) {
    const x = [1 + random.normal(), -2 + 0.5 * random.normal(), 3 * random.normal()];
    for (let i = 0; i < D; i++) {
      sums[i] += x[i];
      for (let j = 0; j <= i; j++) gram[i * D + j] += x[i] * x[j];
    }
  }
  const { mean, precision } = drawPrior(gibbsHyperparameters({ factors: D - 1 }), { count, sums, gram }, random);
  [1, -2, 0].forEach((expected, k) => expect(Math.abs(mean[k] - expected)).toBeLessThan(0.1));
  [1, 4, 1 / 9].forEach((expected, k) => expect(precision[triangle(k) + k] / expected).toBeCloseTo(1, 1));
  expect(Math.abs(precision[triangle(1)])).toBeLessThan(0.1);
});

test("kept draws are evenly spaced, from the first on, and between half and all of the most", () => {
  for (let draws = 1; draws < 200; draws++) {
    const thinning = new Thinning<number>(6);
    for (let draw = 0; draw < draws; draw++) if (thinning.wants()) thinning.keep(draw);
    const { kept } = thinning;
    const spacing = (kept[1] ?? 1) - kept[0];
    expect(kept).toEqual(kept.map((_, at) => at * spacing));
    expect(kept.length).toBeLessThanOrEqual(6);
    expect(kept.length).toBeGreaterThanOrEqual(Math.min(draws, 4));
  }
});

test("a chain that would end in its burn-in is refused before it begins: alone, planned, searched and gone on with", async () => {
  const ratings = syntheticRatings({ users: 20, items: 10, ratings: 100 });
  const told = { name: "OptionsError", message: "sweeps is 15 and burnIn 20: the model would keep no sample" };
  const short = { model: "gibbs", factors: 2, sweeps: 15, device: "reference" } as const;
  await expect(fit(ratings, short)).rejects.toMatchObject({ ...told, remedy: "give sweeps: 21 or more, or a shorter burnIn" });
  await expect(planTraining(ratings, short)).rejects.toMatchObject(told);
  expect((await planTraining(ratings, { ...short, sweeps: 21 })).sweeps).toBe(21);
  let checkpoint: Checkpoint | undefined;
  const onCheckpoint = (taken: Checkpoint): void => void (checkpoint = taken);
  await fit(ratings, { ...short, sweeps: 21, onCheckpoint, checkpointEvery: 10 });
  expect(checkpoint!.history.at(-1)!.sweep).toBe(21);
  // What it has done counts, also where fewer sweeps are asked for now.
  expect((await fit(ratings, { ...short, resume: checkpoint })).model.parameters.draws).toHaveLength(1);
  const space = { burnIn: [5, 20] };
  const search = { model: "gibbs", space, sweeps: 15 } as const;
  expect(() => searchPlan(search)).toThrow("a trial has 15 sweeps and burnIn is 20: the models would keep no sample");
  expect(() => searchPlan({ ...search, method: "halving", sweeps: 60 })).toThrow("the first round has 7 sweeps and burnIn is 20");
  expect(searchPlan({ ...search, sweeps: 21 }).points).toHaveLength(2);
});

// The plan of a training: its arithmetic on the host, and that it measures without training what was asked for.

import { expect, test } from "vitest";
import { OptionsError } from "../../src/errors.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { memoryOf, planTraining } from "../../src/training/plan.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";

const ratings = syntheticRatings({ users: 60, items: 40, ratings: 900, seed: 1 });

test("a plan tells the host's bytes, the default sweeps of the model and a time, and calls nothing that training would", async () => {
  const called = (): void => expect.unreachable();
  const plan = await planTraining(ratings, { device: "cpu", model: "gibbs", factors: 3, onSweep: called, onCheckpoint: called });
  const perRating = 28 + (ratings.time ? 8 : 0);
  expect(plan.hostBytes).toBe(perRating * ratings.count + 4 * (ratings.users.size + ratings.items.size) * 4);
  expect(plan).toMatchObject({ memory: undefined, sweeps: 100, sampled: ratings.count });
  expect(plan.secondsPerSweep).toBeGreaterThan(0);
});

test("what a training is measured by has no part in its plan", async () => {
  const { train, heldOut } = splitRatings(ratings);
  const measured = { heldOut, measureBy: "ndcg", measureEvery: 2, relevanceThreshold: 4 } as const;
  expect((await planTraining(train, { device: "cpu", ...measured })).secondsPerSweep).toBeGreaterThan(0);
});

test("a plan that is ended gives no time", async () => {
  await expect(planTraining(ratings, { device: "cpu", signal: AbortSignal.abort("ended") })).rejects.toBe("ended");
});

test("wrong options are refused as by training", async () => {
  await expect(planTraining(ratings, { device: "cpu", factors: 1000 })).rejects.toThrow(OptionsError);
  expect(memoryOf(ratings, { factors: 3 }, new ReferenceEngine())).toBeUndefined();
  expect(() => memoryOf(ratings, { factors: -1 }, new ReferenceEngine())).toThrow(OptionsError);
});

// How often a training waits for its device: with few factors that is what a card's sweep is made of.

import { expect, test } from "vitest";
import { MODEL_CASES, type ModelCase, nameOf, problemOfCase } from "../../bench/problem.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import { openTraining, type Problem } from "../../src/models/registry.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fakeGpu } from "../support/fake-gpu.js";

const { train, heldOut } = splitRatings(syntheticRatings({ users: 30, items: 20, ratings: 300, seed: 3 }), { share: 0.2, seed: 1 });

/** Opens a training on a fake GPU, and counts the calls of some of its work. */
async function opened(problem: Problem) {
  const { gpu, devices } = fakeGpu();
  const training = await openTraining(await WebGpuEngine.create({ gpu }), problem);
  const [{ calls }] = devices;
  const of = async (work: () => Promise<unknown>) => {
    const [maps, submissions] = [calls.get("mapAsync") ?? 0, calls.get("submit") ?? 0];
    await work();
    return { answers: (calls.get("mapAsync") ?? 0) - maps, submissions: calls.get("submit")! - submissions };
  };
  return { training, of };
}

const measured = MODEL_CASES.filter(({ model }) => model !== "gibbs").map((given): [string, ModelCase] => [nameOf(given), given]);

test.each(measured)("a measurement of %s is one submission and one answer", async (_, given) => {
  const { training, of } = await opened(problemOfCase(given, train, 3, heldOut));
  await training.sweep(1);
  expect(await of(() => training.measure())).toEqual({ answers: 1, submissions: 1 });
});

test("a sweep of gibbs asks three times, and once more for the rows of each side that it keeps", async () => {
  const { training, of } = await opened(problemOfCase({ model: "gibbs", others: { burnIn: 2 } }, train, 3, heldOut));
  // Nothing is known of the rows that the first one begins with.
  expect(await of(() => training.sweep(1))).toEqual({ answers: 5, submissions: 7 });
  expect(await of(() => training.sweep(2))).toEqual({ answers: 3, submissions: 5 });
  expect(await of(() => training.sweep(3))).toEqual({ answers: 5, submissions: 7 });
  expect(await of(() => training.measure())).toEqual({ answers: 0, submissions: 0 });
});

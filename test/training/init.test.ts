// A training that starts from a model is not measured by what that model was trained on.

import { expect, test } from "vitest";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { splitRatings, SPLIT_KINDS } from "../../src/ratings/split.js";
import { trainedPairs } from "../../src/metrics/trained-pairs.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { fit, type FitOptions } from "../../src/training/fit.js";

const drawn = syntheticRatings({ users: 200, items: 80, ratings: 5000 });
const ratings = new Ratings(
  { user: drawn.user, item: drawn.item, value: drawn.value, time: Float64Array.from(drawn.value, (_, at) => at % 997) },
  drawn.users,
  drawn.items,
);
const options = { model: "als", factors: 4, device: "cpu" } as const;
const before = splitRatings(ratings, { seed: 1 });
const trained = async (more: Partial<FitOptions> = {}) => (await fit(before.train, { ...options, sweeps: 8, ...more } as never)).model;

test.each(SPLIT_KINDS)("a split by %s holds out nothing that a model to start from was trained on", async (by) => {
  const init = await trained();
  const [plain, kept] = [splitRatings(ratings, { by, seed: 2 }), splitRatings(ratings, { by, seed: 2, init })];
  expect(trainedPairs(init, plain.heldOut)).toBeGreaterThan(0);
  expect(trainedPairs(init, kept.heldOut)).toBe(0);
  expect(kept.heldOut.count).toBe(plain.heldOut.count - trainedPairs(init, plain.heldOut)!);
  expect(kept.train.count + kept.heldOut.count).toBe(ratings.count);
});

test("fit refuses held-out ratings that init was trained on, measures by new ones, and by any where that is allowed", async () => {
  const init = await trained();
  const other = splitRatings(ratings, { seed: 2 });
  const n = trainedPairs(init, other.heldOut)!;
  await expect(fit(other.train, { ...options, heldOut: other.heldOut, init })).rejects.toMatchObject({
    name: "OptionsError",
    message: `the model to start from was trained on ${n} of the 1,000 ratings to measure by`,
    remedy: expect.stringContaining("splitRatings does with init, or give allowTrained: true") as string,
  });
  const notices: string[] = [];
  const onNotice = (text: string): number => notices.push(text);
  const honest = splitRatings(ratings, { seed: 2, init });
  const goesOn = await fit(honest.train, { ...options, heldOut: honest.heldOut, init, onNotice });
  expect(notices).toEqual([]);
  const scratch = await fit(honest.train, { ...options, heldOut: honest.heldOut });
  const loss = ({ history, stop }: typeof scratch): number => history[stop.bestSweep].heldOutRmse!;
  expect(Math.abs(loss(goesOn) - loss(scratch))).toBeLessThan(0.03);
  const allowed = await fit(other.train, { ...options, heldOut: other.heldOut, init, allowTrained: true, onNotice });
  // What it would have kept without a word.
  expect(loss(allowed)).toBeLessThan(loss(scratch) - 0.05);
  expect(allowed.stop.bestSweep).toBe(0);
  expect(notices).toEqual([
    `the model to start from was trained on ${n} of the 1,000 ratings to measure by`,
    expect.stringMatching(/^the model is the one of sweep 0, from which it started, and has learned nothing new: by 1,000 held-out/),
  ]);
});

test("what a model was trained on must be known to split around it, and leave something to hold out", async () => {
  const silent = await trained({ keepSeen: false });
  expect(() => splitRatings(ratings, { init: silent })).toThrow("the model to start from does not hold what it was trained on");
  const notices: string[] = [];
  const onNotice = (text: string): number => notices.push(text);
  await fit(before.train, { ...options, sweeps: 1, heldOut: before.heldOut, init: silent, onNotice });
  expect(notices[0]).toBe("the model to start from does not hold what it was trained on: that nothing of it is held out cannot be checked");
  const { model: whole } = await fit(ratings, { ...options, sweeps: 1 });
  expect(() => splitRatings(ratings, { init: whole })).toThrow("was trained on all 1,000 ratings to be held out");
  expect(splitRatings(ratings, { init: whole, share: 0 }).heldOut.count).toBe(0);
  expect(() => splitRatings(ratings, { init: {} as never })).toThrow(/init is .* must be a model/);
  await expect(fit(ratings, { ...options, allowTrained: true })).rejects.toThrow("allowTrained is true to no effect");
});

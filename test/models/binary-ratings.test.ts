// The 0/1 data of `logistic`: its sampled negatives know nothing of what is held out.

import fc from "fast-check";
import { expect, test } from "vitest";
import { OptionsError, RatingsError } from "../../src/errors.js";
import { binaryRatings } from "../../src/models/binary-ratings.js";
import { logisticHyperparameters } from "../../src/models/logistic.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit } from "../../src/training/fit.js";

const { train, heldOut } = splitRatings(syntheticRatings({ users: 60, items: 40, ratings: 1200, seed: 6 }));
const pairs = (set: Ratings, keep: (value: number) => boolean = () => true): string[] =>
  Array.from(set.user, (user, at) => `${user}:${set.item[at]}`).filter((_, at) => keep(set.value[at]));

test("the training pairs are the same whatever is held out, and avoid training pairs only", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.constantFrom(null, 3.5), fc.maxSafeInteger(), (negatives, positiveThreshold, seed) => {
      const h = logisticHyperparameters({ negatives, positiveThreshold });
      const made = binaryRatings(train, heldOut, h, seed).train;
      const alone = binaryRatings(train, undefined, h, seed).train;
      expect([made.user, made.item, made.value]).toEqual([alone.user, alone.item, alone.value]);
      const rated = new Set(pairs(train));
      expect(pairs(made, (d) => d === 0).filter((pair) => rated.has(pair))).toEqual([]);
    }),
    { numRuns: 20 },
  );
});

test("more negatives than can be held are refused before any is drawn", () => {
  const positives = train.value.filter((value) => value > 0).length;
  const call = (): unknown => binaryRatings(train, heldOut, logisticHyperparameters({ negatives: 1e9 }), 1);
  expect(call).toThrow(OptionsError);
  expect(call).toThrow(
    `negatives is 1000000000: with ${positives} positives they come to ${(positives * (1 + 1e9)).toLocaleString("en-US")} pairs`,
  );
});

test("a held-out rating is drawn as a training negative as often as any other unrated pair", () => {
  const drawn = binaryRatings(train, heldOut, logisticHyperparameters({ negatives: 8 }), 2).train;
  const negatives = pairs(drawn, (d) => d === 0);
  const held = new Set(pairs(heldOut));
  const rated = new Set(pairs(train));
  // Expected share, pair by pair: a user's negatives fall evenly on the items without a training rating.
  const each = Array.from({ length: 60 }, (_, user) => ({
    negatives: negatives.filter((pair) => pair.startsWith(`${user}:`)).length,
    held: [...held].filter((pair) => pair.startsWith(`${user}:`)).length,
    free: 40 - [...rated].filter((pair) => pair.startsWith(`${user}:`)).length,
  }));
  const expected = each.reduce((sum, { negatives: n, held: h, free }) => sum + (free > 0 ? (n * h) / free : 0), 0);
  expect(negatives.filter((pair) => held.has(pair)).length / expected).toBeCloseTo(1, 1);
});

test("held-out negatives are neither training pairs nor held-out positives", () => {
  const made = binaryRatings(train, heldOut, logisticHyperparameters({ negatives: 3, positiveThreshold: 4 }), 5).heldOut!;
  const taken = new Set([...pairs(train), ...pairs(heldOut, (value) => value >= 4)]);
  const negatives = pairs(made, (d) => d === 0);
  expect(negatives.length).toBeGreaterThan(200);
  expect(negatives.filter((pair) => taken.has(pair))).toEqual([]);
});

test("held-out ratings of other ids are refused", () => {
  const other = Ratings.from([["a", "b", 1]]);
  expect(() => binaryRatings(train, other, logisticHyperparameters({ negatives: 1 }), 1)).toThrow(RatingsError);
});

test("sampled negatives are no ratings of an item", async () => {
  const { model } = await fit(train, { model: "logistic", negatives: 3, factors: 1, sweeps: 1, device: "cpu" });
  const counts = new Uint32Array(40);
  for (const item of train.item) counts[item]++;
  expect(model.itemCounts).toEqual(counts);
});

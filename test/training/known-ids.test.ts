// What is given beside the ratings has ids of its own: nothing in common with theirs is an error, little is said.

import { expect, test } from "vitest";
import { RatingsError } from "../../src/errors.js";
import { FeatureTable } from "../../src/ratings/features.js";
import type { RawId } from "../../src/ratings/ids.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { fit, type FitOptions } from "../../src/training/fit.js";
import { search } from "../../src/training/search.js";

const rows = (user: (m: number) => RawId, item: (n: number) => RawId, count = 60) =>
  Array.from({ length: count }, (_, at) => [user(at % 10), item((at * 7) % 12), 1 + (at % 5)] as const);
const ratings = Ratings.from(
  rows(
    (m) => `u${m}`,
    (n) => `it${n}`,
  ),
);
const featuresOf = (ids: readonly RawId[]): FeatureTable => FeatureTable.from(ids.map((id, at) => [id, at % 2 ? "red" : "blue"]));

/** Trains for a sweep. @returns what was noticed. */
async function noticed(options: FitOptions, given = ratings): Promise<string[]> {
  const notices: string[] = [];
  await fit(given, { factors: 2, sweeps: 1, device: "reference", onNotice: (text) => notices.push(text), ...options } as FitOptions);
  return notices;
}

test("features of ids that nobody rated or who rated nothing are refused, with ids of both and the side that they are of", async () => {
  await expect(noticed({ itemFeatures: featuresOf(["q1", "q2"]) })).rejects.toMatchObject({
    name: "RatingsError",
    message: "itemFeatures: none of the 2 items is among the 12 rated",
    remedy: expect.stringMatching(/theirs are "q1", "q2", those of the rated items "it0", "it7", "it2" …$/) as string,
  });
  await expect(noticed({ userFeatures: featuresOf(["it0", "it1"]) })).rejects.toMatchObject({
    remedy: "they are of items: give them as itemFeatures",
  });
  await expect(noticed({ itemFeatures: FeatureTable.join([featuresOf([5]), FeatureTable.ratedSets()]) })).rejects.toThrow(RatingsError);
});

test("features of few of the rated are told with their numbers, in a search once; those of most, or rated sets, are not", async () => {
  const few = featuresOf(["it1", "q1", "q2", "q3"]);
  const told = "itemFeatures: of the 4 items only 1 is among the 12 rated";
  expect(await noticed({ itemFeatures: few })).toEqual([told]);
  expect(await noticed({ itemFeatures: featuresOf(["it1", "it2", "q1"]), userFeatures: FeatureTable.ratedSets() })).toEqual([]);
  const notices: string[] = [];
  const space = { factors: [2], tauUsers: [1, 2, 3] };
  await search(ratings, { space, itemFeatures: few, sweeps: 1, device: "reference", onNotice: (text) => notices.push(text) });
  expect(notices.filter((text) => text === told)).toHaveLength(1);
});

test("a model to start from must know someone or something, and says how little it knows", async () => {
  const modelOf = async (given: Ratings, options: FitOptions = {}) =>
    (await fit(given, { factors: 2, sweeps: 1, device: "reference", ...options } as FitOptions)).model;
  const strange = Ratings.from(
    rows(
      (m) => -1 - m,
      (n) => -1 - n,
    ),
  );
  await expect(noticed({ init: await modelOf(strange) })).rejects.toMatchObject({
    name: "RatingsError",
    message: "the model to start from knows none of the 10 users and 12 items of the ratings",
    remedy: expect.stringMatching(/its users are -1, -2, -3 …, those of the ratings "u0", "u1", "u2" …$/) as string,
  });
  const sameItems = Ratings.from(
    rows(
      (m) => -1 - m,
      (n) => `it${n}`,
    ),
  );
  expect(await noticed({ init: await modelOf(sameItems) })).toEqual([
    "the model to start from knows 0 users and 12 items of the 10 users and 12 items of the ratings: all others start anew",
  ]);
  expect(await noticed({ init: await modelOf(ratings) })).toEqual([]);
  // What was learned of features by their names is a start, too.
  const learned = await modelOf(strange, { itemFeatures: featuresOf([-1, -2, -3]) });
  const kept = await noticed({ init: learned, itemFeatures: featuresOf(["it1", "it2", "it3"]) });
  expect(kept).toEqual([expect.stringContaining("knows 0 users and 0 items") as string]);
});

test("held-out ratings of nobody and nothing that is trained on are refused, a few of them told", async () => {
  const split = (heldOut: number) => {
    const all = Ratings.from([
      ...rows(
        (m) => `u${m}`,
        (n) => `it${n}`,
      ),
      ...rows(
        (m) => -1 - m,
        (n) => -1 - n,
        heldOut,
      ),
    ]);
    const part = (from: number, to: number): Ratings => all.select(Uint32Array.from({ length: to - from }, (_, at) => from + at));
    return { train: part(0, 60), heldOut: part(60, all.count) };
  };
  const told = /^none of the \d+ users and \d+ items of the held-out ratings has a rating to train on$/;
  const many = split(40);
  await expect(noticed({ heldOut: many.heldOut }, many.train)).rejects.toMatchObject({
    name: "RatingsError",
    message: expect.stringMatching(told) as string,
    remedy: expect.stringContaining('users are -1, -2, -3 … there, and "u0", "u1", "u2" …') as string,
  });
  const few = split(5);
  expect((await noticed({ heldOut: few.heldOut }, few.train)).filter((text) => told.test(text))).toHaveLength(1);
  // Features may tell of them all the same.
  const described = { itemFeatures: featuresOf(["it1", -1, -2]), userFeatures: featuresOf(["u1", -1]) };
  expect((await noticed({ heldOut: many.heldOut, ...described }, many.train)).filter((text) => told.test(text))).toEqual([]);
});

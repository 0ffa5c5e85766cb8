// Every ranking metric against a computation of its own, by sorting and counting pairs;
// and what must not move a number: the order of rows.

import fc from "fast-check";
import { expect, test } from "vitest";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { rankingMetrics, rankingMetricsOn, type RankingMetrics } from "../../src/metrics/ranking.js";
import { alsHyperparameters } from "../../src/models/als.js";
import { FactorModel } from "../../src/models/factor-model.js";
import { implicitHyperparameters } from "../../src/models/implicit.js";
import { logisticHyperparameters } from "../../src/models/logistic.js";
import type { RawId } from "../../src/ratings/ids.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { seededRandom } from "../../src/random.js";

type Row = readonly [user: RawId, item: RawId, value: number];
const rowsOf = (set: Ratings): Row[] =>
  Array.from(set.value, (value, at) => [set.users.rawAt(set.user[at]), set.items.rawAt(set.item[at]), value]);
const shuffled = <T>(rows: readonly T[], seed: number): T[] => {
  const random = seededRandom(seed);
  return rows
    .map((row) => ({ row, key: random.uniform() }))
    .sort((a, b) => a.key - b.key)
    .map(({ row }) => row);
};

/** A model with one coarse factor, so that many scores tie; `coarse` 0 ties all. */
function tying(train: Ratings, users = train.users, items = train.items, coarse = 2): FactorModel {
  const level = (id: RawId): number => Math.round((((Number(id) * 7919) % 101) / 101) * coarse);
  const itemCounts = new Uint32Array(items.size);
  for (const item of train.item) itemCounts[items.indexOf(train.items.rawAt(item))]++;
  return new FactorModel({
    model: "als",
    hyperparameters: alsHyperparameters({ factors: 1 }),
    parameters: {
      factors: 1,
      userFactors: Float32Array.from(users.raw, level),
      itemFactors: Float32Array.from(items.raw, level),
      userBiases: new Float32Array(users.size),
      itemBiases: new Float32Array(items.size),
      globalMean: 3,
    },
    users,
    items,
    catalogue: train.catalogue,
    statistics: train.statistics(),
    itemCounts,
  });
}

const { train, heldOut } = splitRatings(syntheticRatings({ users: 40, items: 50, ratings: 700, seed: 8 }), { share: 0.3 });

/** By full sorts and all pairs, from raw ids. */
function byHand(model: FactorModel, seenRows: readonly Row[], heldRows: readonly Row[], k: number, threshold: number) {
  const counts = new Map<RawId, number>();
  for (const [, item] of seenRows) counts.set(item, (counts.get(item) ?? 0) + 1);
  const values: Record<string, number>[] = [];
  const listed = new Set<RawId>();
  for (const user of [...model.users.raw].sort((a, b) => Number(a) - Number(b))) {
    const seen = new Set(seenRows.filter((row) => row[0] === user).map((row) => row[1]));
    const relevant = new Set(heldRows.filter((row) => row[0] === user && row[2] >= threshold && !seen.has(row[1])).map((row) => row[1]));
    if (seen.size === 0 || relevant.size === 0) continue;
    const open = model.items.raw.filter((item) => !seen.has(item)).map((item) => ({ item, score: model.predict(user, item) }));
    open.sort((a, b) => b.score - a.score || (counts.get(b.item) ?? 0) - (counts.get(a.item) ?? 0) || Number(a.item) - Number(b.item));
    const hits = open.slice(0, k).map(({ item }) => relevant.has(item));
    for (const { item } of open.slice(0, k)) listed.add(item);
    const found = hits.filter(Boolean).length;
    const discounted = (list: readonly boolean[]): number =>
      list.reduce((sum, hit, at) => sum + (hit ? Math.LN2 / Math.log(at + 2) : 0), 0);
    let pairs = 0;
    let won = 0;
    for (const a of open.filter(({ item }) => relevant.has(item))) {
      for (const b of open.filter(({ item }) => !relevant.has(item))) {
        pairs++;
        won += a.score > b.score ? 1 : a.score === b.score ? 0.5 : 0;
      }
    }
    values.push({
      precision: found / k,
      cappedPrecision: found / Math.min(k, relevant.size),
      recall: found / relevant.size,
      ndcg: discounted(hits) / discounted(Array.from({ length: Math.min(k, relevant.size) }, () => true)),
      map:
        hits.reduce((sum, hit, at) => sum + (hit ? hits.slice(0, at + 1).filter(Boolean).length / (at + 1) : 0), 0) /
        Math.min(k, relevant.size),
      mrr: found > 0 ? 1 / (hits.indexOf(true) + 1) : 0,
      hitRate: found > 0 ? 1 : 0,
      auc: won / pairs,
    });
  }
  const mean = (name: string): number => values.reduce((sum, value) => sum + value[name], 0) / values.length;
  const means = Object.fromEntries(Object.keys(values[0]).map((name) => [name, mean(name)]));
  return { ...means, users: values.length, coverage: listed.size / model.items.size };
}

test("every metric is that of full sorts and of all pairs, with ties, for every k and threshold", () => {
  const model = tying(train);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 55 }), fc.constantFrom(0, 3, 4, 4.5), (k, threshold) => {
      const metrics = rankingMetrics(model, train, heldOut, { k, relevanceThreshold: threshold });
      const expected = byHand(model, rowsOf(train), rowsOf(heldOut), k, threshold);
      for (const [name, value] of Object.entries(expected)) expect(metrics[name as keyof RankingMetrics], name).toBeCloseTo(value, 12);
    }),
    { numRuns: 15 },
  );
});

test.each([0, 2])("shuffled rows give the same numbers to the last bit, where all scores tie or many do (%i)", (coarse) => {
  const measured = (seed: number): RankingMetrics => {
    // Ids in another order of first appearance too, as after shuffling the file.
    const [own, held] = [rowsOf(train), rowsOf(heldOut)].map((rows) => (seed === 0 ? rows : shuffled(rows, seed)));
    const [shuffledTrain, shuffledHeldOut] = [Ratings.from(own), Ratings.from(held)];
    return rankingMetrics(tying(shuffledTrain, undefined, undefined, coarse), shuffledTrain, shuffledHeldOut, {
      k: 5,
      relevanceThreshold: 3,
      perUser: true,
    });
  };
  const first = measured(0);
  for (const seed of [1, 2, 3]) {
    expect(measured(seed)).toEqual(first);
  }
});

test("one model measured by shuffled rows gives the same numbers to the last bit", () => {
  const model = tying(train);
  const first = rankingMetrics(model, train, heldOut, { k: 5, perUser: true });
  for (const seed of [1, 2, 3]) {
    const again = rankingMetrics(model, Ratings.from(shuffled(rowsOf(train), seed)), Ratings.from(shuffled(rowsOf(heldOut), seed)), {
      k: 5,
      perUser: true,
    });
    expect(again).toEqual(first);
  }
});

test("an engine's lists break ties in the same way", async () => {
  const model = tying(train);
  const options = { k: 7, relevanceThreshold: 3, perUser: true };
  expect(await rankingMetricsOn(new ReferenceEngine(), model, train, heldOut, options)).toEqual(
    rankingMetrics(model, train, heldOut, options),
  );
});

test("users without a training rating are left out and counted, and so is what the model does not know; cold items are misses", () => {
  const all = Ratings.from([
    [1, 10, 5],
    [1, 11, 5],
    [2, 10, 4],
    [3, 12, 4],
    [3, 10, 3],
    [1, 13, 4],
  ]);
  const own = all.select(Uint32Array.of(0, 1, 2));
  const model = tying(own, all.users, all.items);
  const test = Ratings.from([
    [1, 13, 4],
    [3, 12, 4],
    [3, 10, 3],
    [4, 10, 5],
    [4, 99, 5],
    [2, 98, 5],
    [2, 11, 5],
  ]);
  const { users, gaps, perUser, recall } = rankingMetrics(model, own, test, { k: 9, relevanceThreshold: 1, perUser: true });
  expect(users).toBe(2);
  expect(perUser!.map(({ user, relevant }) => [user, relevant])).toEqual([
    [1, 1],
    [2, 1],
  ]);
  // Item 13 has no training rating: the list of user 1 cannot hold it. That of user 2 holds item 11.
  expect(recall).toBe(0.5);
  expect(gaps).toEqual({ unknown: { users: 1, items: 2, ratings: 3 }, cold: { users: 1, items: 2, ratings: 3 } });
});

test("without a threshold, relevant is what the model takes for positive, else what is rated the mean or more", () => {
  const als = tying(train);
  const parts = {
    parameters: als.parameters,
    users: als.users,
    items: als.items,
    catalogue: als.catalogue,
    statistics: als.statistics,
    itemCounts: als.itemCounts,
  };
  const of = (model: "implicit" | "logistic", hyperparameters: FactorModel["hyperparameters"]): FactorModel =>
    new FactorModel({ ...parts, model, hyperparameters });
  const zeros = new Ratings(
    { user: heldOut.user, item: heldOut.item, value: heldOut.value.map((value) => (value < 3 ? 0 : value - 2)) },
    heldOut.users,
    heldOut.items,
  );
  const relevant = (model: FactorModel, threshold?: number): number =>
    rankingMetrics(model, train, zeros, { relevanceThreshold: threshold, perUser: true }).perUser!.reduce(
      (sum, user) => sum + user.relevant,
      0,
    );
  const counted = (from: number): number => zeros.value.filter((value) => value >= from).length;
  expect(relevant(of("implicit", implicitHyperparameters()))).toBe(counted(0.5));
  expect(relevant(of("logistic", logisticHyperparameters()))).toBe(counted(0.5));
  expect(relevant(of("logistic", logisticHyperparameters({ positiveThreshold: 2 })))).toBe(counted(2));
  expect(relevant(als, 2.5)).toBe(counted(2.5));
  const { relevance } = rankingMetrics(als, train, heldOut);
  expect(relevance).toEqual({ atLeast: train.statistics().mean });
});

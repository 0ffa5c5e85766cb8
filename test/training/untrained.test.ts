// What a split leaves without ratings, and trainings in which nothing is better than the start.

import { expect, test } from "vitest";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { buildIndex, queryOf } from "../../src/export/nearest.js";
import { rankingMetrics, rankingMetricsOn } from "../../src/metrics/ranking.js";
import { recommendAll } from "../../src/recommend/recommend-all.js";
import { fit, type FitOptions } from "../../src/training/fit.js";

/** Four items are rated; the fifth has a rating that is held out, and no other. */
const whole = Ratings.from(
  [1, 2, 3, 4, 5, 6]
    .flatMap((user) => [1, 2, 3, 4].map((item) => [user, item, ((user + item) % 5) + 1] as [number, number, number]))
    .concat([[1, 5, 5]]),
);
const train = whole.select(Uint32Array.from({ length: whole.count - 1 }, (_, at) => at));
const heldOut = whole.select(Uint32Array.of(whole.count - 1));
const shared = { factors: 2, sweeps: 3, earlyStop: false, device: "reference" } as const;

test("no list holds an item without a training rating, unless cold starts are asked for", async () => {
  for (const model of ["als", "vb", "implicit"] as const) {
    const { model: trained } = await fit(train, { ...shared, model });
    expect(trained.items.size).toBe(5);
    expect(trained.itemCounts[4]).toBe(0);
    const ids = trained.recommend(2, { filterSeen: false, n: 9 }).map(({ id }) => id);
    expect(ids.sort((a, b) => Number(a) - Number(b))).toEqual([1, 2, 3, 4]);
    expect(trained.recommendFor([[1, 5]], { n: 9 }).map(({ id }) => id)).not.toContain(5);
    expect((await trained.recommendForOn(new ReferenceEngine(), [[1, 5]], { n: 9 })).map(({ id }) => id)).not.toContain(5);
    for await (const rows of recommendAll(new ReferenceEngine(), trained, { n: 9, filterSeen: false }))
      expect(rows.filter(({ item }) => item === 5)).toEqual([]);
  }
});

test("nothing is like an item or a user of whom nothing is known, whatever their starting factors are", async () => {
  const alone = Ratings.from([
    ...whole.users.raw.flatMap((m) => whole.ratedBy(m).map(([item, value]) => [m, item, value] as const)),
    [7, 1, 3],
  ]);
  const rows = Uint32Array.from(alone.user.keys()).filter(
    (at) => alone.users.rawAt(alone.user[at]) !== 7 && alone.items.rawAt(alone.item[at]) !== 5,
  );
  for (const model of ["als", "gibbs", "gd", "implicit"] as const) {
    const { model: trained } = await fit(alone.select(rows), { ...shared, model, ...(model === "gibbs" && { burnIn: 0 }) } as FitOptions);
    expect(trained.itemCounts[4]).toBe(0);
    expect(() => trained.similarItems(5)).toThrow("item 5 has no rating in training and no features, so nothing is known to be like it");
    expect(() => trained.similarUsers(7)).toThrow("user 7 has no rating in training and no features");
    expect(trained.similarItems(4, { n: 9 }).map(({ id }) => id)).not.toContain(5);
  }
  const features = FeatureTable.from([1, 2, 3, 4, 5].map((id): [number, string, number] => [id, id % 2 === 0 ? "even" : "odd", 1]));
  const { model } = await fit(train, { ...shared, itemFeatures: features });
  expect(model.similarItems(5, { n: 9 }).length).toBe(4);
});

test("metrics, measures of training and indexes rank the items that recommend lists, and no others", async () => {
  for (const model of ["als", "implicit"] as const) {
    const { model: trained, history } = await fit(train, { ...shared, model, heldOut, measureBy: "recall", relevanceThreshold: 1 });
    // Its user has rated all other items: nothing is left to list, and nothing to rank the held-out item against.
    const missed = { users: 1, recall: 0, coverage: 0, auc: NaN };
    expect(rankingMetrics(trained, train, heldOut, { k: 9, relevanceThreshold: 1 })).toMatchObject(missed);
    expect(await rankingMetricsOn(new ReferenceEngine(), trained, train, heldOut, { k: 9, relevanceThreshold: 1 })).toMatchObject(missed);
    expect(history.map(({ heldOutRecall }) => heldOutRecall)).toEqual(history.map(() => 0));
    const { index } = await buildIndex(trained);
    expect(index.size()).toBe(4);
    expect(new Set([...index.search(queryOf(trained, 2), 5, 0).keys].map(Number))).toEqual(new Set([0, 1, 2, 3]));
  }
});

test("metrics rank items by their features when cold starts are asked for", async () => {
  const table = FeatureTable.from([1, 2, 3, 4, 5].map((id): [number, string, number] => [id, id % 2 === 0 ? "even" : "odd", 1]));
  const { model } = await fit(train, { ...shared, itemFeatures: table });
  const recallOf = (coldItems: boolean) => rankingMetrics(model, train, heldOut, { k: 9, relevanceThreshold: 1, coldItems }).recall;
  expect([recallOf(false), recallOf(true)]).toEqual([0, 1]);
});

test("with features they are listed when cold starts are asked for, and only those that have features", async () => {
  const features = (ids: number[]) => FeatureTable.from(ids.map((id): [number, string, number] => [id, id % 2 === 0 ? "even" : "odd", 1]));
  const listed = async (ids: number[], coldItems?: boolean) => {
    const { model } = await fit(train, { ...shared, itemFeatures: features(ids) });
    return model
      .recommend(2, { filterSeen: false, n: 9, coldItems })
      .map(({ id }) => id)
      .sort((a, b) => Number(a) - Number(b));
  };
  expect(await listed([1, 2, 3, 4, 5])).toEqual([1, 2, 3, 4]);
  expect(await listed([1, 2, 3, 4, 5], true)).toEqual([1, 2, 3, 4, 5]);
  expect(await listed([1, 2, 3, 4], true)).toEqual([1, 2, 3, 4]);
  expect(await listed([1, 2, 3, 4, 6], true)).toEqual([1, 2, 3, 4, 6]);
});

test("a training that keeps the untrained sweep 0 says so, with what decided it", async () => {
  const notices: string[] = [];
  // The one held-out rating is the mean, which sweep 0 predicts; whatever is learned is farther from it.
  const mean = train.statistics().mean;
  const atMean = new Ratings({ user: Uint32Array.of(0), item: Uint32Array.of(0), value: Float32Array.of(mean) }, train.users, train.items);
  const options = {
    ...shared,
    tauUsers: 0.1,
    tauItems: 0.1,
    gammaUsers: 0.1,
    gammaItems: 0.1,
    onNotice: (text: string) => notices.push(text),
  };
  const { stop } = await fit(train, { ...options, heldOut: atMean, sweeps: 5 });
  expect(stop.bestSweep).toBe(0);
  expect(notices).toEqual([expect.stringMatching(/untrained one of sweep 0: by 1 held-out rating none of the 5 sweeps .* RMSE of 0\.00/)]);
  notices.length = 0;
  await fit(train, { ...options, heldOut: atMean, keeps: "last" });
  await fit(train, { ...options, heldOut });
  await fit(train, options);
  expect(notices).toEqual([]);
  await fit(train, { ...options, heldOut: atMean, sweeps: 0 });
  expect(notices).toEqual(["sweeps is 0, so the model is the untrained one: its factors are random"]);
});

import { expect, test } from "vitest";
import { openTraining } from "../../src/models/registry.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { NotPositiveDefiniteError } from "../../src/errors.js";
import { decodeModel, encodeModel } from "../../src/model-file.js";
import type { AlsHyperparameters } from "../../src/models/als.js";
import { FactorModel } from "../../src/models/factor-model.js";
import { Catalogue } from "../../src/ratings/catalogue.js";
import { buildCsr } from "../../src/ratings/csr.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { Ids } from "../../src/ratings/ids.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { partialFit } from "../../src/recommend/partial-fit.js";
import { fit, type FitOptions } from "../../src/training/fit.js";
import { partsOf } from "../support/model-parts.js";

const invented = syntheticRatings({ users: 40, items: 30, ratings: 500 });
const train = (options: FitOptions, ratings = invented) => fit(ratings, { sweeps: 4, earlyStop: false, device: "cpu", ...options });
const rowsOf = (ratings: Ratings, keep: (user: number, item: number) => boolean): Ratings =>
  ratings.select(Uint32Array.from(ratings.user.keys()).filter((at) => keep(ratings.user[at], ratings.item[at])));

const SOLVED = [
  { factors: 3, tauUsers: 2, tauItems: 3 },
  { factors: 3, biases: false },
  { factors: 3, regularization: "weighted" },
  { factors: 0 },
  { model: "vb", covariance: "full", factors: 3 },
  { model: "vb", covariance: "diagonal", factors: 3 },
  { model: "implicit", factors: 3, confidence: 2 },
] as const satisfies readonly FitOptions[];

/** The model without its last user. */
function forgetLast(model: FactorModel): FactorModel {
  const { parameters: p, seen } = model;
  const M = model.users.size - 1;
  const share = (values: Float32Array): Float32Array => values.slice(0, (values.length / (M + 1)) * M);
  return new FactorModel({
    ...partsOf(model),
    users: new Ids(model.users.raw.slice(0, M)),
    parameters: {
      ...p,
      userFactors: share(p.userFactors),
      userBiases: share(p.userBiases),
      posterior: p.posterior && { ...p.posterior, users: share(p.posterior.users) },
    },
    seen: seen && { start: seen.start.slice(0, M + 1), items: seen.items.slice(0, seen.start[M]) },
  });
}

test.each(SOLVED)("a user removed from training comes back as the row of the half-sweep, to the bit: %o", async (options) => {
  const { model } = await train(options);
  const last = model.users.size - 1;
  const again = partialFit(
    forgetLast(model),
    rowsOf(invented, (m) => m === last),
  );
  const session = await openTraining(new ReferenceEngine(), {
    model: model.model as "als",
    hyperparameters: model.hyperparameters as never,
    byUser: buildCsr(invented, "users", 40),
    byItem: buildCsr(invented, "items", 30),
    initial: model.parameters,
    seed: 1,
  });
  await session.solve("users");
  const swept = await session.read();
  const K = options.factors;
  expect(again.parameters.userFactors.slice(last * K)).toEqual(swept.userFactors.slice(last * K));
  expect(again.parameters.userBiases[last]).toBe(swept.userBiases[last]);
  const width = (swept.posterior?.users.length ?? 0) / 40;
  expect(again.parameters.posterior?.users.slice(last * width)).toEqual(swept.posterior?.users.slice(last * width));
  expect(again.users.raw).toEqual(model.users.raw);
  expect(again.seen).toEqual(model.seen);
});

const GROWN = [
  ...SOLVED,
  { model: "gibbs", burnIn: 1, factors: 3 },
  { model: "gd", factors: 3 },
  { model: "logistic", factors: 3, positiveThreshold: 4 },
] as const;

test.each(GROWN)("no old row moves, and a saved copy predicts the same to the bit: %o", async (options) => {
  const { model } = await train(options);
  const more = Ratings.from([
    ["ann", 1, 5],
    ["ann", 2, 1],
    ["ben", 3, 4],
    ["ben", "new film", 5],
    [1, "new film", 2],
    [2, "new film", 4],
    [3, "other film", 3],
  ]);
  const bigger = partialFit(model, more);
  expect(bigger.users.raw).toEqual([...model.users.raw, "ann", "ben"]);
  expect(bigger.items.raw).toEqual([...model.items.raw, "new film", "other film"]);
  const { parameters: before } = model;
  const { parameters: after } = bigger;
  for (const name of ["userFactors", "itemFactors", "userBiases", "itemBiases"] as const)
    expect(after[name].slice(0, before[name].length)).toEqual(before[name]);
  for (const side of ["users", "items"] as const)
    expect(after.posterior?.[side].slice(0, before.posterior![side].length)).toEqual(before.posterior?.[side]);
  const loaded = decodeModel(encodeModel(bigger));
  for (const [user, item] of [
    ["ann", 9],
    ["ben", "new film"],
    [7, "other film"],
    [1, 1],
  ] as const)
    expect(loaded.predict(user, item)).toBe(bigger.predict(user, item));
  expect(bigger.predict(1, 1)).toBe(model.predict(1, 1));
  expect(loaded.recommend("ann", { n: 99 })).toEqual(bigger.recommend("ann", { n: 99 }));
});

test("ratings of nobody and nothing that the model knows are told, others are not", async () => {
  const { model } = await train({ factors: 2 });
  const noticed = (rows: readonly (readonly [number | string, number | string, number])[]): string[] => {
    const notices: string[] = [];
    partialFit(model, Ratings.from(rows), { onNotice: (text) => notices.push(text) });
    return notices;
  };
  const strange = [["ann", "new film", 5], ["ben", "new film", 3]] as const; // prettier-ignore
  expect(noticed(strange)).toEqual([
    "the model knows none of the 2 users and 1 item of the ratings: of new users nothing is learned but the mean",
  ]);
  expect(noticed([...strange, ["ann", 1, 4]])).toEqual([]);
});

test("the parts can be joined one after the other: users first, then items by all users, is the stated order", async () => {
  const { model } = await train({ factors: 3, tauUsers: 2, tauItems: 2 });
  const rows = [
    ["ann", 1, 5],
    ["ann", "film", 1],
    [4, "film", 5],
    ["ben", 2, 2],
  ] as const;
  const once = partialFit(model, Ratings.from(rows));
  const users = partialFit(model, Ratings.from(rows.filter(([, item]) => item !== "film")));
  const both = partialFit(users, Ratings.from(rows.filter(([, item]) => item === "film")));
  expect(once.parameters).toEqual(both.parameters);
  expect(once.itemCounts).toEqual(both.itemCounts);
});

test.each(GROWN)("a new user is recommended and predicted what recommendFor gives for the same ratings: %o", async (options) => {
  const { model } = await train(options);
  const rated = [
    [1, 5],
    [2, 1],
    [9, 4],
  ] as const;
  const bigger = partialFit(model, Ratings.from(rated.map(([item, value]) => ["ann", item, value])));
  const asNew = model.recommendFor(rated, { n: 99 });
  const asKnown = new Map(bigger.recommend("ann", { n: 99 }).map((item) => [item.id, item]));
  expect(asKnown.size).toBe(asNew.length);
  for (const { id, predicted, deviation } of asNew) {
    expect(asKnown.get(id)!.predicted).toBeCloseTo(predicted!, 5);
    if (deviation === undefined) expect(asKnown.get(id)!.deviation).toBeUndefined();
    else expect(asKnown.get(id)!.deviation).toBeCloseTo(deviation, 5);
  }
});

test("a new item is the mirror image of a new user", async () => {
  const { model } = await train({ factors: 3, tauUsers: 2, tauItems: 5, gammaUsers: 1, gammaItems: 4 });
  const h = model.hyperparameters as AlsHyperparameters;
  const { parameters: p } = model;
  const mirrored = new FactorModel({
    ...partsOf(model),
    hyperparameters: { ...h, tauUsers: h.tauItems, tauItems: h.tauUsers, gammaUsers: h.gammaItems, gammaItems: h.gammaUsers },
    parameters: { ...p, userFactors: p.itemFactors, itemFactors: p.userFactors, userBiases: p.itemBiases, itemBiases: p.userBiases },
    users: model.items,
    items: model.users,
    itemCounts: new Uint32Array(40),
    seen: undefined,
  });
  const item = partialFit(
    model,
    Ratings.from([
      [1, "film", 5],
      [2, "film", 1],
    ]),
  ).parameters;
  const user = partialFit(
    mirrored,
    Ratings.from([
      ["film", 1, 5],
      ["film", 2, 1],
    ]),
  ).parameters;
  expect(item.itemFactors).toEqual(user.userFactors);
  expect(item.itemBiases).toEqual(user.userBiases);
});

test("counts and seen items grow by what is new", async () => {
  const { model } = await train({ factors: 3 });
  const bigger = partialFit(
    model,
    Ratings.from([
      ["ann", 1, 5],
      ["ann", 2, 1],
      [5, "film", 3],
    ]),
  );
  const countOf = (of: FactorModel, item: string | number): number => of.itemCounts[of.items.indexOf(item)];
  expect([countOf(bigger, 1), countOf(bigger, 2)]).toEqual([countOf(model, 1) + 1, countOf(model, 2) + 1]);
  expect(countOf(bigger, "film")).toBe(1);
  expect(bigger.recommend(5, { n: 99 }).map(({ id }) => id)).not.toContain("film");
  expect(bigger.recommend("ann", { n: 99 })).toHaveLength(29);
});

test("what was held out of training stays out of lists, of users who rate more and of others", async () => {
  const { train: few, heldOut } = splitRatings(invented, { share: 0.3 });
  const { model } = await fit(few, { factors: 3, sweeps: 2, device: "cpu", heldOut, keepSeen: "all" });
  const bigger = partialFit(
    model,
    Ratings.from([
      ["ann", 1, 5],
      [5, "film", 3],
    ]),
  );
  for (const user of model.users.raw) {
    const before = model.recommend(user, { n: 99, filter: (id) => id !== "film" }).map(({ id }) => id);
    const after = bigger.recommend(user, { n: 99, filter: (id) => id !== "film" }).map(({ id }) => id);
    expect(new Set(after)).toEqual(new Set(before));
  }
  expect(bigger.recommend("ann", { n: 99 }).map(({ id }) => id)).not.toContain(1);
});

test("the catalogue of the ratings names the new items; what the model knows of the old ones stays", async () => {
  const { model } = await train({ factors: 0 });
  const named = new Catalogue([
    { id: "film", title: "A Film (2020)", genres: ["Drama"] },
    { id: 1, title: "Renamed", genres: [] },
  ]);
  const bigger = partialFit(model, Ratings.from([[1, "film", 5]], { catalogue: named }));
  expect(bigger.findItem("a film (2020)")).toBe("film");
  expect(bigger.catalogue.title(1)).toBe(model.catalogue.title(1));
  expect(model.catalogue.get("film")).toBeUndefined();
});

test("a known user is solved anew when asked for, and left alone otherwise", async () => {
  const { model } = await train({ factors: 3 });
  const all = rowsOf(invented, (m) => m < 2);
  const again = partialFit(model, all, { refit: "users" });
  expect(again.parameters.userFactors.slice(6)).toEqual(model.parameters.userFactors.slice(6));
  expect(again.parameters.userFactors.slice(0, 6)).not.toEqual(model.parameters.userFactors.slice(0, 6));
  expect(again.parameters.itemFactors).toEqual(model.parameters.itemFactors);
  expect(again.itemCounts).toEqual(model.itemCounts);
  const notices: string[] = [];
  expect(partialFit(model, all, { onNotice: (notice) => notices.push(notice) })).toBe(model);
  expect(notices).toEqual([expect.stringMatching(/knows every user and item .* refit: "users" or "items"/)]);
});

test("where the training ratings came from stays known, until known rows are solved from others", async () => {
  const source = { path: "ratings.csv", reading: { missing: "99" }, split: { seed: 3 }, ratings: 500 };
  const model = (await train({ factors: 2 })).model.withSource(source);
  const bigger = partialFit(model, Ratings.from([["ann", 1, 5]]));
  expect(bigger.source).toEqual(source);
  expect(decodeModel(encodeModel(bigger)).source).toEqual(source);
  const again = partialFit(
    model,
    rowsOf(invented, (m) => m < 2),
    { refit: "users" },
  );
  expect(again.source).toBeUndefined();
});

test("a new item with features starts from their mean, and stays there without ratings by known users", async () => {
  const genres = FeatureTable.from([
    ...Array.from({ length: 30 }, (_, n) => [n + 1, n % 2 ? "odd" : "even", 1] as const),
    ["film", "odd", 1],
  ]);
  const { model } = await train({ factors: 2, tauUsers: 1, tauItems: 1, itemFeatures: genres });
  const cold = model.predict(3, "film");
  const userBias = model.parameters.userBiases[model.users.indexOf(3)];
  const K = 2;
  const firm = new FactorModel({
    ...partsOf(model),
    hyperparameters: { ...model.hyperparameters, tauItems: 1e9, gammaItems: 1e9 } as never,
  });
  const bigger = partialFit(firm, Ratings.from([[3, "film", 5]]));
  expect(bigger.predict(3, "film")).toBeCloseTo(cold, 5);
  expect(bigger.parameters.itemFactors.slice(30 * K).some((value) => Math.abs(value) > 1e-3)).toBe(true);
  expect(Math.abs(cold - model.parameters.globalMean - userBias)).toBeGreaterThan(1e-3);
});

test("what cannot be fitted is refused, saying why", async () => {
  const { model } = await train({ factors: 2 });
  expect(partialFit(model, Ratings.from([]))).toBe(model);
  expect(() => partialFit(model, Ratings.from([["ann", 1, 50]]))).toThrow(
    `user "ann"'s rating of item 1 is 50, and those that the model was trained on go from`,
  );
  const sampled = (await train({ model: "logistic", negatives: 2, factors: 2 })).model;
  expect(() => partialFit(sampled, Ratings.from([["ann", 1, 1]]))).toThrow(/sampled negatives/);
  const binary = Ratings.from([...invented.user].map((m, at) => [m, invented.item[at], Number(invented.value[at] > 3)] as const));
  const plain = (await train({ model: "logistic", factors: 2 }, binary)).model;
  expect(() => partialFit(plain, Ratings.from([["ann", 1, 5]]))).toThrow(/neither 0 nor 1/);
  expect(() => partialFit(model, Ratings.from([["ann", 1, 5]]), { refit: "both" as never })).toThrow(/refit is "both"/);
  const loose = new FactorModel({ ...partsOf(model), hyperparameters: { ...model.hyperparameters, tauUsers: 0, gammaUsers: 0 } as never });
  expect(() => partialFit(loose, Ratings.from([["ann", 1, 5]]))).toThrow(new NotPositiveDefiniteError("users", 40, { id: "ann" }));
  const burning = (await train({ model: "gibbs", sweeps: 0, factors: 2 })).model;
  expect(() => partialFit(burning, Ratings.from([["ann", 1, 5]]))).toThrow(/keeps no sample/);
});

test("known ones that are solved anew from fewer ratings than they had are told with their counts, and lists show what they are of", async () => {
  const { model } = await train({ factors: 3 });
  const notices: string[] = [];
  const onNotice = (text: string): number => notices.push(text);
  const countOf = (side: "user" | "item", id: unknown): number =>
    invented[side].filter((index) => invented[`${side}s`].rawAt(index) === id).length;
  const item = invented.items.rawAt(0);
  const few = partialFit(model, Ratings.from([["ann", item, 4]]), { refit: "items", onNotice });
  expect(notices).toEqual([
    `1 item is solved anew from fewer ratings than before: ${JSON.stringify(invented.catalogue.get(item)!.title)} from 1 of ${countOf("item", item)}; ` +
      "the others count no longer, so give all that these have",
  ]);
  expect(few.itemCounts[few.items.indexOf(item)]).toBe(1);
  const users = invented.users.raw.slice(0, 4);
  partialFit(model, Ratings.from(users.map((user) => [user, item, 4])), { refit: "users", onNotice });
  expect(notices[1]).toMatch(/^4 users are solved anew from fewer ratings than before: /);
  expect(notices[1]).toContain(users.slice(0, 3).map((user) => `${JSON.stringify(user)} from 1 of ${countOf("user", user)}`).join(", ")); // prettier-ignore
  expect(notices[1]).toContain(", …; ");
  // All of theirs, and one more: nothing to tell, and counts as they are.
  const all = [...invented.user.keys()].map((at) => [invented.users.rawAt(invented.user[at]), invented.items.rawAt(invented.item[at]), invented.value[at]] as const); // prettier-ignore
  const whole = partialFit(model, Ratings.from([...all, ["ann", item, 4]]), { refit: "items", onNotice });
  expect(notices).toHaveLength(2);
  expect(whole.itemCounts[whole.items.indexOf(item)]).toBe(countOf("item", item) + 1);
});

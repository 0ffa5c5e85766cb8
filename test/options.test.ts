// Options that do not exist: the types refuse them, and so does every function, which says what they are called.

import { expect, test } from "vitest";
import {
  alphaEffect,
  bytesSource,
  CpuEngine,
  encodeCsv,
  explain,
  type FactorModel,
  fetchKnownSet,
  filmRatings,
  fit,
  type FitOptions,
  type FitOptionsOf,
  genreMap,
  itemFilter,
  logDensity,
  openEngine,
  OptionsError,
  partialFit,
  planTraining,
  polarizingItems,
  predictRatings,
  rankingMetrics,
  readFeatures,
  readFolder,
  readPath,
  readRatings,
  recommendAll,
  ReferenceEngine,
  search,
  type SearchOptions,
  type SearchOptionsOf,
  splitRatings,
  syntheticRatings,
  WebGpuEngine,
} from "../src/node.js";
import { refusal } from "./support/refusal.js";

const ratings = syntheticRatings({ users: 20, items: 20, ratings: 150 });
const { train, heldOut } = splitRatings(ratings);
const { model } = await fit(train, { factors: 2, sweeps: 1, device: "reference" });
const table = bytesSource("r.csv", new TextEncoder().encode("1,1,1"));

const told = (call: () => unknown): Promise<string> => refusal(call, ": ", OptionsError);

test("fit names the option that was meant", async () => {
  // @ts-expect-error
  expect(await told(() => fit(train, { factor: 3 }))).toBe('fit has no option "factor": did you mean "factors"?');
  // @ts-expect-error
  expect(await told(() => fit(train, { Sweeps: 3 }))).toContain('did you mean "sweeps"?');
  // @ts-expect-error
  expect(await told(() => fit(train, { earlystop: false }))).toContain('did you mean "earlyStop"?');
  // @ts-expect-error
  expect(await told(() => fit(train, { wormholes: 3 }))).toMatch(/has no option "wormholes": the options are .*factors.*sweeps/);
});

test("names of other libraries are translated", async () => {
  // @ts-expect-error
  expect(await told(() => fit(train, { alpha: 40, iterations: 15 }))).toBe(
    'fit has no option "alpha", "iterations": "alpha" is called "confidence" here, and is an option of the model implicit; ' +
      '"iterations" is called "sweeps" here',
  );
  const called = async (options: object, name: string) => expect(await told(() => fit(train, options))).toContain(`is called ${name} here`);
  await called({ model: "implicit", alpha: 40 }, '"confidence"');
  await called({ rank: 10 }, '"factors"');
  await called({ n_factors: 10 }, '"factors"');
  await called({ regParam: 0.1 }, '"tauUsers" and "tauItems"');
  await called({ model: "implicit", regularization: 0.1 }, '"tauUsers" and "tauItems"');
  await called({ model: "vb", tau: 5 }, '"tauUsers" and "tauItems"');
  await called({ model: "sgd", learning_rate: 0.1 }, '"stepSize"');
  await called({ random_state: 1 }, '"seed"');
  await called({ maxIter: 10 }, '"sweeps"');
  await called({ n_epochs: 10 }, '"sweeps"');
});

test("hyperparameters of another model are refused, by the types too", async () => {
  // @ts-expect-error
  expect(await told(() => fit(train, { model: "vb", tauFeatures: 1 }))).toContain('vb has no hyperparameter "tauFeatures"');
  // @ts-expect-error
  expect(await told(() => fit(train, { model: "vb", update: "joint" }))).toContain('vb has no hyperparameter "update"');
  // @ts-expect-error
  expect(await told(() => fit(train, { model: "gibbs", tauUsers: 1 }))).toContain('gibbs has no hyperparameter "tauUsers"');
  // @ts-expect-error
  expect(await told(() => fit(train, { confidence: 40 }))).toContain('als has no hyperparameter "confidence"');
  // @ts-expect-error
  expect(await told(() => fit(train, { factors: 3, confidence: 40 }))).toContain('als has no hyperparameter "confidence"');
  // @ts-expect-error
  expect(await told(() => planTraining(train, { model: "gd", warmUp: 3 }))).toContain('gd has no hyperparameter "warmUp"');
  // @ts-expect-error
  expect(await told(() => fit(train, { model: "svd" }))).toContain('model is "svd"');
  const typed: FitOptions[] = [
    {},
    { update: "sequential" },
    { model: "vb", covariance: "diagonal" },
    { model: "implicit", confidence: 40 },
    { model: "sgd", stepSize: 0.1 },
    { model: "logistic", negatives: 2 },
  ];
  const ofOne: FitOptionsOf<"vb"> = { model: "vb", learn: false };
  for (const options of [...typed, ofOne]) expect((options as { model?: string }).model ?? "als").toBeTypeOf("string");
});

test("predictive does not compile on a point estimate that the types know, and throws", async () => {
  const options = { factors: 1, sweeps: 1, device: "reference" } as const;
  const { model: als } = await fit(train, { model: "als", ...options });
  const { model: vb } = await fit(train, { model: "vb", ...options });
  const [user, item] = [train.users.raw[0], train.items.raw[0]];
  // @ts-expect-error
  expect(await told(() => als.predictive(user, item))).toContain("a model of als predicts ratings without their spread");
  expect(vb.predictive(user, item).deviation).toBeGreaterThan(0);
  // Of models of any kind it is asked at run time.
  const any: FactorModel = als;
  expect(await told(() => any.predictive(user, item))).toContain("train a model of vb");
});

test("a search tries the hyperparameters of its model alone, by the types too", async () => {
  const quick = { device: "reference" } as const;
  // @ts-expect-error
  expect(await told(() => search(train, { ...quick, space: { factor: [1] } }))).toContain('als has no hyperparameter "factor"');
  // @ts-expect-error
  expect(await told(() => search(train, { ...quick, space: { stepSize: [0.1] } }))).toContain('als has no hyperparameter "stepSize"');
  // @ts-expect-error
  expect(await told(() => search(train, { ...quick, model: "gibbs", space: { tau: [1] } }))).toContain('gibbs has no hyperparameter "tau"');
  // @ts-expect-error
  expect(await told(() => search(train, { ...quick, space: { factors: 8 } }))).toContain("write [8], or { from: …, to: … }");
  expect(await told(() => search(train, { ...quick, space: { factors: ["8"] } }))).toContain('factors is "8"');
  expect(await told(() => search(train, { ...quick, space: { update: { from: 1, to: 2 } } }))).toContain("update is a range");
  const words = ["joint", "sequential"];
  const typed: SearchOptions[] = [
    { space: { factors: [8, 16], tau: { from: 0.1, to: 10 }, update: words, biases: [true, false] }, method: "random" },
    { model: "vb", space: { factors: [1], tau: undefined as never } },
    { model: "logistic", space: { stepSize: [0.1], gammaUsers: [1], positiveThreshold: [4] } },
  ];
  const ofOne: SearchOptionsOf<"gd"> = { model: "gd", space: { momentum: [0.5] } };
  for (const { space } of [...typed, ofOne]) expect(space).toBeTypeOf("object");
  const { plan } = await search(train, { ...quick, sweeps: 1, space: { factors: [1], tau: undefined } });
  expect(plan.space).toEqual({ factors: [1] });
});

test("an option that is undefined is none", async () => {
  const options: FitOptions = { model: "als", factors: 1, sweeps: 1, device: "reference" };
  await expect(fit(train, { ...options, ...({ confidence: undefined, wormholes: undefined } as object) })).resolves.toBeDefined();
});

test("what is no object of options is refused", async () => {
  // @ts-expect-error
  expect(await told(() => fit(train, 5))).toContain("fit takes its options by name, in an object, not 5");
  // @ts-expect-error
  expect(await told(() => fit(train, null))).toContain("in an object, not null");
  // @ts-expect-error
  expect(await told(() => model.recommend(1, 5))).toBe(
    "recommend takes its options by name, in an object, not 5: write { n: … }; the options are n, alpha, coldItems, filter, thompsonSeed, filterSeen",
  );
  // @ts-expect-error
  expect(await told(() => splitRatings(ratings, 0.2))).toContain("in an object, not 0.2");
  // @ts-expect-error
  expect(await told(() => rankingMetrics(model, train, heldOut, [10]))).toContain("in an object, not [10]");
});

/** A call with an option that is not there, and what it must be told. */
const CALLS: [call: (options: never) => unknown, options: object, near: string][] = [
  [(o) => planTraining(train, o), { factor: 3 }, '"factors"'],
  [(o) => search(train, o), { space: {}, metod: "grid" }, '"method"'],
  [(o) => search(train, o), { space: {}, factors: 3 }, '"factors" is an option of "space"'],
  [(o) => search(train, o), { space: {}, holdout: { shares: 0.3 } }, '"share"'],
  [(o) => search(train, o), { space: { rank: [3] } }, '"factors"'],
  [(o) => partialFit(model, train, o), { refits: "users" }, '"refit"'],
  [(o) => explain(model, 1, [], o), { User: 1 }, '"user"'],
  [(o) => model.predict(1, 1, o), { cold_start: "mean" }, '"coldStart"'],
  [(o) => model.recommend(1, o), { N: 3 }, '"n"'],
  [(o) => model.recommend(1, o), { topK: 3 }, '"n"'],
  [(o) => model.recommend(1, o), { filter_already_liked_items: false }, '"filterSeen"'],
  [(o) => model.recommendFor([[1, 5]], o), { count: 3 }, '"n"'],
  [(o) => model.recommendForOn(new ReferenceEngine(), [[1, 5]], o), { filters: () => true }, '"filter"'],
  [(o) => model.similarItems(1, o), { minRatings: 3 }, '"minimumRatings"'],
  [(o) => model.similarUsers(1, o), { k: 3 }, '"n"'],
  [(o) => recommendAll(new ReferenceEngine(), model, o).next(), { user: [1] }, '"users"'],
  [(o) => splitRatings(ratings, o), { test_size: 0.2 }, '"share"'],
  [(o) => readPath("data/tiny", o), { sep: "," }, '"delimiter"'],
  [(o) => readPath("data/tiny", o), { columns: { value: 2 } }, "the options are user, item, rating, time"],
  [(o) => readRatings(table, o), { headers: true }, '"header"'],
  [(o) => readRatings(table, o), { cacheFolder: "x" }, "the options are"],
  [(o) => readFolder({ name: "f", list: async () => [], open: async () => table }, o), { splits: "u1" }, '"split"'],
  [(o) => readFeatures(table, o), { delimeter: "," }, '"delimiter"'],
  [(o) => rankingMetrics(model, train, heldOut, o), { n: 3 }, '"k"'],
  [(o) => syntheticRatings(o), { n_users: 3 }, '"users"'],
  [(o) => filmRatings(o), { rating: 3000 }, '"ratings"'],
  [(o) => model.recommend(1, o), { coldStart: true }, '"coldItems"'],
  [(o) => rankingMetrics(model, train, heldOut, o), { threshold: 4 }, '"relevanceThreshold"'],
  [(o) => predictRatings(model, ratings, o), { coldStartStrategy: "drop" }, '"coldStart"'],
  [(o) => logDensity(model, ratings, o), { coldstart: "prior" }, '"coldStart"'],
  [(o) => itemFilter(model, o), { genre: ["Drama"] }, '"genres"'],
  [(o) => genreMap(model, o), { genre: ["Drama"] }, '"genres"'],
  [(o) => alphaEffect(model, o), { alpha: [1] }, '"alphas"'],
  [(o) => polarizingItems(model, o), { minRatings: 1 }, '"minimumRatings"'],
  [(o) => encodeCsv([], o), { headers: false }, '"header"'],
  [(o) => openEngine("reference", undefined, o), { thread: 1 }, '"threads"'],
  [(o) => CpuEngine.create(o), { nThreads: 1 }, '"threads"'],
  [(o) => WebGpuEngine.create(o), { memory: 1 }, '"memoryBytes"'],
  [(o) => fetchKnownSet("ml-100k", o), { cache: "x" }, '"cacheFolder"'],
];

test("names that every object has are names like any other", async () => {
  for (const name of ["constructor", "toString", "hasOwnProperty", "valueOf"]) {
    expect(await told(() => fit(train, { [name]: 1 } as never))).toContain(`"${name}"`);
    expect(await told(() => model.recommend(1, { [name]: 1 } as never))).toContain(`"${name}"`);
    expect(await told(() => fit(train, { model: name } as never))).toContain(`model is "${name}"`);
    expect(await told(() => search(train, { space: { [name]: [1] } } as never))).toContain(`"${name}"`);
  }
});

test.each(CALLS)("%s refuses %j", async (call, options, near) => {
  expect(await told(() => call(options as never))).toContain(near);
});

// What a training on implicit feedback must satisfy on either engine.

import { describe, expect, test } from "vitest";
import { rankingMetrics } from "../../src/metrics/ranking.js";
import { decodeModel, encodeModel } from "../../src/model-file.js";
import { implicitFigures, implicitHyperparameters } from "../../src/models/implicit.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { buildCsr } from "../../src/ratings/csr.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit } from "../../src/training/fit.js";
import { hotCase, problemOf, relativeError } from "../parity/cases.js";
import { openTraining } from "../../src/models/registry.js";
import { ENGINE_KINDS, testEngines } from "../support/engines.js";

const ratings = syntheticRatings({ users: 120, items: 80, ratings: 2000, seed: 4 });
const { train, heldOut } = splitRatings(ratings);
const engines = await testEngines();

describe.each(ENGINE_KINDS)("on %s", (kind) => {
  const engine = engines[kind];
  const wobble = kind === "reference" ? 1e-12 : 2e-6;

  test.each([0, 0.5, 20])("the objective never rises in a half-sweep, confidence %f", async (confidence) => {
    const hyperparameters = implicitHyperparameters({ factors: 4, tauUsers: 0.7, tauItems: 1.3, confidence });
    const { byUser, byItem, initial } = problemOf(hotCase(5, 60, 50, 1500), { factors: 4, biases: false, mean: false });
    const session = await openTraining(engine, { model: "implicit", hyperparameters, byUser, byItem, initial, seed: 1 });
    const objective = async (): Promise<number> => implicitFigures(hyperparameters, await session.measure()).objective;
    let before = await objective();
    for (let sweep = 0; sweep < 4; sweep++) {
      for (const step of [["users"], ["items", { from: 0, to: 20 }], ["items", { from: 20, to: 50 }]] as const) {
        await session.solve(step[0], step[1]);
        const after = await objective();
        expect(after).toBeLessThanOrEqual(before + wobble * Math.abs(before));
        before = after;
      }
    }
    session.destroy();
  });

  test("fully observed, every user's factors are those of one dense solve", async () => {
    const [M, N, K, tau] = [train.users.size, train.items.size, 3, 0.5];
    const hyperparameters = implicitHyperparameters({ factors: K, tauUsers: tau, tauItems: tau, confidence: 0 });
    const { initial } = problemOf({ users: M, items: N, ratings: train }, { factors: K, biases: false, mean: false });
    const byUser = buildCsr(train, "users", M);
    const session = await openTraining(engine, {
      model: "implicit",
      hyperparameters,
      byUser,
      byItem: buildCsr(train, "items", N),
      initial,
      seed: 1,
    });
    await session.solve("users");
    const { userFactors } = await session.read();
    session.destroy();
    // Gradient of ½|X − U Vᵀ|² + ½τ|U|² over the dense 0/1 matrix X.
    const v = initial.itemFactors;
    const gradient = new Float32Array(M * K);
    for (let m = 0; m < M; m++) {
      const seen = new Set(byUser.index.subarray(byUser.start[m], byUser.start[m + 1]));
      for (let n = 0; n < N; n++) {
        let error = seen.has(n) ? -1 : 0;
        for (let k = 0; k < K; k++) error += userFactors[m * K + k] * v[n * K + k];
        for (let k = 0; k < K; k++) gradient[m * K + k] += error * v[n * K + k];
      }
      for (let k = 0; k < K; k++) gradient[m * K + k] += tau * userFactors[m * K + k];
    }
    expect(relativeError(gradient, new Float32Array(M * K))).toBeLessThan(2e-4);
  });

  test("it ranks held-out items better than chance does, saves and folds in", async () => {
    const { model, history } = await fit(train, { model: "implicit", factors: 8, tauUsers: 20, tauItems: 20, sweeps: 8, device: engine });
    expect(history[0]).toMatchObject({ trainRmse: null, heldOutRmse: null });
    const metrics = rankingMetrics(model, train, heldOut, { relevanceThreshold: 0 });
    const unseen = train.items.size - train.count / train.users.size;
    expect(metrics.recall).toBeGreaterThan((1.6 * metrics.k) / unseen);
    const loaded = decodeModel(encodeModel(model));
    expect(loaded.parameters).toEqual(model.parameters);
    // Someone new with the feedback of a known user is given that user's factors.
    const feedback = Array.from(train.item, (n, at) => [train.user[at], train.items.rawAt(n), train.value[at]] as const);
    const mine = feedback.filter(([user]) => user === 3).map(([, item, value]) => [item, value] as const);
    const asNew = loaded.recommendFor(mine, { n: 5 });
    const asKnown = model.recommend(train.users.rawAt(3), { n: 99 });
    for (const { id, score } of asNew) expect(asKnown.find((item) => item.id === id)?.score ?? score).toBeCloseTo(score, 1);
  });
});

test("counts: log is the default, and is not moved by the unit in which the most avid listen", async () => {
  const options = { model: "implicit", factors: 4, heldOut, earlyStop: false, sweeps: 4, keeps: "last", device: engines.cpu } as const;
  const [plain, log, binary, raw] = await Promise.all(
    [undefined, "log", "binary", "raw"].map(
      async (counts) => (await fit(train, { ...options, counts: counts as "log" | undefined })).model,
    ),
  );
  expect(plain.parameters).toEqual(log.parameters);
  expect(plain.hyperparameters).toMatchObject({ counts: "log" });
  expect(binary.parameters).not.toEqual(log.parameters);
  expect(raw.parameters).not.toEqual(log.parameters);
  const ones = new Ratings({ user: train.user, item: train.item, value: train.value.map(() => 1) }, train.users, train.items);
  const alike = await fit(ones, { ...options, heldOut: undefined, counts: "raw" });
  expect(alike.model.parameters.userFactors).toEqual(binary.parameters.userFactors);
  expect(decodeModel(encodeModel(binary)).hyperparameters).toEqual(binary.hyperparameters);
  await expect(fit(train, { ...options, counts: "square" as "log" })).rejects.toThrow(/counts is "square"/);
});

test("a model of ratings says that counts are for implicit", async () => {
  const plays = new Ratings(
    { user: train.user, item: train.item, value: train.value.map((value) => Math.ceil(value * 900)) },
    train.users,
    train.items,
  );
  for (const [set, told] of [
    [plays, 1],
    [train, 0],
  ] as const) {
    const notices: string[] = [];
    await fit(set, { factors: 2, sweeps: 1, device: engines.cpu, onNotice: (notice) => notices.push(notice) });
    expect(notices.filter((notice) => notice.includes("implicit is the model of counts"))).toHaveLength(told);
  }
});

test("a model that starts from one with biases has none of them", async () => {
  const options = { factors: 4, sweeps: 2, device: engines.cpu } as const;
  const { model: init } = await fit(train, options);
  expect(init.parameters.itemBiases.some((bias) => bias !== 0)).toBe(true);
  const { parameters } = (await fit(train, { ...options, model: "implicit", init })).model;
  for (const biases of [parameters.userBiases, parameters.itemBiases]) expect(biases.every((bias) => bias === 0)).toBe(true);
});

// Side information in training: parity, objectives, the errata of the printed formula, cold start.
// docs/models.md, "Side information".

import { describe, expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.js";
import type { Problem } from "../../src/models/registry.js";
import { featuresOf, solveWeights } from "../../src/models/side-information.js";
import { productOf, transposed } from "../../src/ratings/sparse.js";
import { implicitFigures, implicitHyperparameters } from "../../src/models/implicit.js";
import type { Parameters } from "../../src/models/parameters.js";
import { elbo, vbHyperparameters } from "../../src/models/vb.js";
import { OptionsError, UnknownIdError } from "../../src/errors.js";
import { decodeModel, encodeModel } from "../../src/model-file.js";
import { alsObjective } from "../../src/models/als.js";
import { MODELS } from "../../src/models/registry.js";
import { FeatureTable } from "../../src/ratings/features.js";
import type { SparseRows } from "../../src/ratings/sparse.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { seededRandom } from "../../src/random.js";
import { fit, type FitOptions } from "../../src/training/fit.js";
import { hotCase, problemOf, relativeError } from "../parity/cases.js";
import { openTraining } from "../../src/models/registry.js";
import { ENGINE_KINDS, testEngines, withWebGpu } from "../support/engines.js";
import { checkpointAfter, expectSameTraining } from "../support/resume.js";

const engines = await testEngines();
const { reference, webgpu } = engines;

/** Random features; every seventh entity has none. */
function someFeatures(count: number, features: number, seed: number): SparseRows {
  const random = seededRandom(seed);
  const entries = Array.from({ length: count }, (_, row) => row).flatMap((row) =>
    row % 7 === 0
      ? []
      : Array.from({ length: 1 + random.below(3) }, () => [row, `f${random.below(features)}`, 1 + random.uniform()] as const),
  );
  const table = FeatureTable.from(entries);
  return table.rowsFor(Ratings.from(Array.from({ length: count }, (_, row) => [0, row, 1] as const)).items);
}

/** The weights that a block update gives: (SᵀS + ρ I)⁻¹ Sᵀ X. */
function weightsOf(rows: SparseRows, ratio: number, factors: Float64Array, D: number): Float64Array {
  const right = productOf(transposed(rows), factors, D);
  const weights = new Float64Array(rows.columns * D);
  solveWeights(featuresOf(rows), ratio, right, weights, D, { tolerance: 1e-12 });
  return weights;
}

function problemWithFeatures(factors: number, update: "joint" | "sequential" = "joint"): Problem {
  const { users, items, ratings } = hotCase(5, 60, 50, 1500);
  const given = { factors, update, tauUsers: 0.7, tauItems: 1.3, gammaUsers: 0.2, gammaItems: 0.4, lambda: 2, tauFeatures: 0.9 };
  const features = { users: someFeatures(users, 5, 1), items: someFeatures(items, 8, 2) };
  return { ...problemOf({ users, items, ratings }, given), features };
}

/** Every pair once, and no biases. */
function implicitWithFeatures(factors: number, cgSteps?: number): Problem<"implicit"> {
  const { features, seed } = problemWithFeatures(factors);
  const { users, items, ratings } = hotCase(5, 60, 50, 1500);
  const pairs = new Map(Array.from(ratings.user, (user, at) => [user * items + ratings.item[at], at] as const));
  const once = (column: "user" | "item"): Uint32Array => Uint32Array.from(pairs.values(), (at) => ratings[column][at]);
  const columns = { user: once("user"), item: once("item"), value: Float32Array.from(pairs.values(), (at) => ratings.value[at]) };
  const { byUser, byItem, initial } = problemOf({ users, items, ratings: columns }, { factors, biases: false, mean: false });
  const given = { factors, tauUsers: 0.7, tauItems: 1.3, tauFeatures: 0.9, confidence: 0.5 };
  const hyperparameters = implicitHyperparameters({ ...given, ...(cgSteps && { solver: "cg", cgSteps }) });
  return { model: "implicit", hyperparameters, byUser, byItem, initial, features, seed };
}

/** The objective of `implicit` with features, from its definition. */
function implicitByHand({ byUser, features, hyperparameters: h }: Problem<"implicit">, parameters: Parameters): number {
  const { factors: K, userFactors, itemFactors, features: weights } = parameters;
  let sum = 0;
  for (let m = 0; m < byUser.count; m++) {
    const rated = new Map<number, number>();
    for (let at = byUser.start[m]; at < byUser.start[m + 1]; at++) rated.set(byUser.index[at], byUser.value[at]);
    for (let n = 0; n < itemFactors.length / K; n++) {
      const score = Array.from({ length: K }, (_, k) => userFactors[m * K + k] * itemFactors[n * K + k]).reduce((a, b) => a + b, 0);
      const value = rated.get(n) ?? 0;
      sum += (1 + h.confidence * Math.log1p(value)) * (Number(value > 0) - score) ** 2;
    }
  }
  for (const [side, rows, tau] of [
    ["users", userFactors, h.tauUsers],
    ["items", itemFactors, h.tauItems],
  ] as const) {
    const means = productOf(features![side]!, Float64Array.from(weights![side]!), K + 1);
    rows.forEach((value, at) => (sum += tau * (value - means[Math.floor(at / K) * (K + 1) + (at % K)]) ** 2));
    weights![side]!.forEach((value) => (sum += h.tauFeatures * value * value));
  }
  return 0.5 * sum;
}

const STEPS = [
  ["solve", "users"],
  ["solveFeatures", "users"],
  ["solve", "items"],
  ["solveFeatures", "items"],
] as const;

describe.each(ENGINE_KINDS)("on %s", (kind) => {
  const engine = engines[kind];

  test.each(["joint", "sequential"] as const)("the objective never rises, neither by rows nor by features: %s", async (update) => {
    const problem = problemWithFeatures(4, update);
    const session = await openTraining(engine, problem);
    let before = alsObjective(problem.hyperparameters, await session.measure());
    for (let sweep = 0; sweep < 5; sweep++) {
      for (const [step, side] of STEPS) {
        await session[step](side);
        const after = alsObjective(problem.hyperparameters, await session.measure());
        expect(after).toBeLessThanOrEqual(before * (1 + (kind === "reference" ? 1e-12 : 1e-6)));
        before = after;
      }
    }
    session.destroy();
  });

  test("the ELBO never falls, neither by rows, nor by features, nor by what is learned", async () => {
    const { hyperparameters: _, ...problem } = problemWithFeatures(4);
    const hyperparameters = vbHyperparameters({ factors: 4, featurePrecision: 2, lambda: 2, tauUsers: 0.7, tauItems: 1.3 });
    const training = await openTraining(engine, { ...problem, model: "vb", hyperparameters });
    let before = (await training.measure()).elbo;
    const rises = async (): Promise<void> => {
      const measured = await training.measure();
      expect(measured.elbo).toBe(elbo(measured.precisions, measured));
      expect(measured.elbo).toBeGreaterThanOrEqual(before - Math.abs(before) * (kind === "reference" ? 1e-12 : 2e-6));
      before = measured.elbo;
    };
    for (let sweep = 0; sweep < 4; sweep++) {
      for (const [step, side] of STEPS) {
        await training[step](side);
        await rises();
      }
      training.learn(await training.measure());
      await rises();
    }
    training.destroy();
  });

  test.each([undefined, 2])("the objective of implicit never rises, neither by rows nor by features: %s steps", async (cgSteps) => {
    const problem = implicitWithFeatures(4, cgSteps);
    const { hyperparameters } = problem;
    const training = await openTraining(engine, problem);
    const objective = async (): Promise<number> => implicitFigures(hyperparameters, await training.measure()).objective;
    let before = await objective();
    for (let sweep = 0; sweep < 5; sweep++) {
      for (const [step, side] of STEPS) {
        await training[step](side);
        const after = await objective();
        expect(after).toBeLessThanOrEqual(before * (1 + (kind === "reference" ? 1e-12 : 1e-6)));
        before = after;
      }
    }
    expect(before / implicitByHand(problem, await training.read())).toBeCloseTo(1, 5);
    training.destroy();
  });

  test.each(["vb", "gibbs", "implicit"] as const)("%s with features on both sides agrees with the reference", async (model) => {
    const given = { ...problemWithFeatures(3), model, hyperparameters: MODELS[model].complete({ factors: 3 }) };
    const problem = model === "implicit" ? implicitWithFeatures(3) : (given as Problem<"vb" | "gibbs">);
    const run = async (on: Engine) => {
      const training = await openTraining(on, problem);
      for (const sweep of [1, 2, 3]) await training.sweep(sweep);
      const parameters = await training.read();
      training.destroy();
      return parameters;
    };
    const [actual, expected] = [await run(engine), await run(reference)];
    for (const name of ["userFactors", "itemFactors", "userBiases", "itemBiases"] as const)
      expect(relativeError(actual[name], expected[name]), name).toBeLessThanOrEqual(2e-3);
    for (const side of ["users", "items"] as const)
      expect(relativeError(actual.features![side]!, expected.features![side]!), side).toBeLessThanOrEqual(2e-3);
  });
});

test.runIf(withWebGpu).each([1, 2, 3, 7, 10, 31, 64])("shaders and reference agree, K = %i", async (factors) => {
  const problem = problemWithFeatures(factors);
  const run = async (engine: Engine) => {
    const session = await openTraining(engine, problem);
    for (const [step, side] of STEPS) await session[step](side);
    await session.solve("users");
    const [sums, parameters] = [await session.measure(), await session.read()];
    session.destroy();
    return { sums, parameters };
  };
  const [actual, expected] = [await run(webgpu), await run(reference)];
  for (const name of ["userFactors", "itemFactors", "userBiases", "itemBiases"] as const)
    expect(relativeError(actual.parameters[name], expected.parameters[name]), name).toBeLessThanOrEqual(1e-3);
  for (const side of ["users", "items"] as const)
    expect(relativeError(actual.parameters.features![side]!, expected.parameters.features![side]!)).toBeLessThanOrEqual(1e-3);
  expect(actual.sums.featureFactors / expected.sums.featureFactors).toBeCloseTo(1, 3);
  expect(actual.sums.itemFactors / expected.sums.itemFactors).toBeCloseTo(1, 3);
});

test("the denominator printed as Σ 1/F_n − 1 raises the objective that the right one lowers", () => {
  const K = 2;
  const rows = someFeatures(40, 6, 3);
  const random = seededRandom(4);
  const factors = Float64Array.from({ length: 40 * K }, () => random.normal());
  const ratio = 0.5;
  const features = Float64Array.from({ length: rows.columns * K }, () => random.normal());
  const objective = (f: Float64Array): number => {
    const means = productOf(rows, f, K);
    let sum = 0;
    factors.forEach((value, at) => (sum += (value - means[at]) ** 2));
    f.forEach((value) => (sum += ratio * value * value));
    return sum;
  };
  /** One pass over the features, one at a time, with what is added to Σ s² in the denominator. */
  const pass = (added: number): Float64Array => {
    const f = features.slice();
    for (let i = 0; i < rows.columns; i++) {
      let denominator = added;
      const numerator = new Float64Array(K);
      const means = productOf(rows, f, K);
      for (let row = 0; row < rows.count; row++) {
        for (let at = rows.start[row]; at < rows.start[row + 1]; at++) {
          if (rows.index[at] !== i) continue;
          const s = rows.value[at];
          denominator += s * s;
          for (let k = 0; k < K; k++) numerator[k] += s * (factors[row * K + k] - means[row * K + k] + s * f[i * K + k]);
        }
      }
      for (let k = 0; k < K; k++) f[i * K + k] = numerator[k] / denominator;
    }
    return f;
  };
  const before = objective(features);
  const [right, printed, best] = [pass(ratio), pass(-1), weightsOf(rows, ratio, factors, K)].map(objective);
  expect(right).toBeLessThan(before);
  expect(printed).toBeGreaterThan(right);
  // The block update is the minimum.
  expect(best).toBeLessThanOrEqual(right);
  let gradient = 0;
  const solved = weightsOf(rows, ratio, factors, K);
  for (let at = 0; at < solved.length; at++) {
    const [up, down] = [solved.slice(), solved.slice()];
    up[at] += 1e-4;
    down[at] -= 1e-4;
    gradient = Math.max(gradient, Math.abs(objective(up) - objective(down)) / 2e-4);
  }
  expect(gradient).toBeLessThan(1e-6);
});

test("items without ratings are predicted and recommended by their genres, before and after a file", async () => {
  const ratings = syntheticRatings({ users: 150, items: 80, ratings: 4000, noise: 0.3, seed: 3 });
  // The last ten items lose their ratings.
  const kept = Array.from(ratings.item.keys()).filter((at) => (ratings.items.rawAt(ratings.item[at]) as number) <= 70);
  const rows = kept.map((at) => [ratings.users.rawAt(ratings.user[at]), ratings.items.rawAt(ratings.item[at]), ratings.value[at]] as const);
  const train = Ratings.from(rows, { catalogue: ratings.catalogue });
  const options = {
    itemFeatures: FeatureTable.genres(ratings.catalogue),
    factors: 3,
    tauUsers: 2,
    tauItems: 4,
    sweeps: 15,
    device: "cpu" as const,
  };
  const { model } = await fit(train, options);
  const loaded = decodeModel(encodeModel(model));
  const user = train.users.rawAt(0);
  expect(() => loaded.predict(user, 9999)).toThrow(UnknownIdError);
  expect(loaded.predict(user, 75)).toBe(model.predict(user, 75));
  const list = loaded.recommend(user, { n: 200, alpha: 0, coldItems: true });
  expect(
    list
      .filter(({ ratings: count }) => count === 0)
      .map(({ id }) => Number(id))
      .sort((a, b) => a - b),
  ).toEqual([71, 72, 73, 74, 75, 76, 77, 78, 79, 80]);
  expect(list.every(({ score }, at) => at === 0 || score <= list[at - 1].score)).toBe(true);
  expect(list.find(({ id }) => id === 75)!.predicted).toBeCloseTo(model.predict(user, 75), 5);
  // The held-out ratings of the cold items are predicted better by their genres than by
  // the mean and the user's bias alone.
  let [byGenre, byBias] = [0, 0];
  for (let at = 0; at < ratings.count; at++) {
    const [u, i] = [ratings.users.rawAt(ratings.user[at]), ratings.items.rawAt(ratings.item[at]) as number];
    if (i <= 70) continue;
    const { globalMean, userBiases } = model.parameters;
    byGenre += (ratings.value[at] - model.predict(u, i)) ** 2;
    byBias += (ratings.value[at] - globalMean - userBiases[model.users.indexOf(u)]) ** 2;
  }
  expect(byGenre).toBeLessThan(byBias);
});

test("a training with features goes on from a saved model; other features start anew", async () => {
  const ratings = syntheticRatings({ users: 60, items: 40, ratings: 600 });
  const given = { itemFeatures: FeatureTable.genres(ratings.catalogue), factors: 3, tauUsers: 2, tauItems: 2, earlyStop: false };
  const devices = Object.values(engines);
  const implicit = { ...given, model: "implicit", userFeatures: FeatureTable.ratedSets(), measureBy: "loss" } as const;
  const trainings: [Engine, FitOptions][] = [...devices.map((on): [Engine, FitOptions] => [on, given]), [engines.cpu, implicit]];
  for (const [device, options] of trainings) {
    const whole = await fit(ratings, { ...options, device, sweeps: 6 });
    const resume = await checkpointAfter(3, (more) => fit(ratings, { ...options, device, ...more }));
    expectSameTraining(await fit(ratings, { ...options, device, sweeps: 6, resume }), whole);
    const half = await fit(ratings, { ...options, device, sweeps: 3 });
    const init = decodeModel(encodeModel(half.model));
    const others = FeatureTable.from(ratings.items.raw.map((id) => [id, `group ${Number(id) % 3}`, 1] as const));
    const changed = await fit(ratings, { ...options, itemFeatures: others, device, sweeps: 1, init });
    expect(changed.model.parameters.features!.items!.length).toBe(3 * 4);
  }
});

test("features are refused where they have no meaning", async () => {
  const ratings = syntheticRatings({ users: 20, items: 15, ratings: 120 });
  const itemFeatures = FeatureTable.genres(ratings.catalogue);
  await expect(fit(ratings, { model: "sgd", itemFeatures, device: "cpu" })).rejects.toThrow(OptionsError);
  await expect(fit(ratings, { factors: 0, itemFeatures, device: "cpu" })).rejects.toThrow(/factors is 0/);
  await expect(fit(ratings, { tauItems: 0, itemFeatures, device: "cpu" })).rejects.toThrow(/tauItems is 0/);
  await expect(fit(ratings, { regularization: "weighted", itemFeatures, device: "cpu" })).rejects.toThrow(/plain/);
});

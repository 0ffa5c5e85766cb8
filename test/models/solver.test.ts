// The solver of `als` and `implicit`: which one is taken, what is refused, and models of 512 factors all the way from
// training to lists, files and new users.

import { describe, expect, test } from "vitest";
import { NO_ITEM } from "../../src/engine/engine.js";
import { CpuEngine } from "../../src/engine/cpu/engine.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import { OptionsError } from "../../src/errors.js";
import { encodeNpz } from "../../src/export/npz.js";
import { decodeModel, encodeModel } from "../../src/model-file.js";
import { alsHyperparameters, alsSystem } from "../../src/models/als.js";
import { implicitHyperparameters, implicitSystem } from "../../src/models/implicit.js";
import { MAX_FACTORS } from "../../src/models/hyperparameters.js";
import { MAX_FACTORS_CG } from "../../src/models/solver.js";
import { foldInSystem } from "../../src/recommend/fold-in.js";
import { partialFit } from "../../src/recommend/partial-fit.js";
import { seededRandom } from "../../src/random.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit } from "../../src/training/fit.js";
import type { Checkpoint } from "../../src/training/checkpoint.js";
import { hyperparametersFor, planTraining } from "../../src/training/plan.js";
import { type EngineKind, ENGINE_KINDS, testEngines, withWebGpu } from "../support/engines.js";

const engines = await testEngines();
const { train, heldOut } = splitRatings(syntheticRatings({ users: 34, items: 26, ratings: 400, seed: 4 }));

test("K and the engine choose the solver where none is given, and what is given stays", () => {
  expect(alsHyperparameters()).toMatchObject({ solver: "cholesky", cgSteps: 3 });
  /** On an engine like that of the tests, but for whether a software driver is behind it. */
  const chosen = (model: "als" | "implicit", kind: EngineKind, software: boolean, factors: number, solver?: "cholesky" | "cg") => {
    const engine = { ...engines[kind], info: { ...engines[kind].info, software } };
    return hyperparametersFor(model, { model, factors, solver }, engine).solver;
  };
  const least = { als: { reference: 32, cpu: 32, webgpu: 96 }, implicit: { reference: 24, cpu: 24, webgpu: 96 } } as const;
  const cases = ENGINE_KINDS.flatMap((kind) => (kind === "webgpu" ? [false, true] : [true]).map((software) => ({ kind, software })));
  for (const model of ["als", "implicit"] as const) {
    for (const { kind, software } of cases) {
      const from = kind === "webgpu" && software ? 65 : least[model][kind];
      expect([1, from - 1, from, MAX_FACTORS_CG].map((factors) => chosen(model, kind, software, factors))).toEqual([
        "cholesky",
        "cholesky",
        "cg",
        "cg",
      ]);
      expect(chosen(model, kind, software, MAX_FACTORS, "cholesky")).toBe("cholesky");
      expect(chosen(model, kind, software, 2, "cg")).toBe("cg");
    }
  }
});

test("a training has the solver that was chosen in its model, also when it is gone on with", async () => {
  const run = (options: object) => fit(train, { factors: 33, sweeps: 3, device: engines.cpu, ...options });
  let taken: Checkpoint | undefined;
  const { model } = await run({ onCheckpoint: (checkpoint: Checkpoint) => void (taken = checkpoint) });
  expect(model.hyperparameters).toMatchObject({ solver: "cg", cgSteps: 3 });
  expect((await run({ resume: taken, sweeps: 4 })).history).toHaveLength(5);
  await expect(run({ resume: taken, solver: "cholesky" })).rejects.toThrow(/its hyperparameter solver is "?cg"?, now it is "?cholesky"?/);
});

test("a solver is refused by name where it is unknown, takes no steps, or does not go so far", () => {
  expect(() => alsHyperparameters({ solver: "lu" as "cg" })).toThrow(/solver is "lu": it must be "cholesky" or "cg"/);
  expect(() => implicitHyperparameters({ solver: "cg", cgSteps: 0 })).toThrow(/cgSteps is 0: it must be a whole number, 1 or greater/);
  expect(() => alsHyperparameters({ factors: 513 })).toThrow(/factors is 513: with solver: "cg" it must be a whole number from 0 to 512/);
  for (const complete of [alsHyperparameters, implicitHyperparameters]) {
    const error = ((): unknown => {
      try {
        return complete({ factors: 129, solver: "cholesky" });
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(OptionsError);
    expect(error).toMatchObject({ remedy: 'solver: "cg" takes up to 512' });
  }
  expect(() => implicitHyperparameters({ factors: 0, solver: "cg" })).toThrow(/from 1 to 512/);
});

test("engines are told of steps, and folding in is exact", () => {
  const [als, implicit] = [
    alsHyperparameters({ factors: 3, solver: "cg", cgSteps: 5 }),
    implicitHyperparameters({ factors: 3, solver: "cg" }),
  ];
  expect(alsSystem(als, "users").steps).toBe(5);
  expect(implicitSystem(implicit, "items").steps).toBe(3);
  expect(alsSystem(alsHyperparameters(), "users").steps).toBeUndefined();
  const parameters = { factors: 3 } as Parameters<typeof foldInSystem>[1];
  const both = [
    { model: "als", hyperparameters: als },
    { model: "implicit", hyperparameters: implicit },
  ] as const;
  for (const configured of both) expect(foldInSystem("users", parameters, configured)).toMatchObject({ steps: undefined });
});

test.runIf(withWebGpu)("tensor cores, which multiply for factorizations, are refused by name", async () => {
  await expect(fit(train, { factors: 2, solver: "cg", sweeps: 1, device: await tensorEngine() })).rejects.toThrow(/tensor cores/);
});

describe.each(ENGINE_KINDS.filter((kind) => kind !== "reference"))("%s", (kind) => {
  test.each(["als", "implicit"] as const)("%s of 512 factors: trained, listed, written, read, folded in", async (model) => {
    const tau = { tauUsers: 8, tauItems: 8 };
    const measured: (number | undefined)[] = [];
    const options = {
      factors: MAX_FACTORS_CG,
      heldOut,
      sweeps: 4,
      earlyStop: false,
      device: engines[kind],
      keeps: "last",
      ...tau,
    } as const;
    const onSweep = (entry: { objective: number }): void => void measured.push(entry.objective);
    const trained = (await (model === "als" ? fit(train, { ...options, onSweep }) : fit(train, { ...options, model, onSweep }))).model;
    expect(trained.hyperparameters).toMatchObject({ solver: "cg", cgSteps: 3 });
    for (let at = 1; at < measured.length; at++) expect(measured[at]).toBeLessThanOrEqual(measured[at - 1]! * (1 + 2e-6));

    const read = decodeModel(encodeModel(trained));
    expect(read.hyperparameters).toEqual(trained.hyperparameters);
    expect(read.parameters.userFactors).toEqual(trained.parameters.userFactors);
    expect(encodeNpz(read).length).toBeGreaterThan(4 * MAX_FACTORS_CG * (34 + 26));

    const lists = await engines[kind].topItems({ ...trained.parameters, userBiases: new Float32Array(34) }, noneSeen(34), 5, 1);
    const first = trained.users.raw[0];
    const expected = read.recommend(first, { n: 5, filterSeen: false, alpha: 1 }).map(({ id }) => trained.items.indexOf(id));
    expect(Array.from(lists.subarray(0, 5))).toEqual(expected);

    const rated = trained.items.raw.slice(0, 4).map((item) => [item, 5] as const);
    const [known, onEngine] = [read.recommendFor(rated, { n: 5 }), await read.recommendForOn(engines[kind], rated, { n: 5 })];
    expect(onEngine.map(({ id }) => id)).toEqual(known.map(({ id }) => id));
    const joined = partialFit(read, Ratings.from(rated.map(([item, value]) => ["new", item, value] as [string, number, number])));
    expect(joined.users.size).toBe(35);
    expect(joined.parameters.userFactors.subarray(34 * MAX_FACTORS_CG).every(Number.isFinite)).toBe(true);
  });

  test("what a training of 512 factors takes is said beforehand", async () => {
    const plan = await planTraining(train, { factors: MAX_FACTORS_CG, device: engines[kind] });
    expect(plan.secondsPerSweep).toBeGreaterThan(0);
    if (kind === "webgpu") expect(plan.memory!.totalBytes).toBeGreaterThan(2 * 4 * MAX_FACTORS_CG * (34 + 26));
  });
});

test("lists of 512 factors are the twin's to the last place where float32 is exact", async () => {
  const random = seededRandom(2);
  const values = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.below(3) - 1);
  const [M, N, K] = [23, 90, 512];
  const rows = { factors: K, userFactors: values(M * K), itemFactors: values(N * K), userBiases: values(M), itemBiases: values(N) };
  const expected = await engines.reference.topItems(rows, noneSeen(M), 7, 1);
  expect(expected).not.toContain(NO_ITEM);
  for (const kind of ENGINE_KINDS) expect(await engines[kind].topItems(rows, noneSeen(M), 7, 1), kind).toEqual(expected);
});

test("the same bits on 1, 2 and 3 threads, by conjugate gradients", async () => {
  const results = [];
  for (const threads of [1, 2, 3]) {
    const engine = await CpuEngine.create({ threads });
    for (const model of ["als", "implicit"] as const) {
      const options = { factors: 37, sweeps: 3, device: engine } as const;
      results.push((await (model === "als" ? fit(train, options) : fit(train, { ...options, model }))).model.parameters);
    }
    engine.destroy();
  }
  for (const at of [2, 4]) for (const other of [0, 1]) expect(results[at + other]).toEqual(results[other]);
});

const noneSeen = (users: number) => ({ start: new Uint32Array(users + 1), items: new Uint32Array(0) });
const tensorEngine = async (): Promise<WebGpuEngine> => new WebGpuEngine((engines.webgpu as WebGpuEngine).device, { tensorCores: true });

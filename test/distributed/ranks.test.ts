// Trainings that several ranks share end with the same bytes as one process's: every model, whatever the ranks.

import { afterAll, describe, expect, test } from "vitest";
import type { Communicator } from "../../src/distributed/communicator.js";
import { RanksEngine } from "../../src/distributed/ranks-engine.js";
import { ranksTogether } from "../../src/distributed/together.js";
import { CpuEngine } from "../../src/engine/cpu/engine.js";
import type { Engine } from "../../src/engine/engine.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import { RanksError } from "../../src/errors.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit, type FitOptions, type FitResult } from "../../src/training/fit.js";
import { checkpointAfter, expectSameTraining } from "../support/resume.js";

/** As many held-out ratings as are shared out in more than one run. */
const { train, heldOut } = splitRatings(syntheticRatings({ users: 900, items: 260, ratings: 44_000, seed: 4 }), { share: 0.4 });
const few = splitRatings(syntheticRatings({ users: 90, items: 60, ratings: 1500, seed: 4 }));

const MODELS: readonly (readonly [name: string, options: FitOptions])[] = [
  ["als", { model: "als" }],
  ["als, weighted, sequential", { model: "als", regularization: "weighted", update: "sequential" }],
  ["als with features and momentum", { model: "als", itemFeatures: FeatureTable.genres(train.catalogue), momentum: 0.4 }],
  ["als by conjugate gradients", { model: "als", solver: "cg" }],
  ["implicit by conjugate gradients", { model: "implicit", solver: "cg" }],
  ["vb, full", { model: "vb", covariance: "full", warmUp: 1 }],
  ["vb, diagonal", { model: "vb", covariance: "diagonal", warmUp: 1 }],
  ["gibbs", { model: "gibbs", burnIn: 1, samples: 3 }],
  ["implicit", { model: "implicit" }],
  ["gd", { model: "gd", stepSize: 0.2 }],
  ["sgd", { model: "sgd" }],
  ["logistic", { model: "logistic", positiveThreshold: 4 }],
];

/** The same training on so many ranks of this process. */
async function onRanks<T>(
  count: number,
  engine: () => Promise<Engine>,
  run: (engine: Engine, ranks: Communicator) => Promise<T>,
): Promise<T[]> {
  return await Promise.all(
    ranksTogether(count).map(async (ranks) => {
      const own = await engine();
      try {
        return await run(new RanksEngine(own, ranks), ranks);
      } catch (error) {
        ranks.abort(1);
        throw error;
      } finally {
        own.destroy();
      }
    }),
  );
}

const ENGINES: Readonly<Record<string, () => Promise<Engine>>> = {
  reference: async () => new ReferenceEngine(),
  cpu: () => CpuEngine.create({ threads: 1 }),
  webgpu: () => WebGpuEngine.create({ defaultLimits: true }),
};
const KINDS = ["reference", "cpu", "webgpu"] as const;
const one = { reference: new ReferenceEngine(), cpu: await CpuEngine.create({ threads: 2 }), webgpu: await ENGINES["webgpu"]() };
afterAll(() => KINDS.forEach((kind) => one[kind].destroy()));
const COUNTS = { reference: [2, 3, 4], cpu: [2, 4], webgpu: [2] };
/** Fewer ratings where an engine is slow. */
const DATA = { reference: few, cpu: { train, heldOut }, webgpu: few };

describe.each(KINDS)("on %s", (kind) => {
  test.each(MODELS)("2 to 4 ranks end with the bytes of one process: %s", async (_, model) => {
    const data = DATA[kind];
    const options = { factors: 3, heldOut: data.heldOut, earlyStop: false, sweeps: kind === "webgpu" ? 2 : 3, ...model };
    const whole = await fit(data.train, { ...options, device: one[kind] });
    for (const count of COUNTS[kind]) {
      const results = await onRanks(count, ENGINES[kind], (device) => fit(data.train, { ...options, device }));
      for (const result of results) expectSameTraining(result, whole);
    }
  });

  const resumed = kind === "webgpu" ? MODELS.filter(([name]) => name === "gibbs") : MODELS;
  test.each(resumed)("a checkpoint of one number of ranks is gone on with by another: %s", async (_, model) => {
    const data = DATA[kind];
    const options = { factors: 3, heldOut: data.heldOut, earlyStop: false, sweeps: 4, ...model };
    const run = (device: Engine, more: FitOptions): Promise<FitResult> => fit(data.train, { ...options, ...more, device } as FitOptions);
    const whole = await run(one[kind], {});
    const [ofTwo] = await onRanks(2, ENGINES[kind], (device) => checkpointAfter(2, (more) => run(device, more)));
    const ofOne = await checkpointAfter(2, (more) => run(one[kind], more));
    expect(ofTwo.state.engine).toEqual(ofOne.state.engine);
    const [onThree] = await onRanks(3, ENGINES[kind], (device) => run(device, { resume: ofTwo }));
    expectSameTraining(onThree, whole);
    expectSameTraining(await run(one[kind], { resume: ofTwo }), whole);
  });
});

test.each(["reference", "cpu"] as const)("ratings with weights go to their ranks with them, on %s", async (kind) => {
  const { train, heldOut } = few;
  const [weighed, held] = [train, heldOut].map(({ user, item, value, users, items }) => {
    const weight = value.map((_, at) => (at % 7) / 2);
    return new Ratings({ user, item, value, weight }, users, items);
  });
  for (const name of ["als, weighted, sequential", "als by conjugate gradients", "vb, full", "gibbs", "implicit", "gd", "sgd"]) {
    const [, model] = MODELS.find(([known]) => known === name)!;
    const options = { factors: 3, heldOut: held, earlyStop: false, sweeps: 3, ...model };
    const whole = await fit(weighed, { ...options, device: one[kind] });
    for (const result of await onRanks(3, ENGINES[kind], (device) => fit(weighed, { ...options, device })))
      expectSameTraining(result, whole);
  }
});

test("more ranks than rows are refused, naming the first rank without any", async () => {
  const { train: tiny } = splitRatings(syntheticRatings({ users: 40, items: 3, ratings: 60, seed: 4 }), { share: 0 });
  const error = await onRanks(4, ENGINES["reference"], (device) => fit(tiny, { device })).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(RanksError);
  expect((error as RanksError).message).toBe("rank 3 has no items: there are 4 ranks, and 3 items");
});

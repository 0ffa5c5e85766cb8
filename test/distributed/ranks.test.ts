// Trainings that several ranks share end with the same bytes as one process's: every model, whatever the ranks.

import { afterAll, describe, expect, test } from "vitest";
import { Alone, type Communicator } from "../../src/distributed/communicator.js";
import { DevicesEngine } from "../../src/distributed/devices-engine.js";
import { RanksEngine } from "../../src/distributed/ranks-engine.js";
import { ranksTogether } from "../../src/distributed/together.js";
import { CpuEngine } from "../../src/engine/cpu/engine.js";
import type { Engine } from "../../src/engine/engine.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import { OptionsError, RanksError } from "../../src/errors.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/training/checkpoint.js";
import { fit, type FitOptions, type FitResult } from "../../src/training/fit.js";
import { checkpointAfter, expectSameTraining } from "../support/resume.js";
import { testDevice } from "../support/engines.js";

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
  ["logistic, one rate", { model: "logistic", positiveThreshold: 4, rate: "shared" }],
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
  webgpu: async () => shared(one.webgpu),
};
/** An engine that others compute on too: what is compiled for one of them is there for all. */
const shared = (engine: Engine): Engine => ({
  info: engine.info,
  memory: (outline) => engine.memory(outline),
  open: (workload) => engine.open(workload),
  topItems: (...given) => engine.topItems(...given),
  destroy() {},
});
const KINDS = ["reference", "cpu", "webgpu"] as const;
const one = {
  reference: new ReferenceEngine(),
  cpu: await CpuEngine.create({ threads: 2 }),
  webgpu: new WebGpuEngine(await testDevice()),
};
afterAll(() => one.cpu.destroy());
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

describe.each(KINDS)("several engines in one process, on %s", (kind) => {
  test.each(kind === "webgpu" ? MODELS.filter(([name]) => name === "als" || name === "sgd") : MODELS)(
    "they end with the bytes of one: %s",
    async (_, model) => {
      const data = kind === "cpu" ? few : DATA[kind];
      const options = { factors: 3, heldOut: data.heldOut, earlyStop: false, sweeps: 3, ...model };
      const whole = await fit(data.train, { ...options, device: one[kind] });
      const device = new DevicesEngine(await Promise.all([ENGINES[kind](), ENGINES[kind]()]));
      expectSameTraining(await fit(data.train, { ...options, device }), whole);
      device.destroy();
    },
  );
});

test("several engines: what one of them throws ends the training, and threads that die are replaced", async () => {
  const options = { factors: 3, heldOut: few.heldOut, earlyStop: false, sweeps: 3 } as const;
  const engines = [await CpuEngine.create({ threads: 1 }), await CpuEngine.create({ threads: 1 })];
  const device = new DevicesEngine(engines);
  const notices: string[] = [];
  const onSweep = ({ sweep }: { sweep: number }): void => {
    if (sweep === 2 && notices.length === 0) engines[1].killThread(0);
  };
  const result = await fit(few.train, { ...options, device, onSweep, onNotice: (notice) => notices.push(notice) });
  expect(notices).toEqual([expect.stringMatching(/begins again on another device$/)]);
  expectSameTraining(result, await fit(few.train, { ...options, device: one.cpu }));
  device.destroy();
  await expect(fit(few.train, { ...options, device })).rejects.toThrow("the cpu engine was destroyed");
});

test("engines of two kinds make up none, and neither do no engines", async () => {
  expect(() => new DevicesEngine([one.reference, one.cpu])).toThrow("cpu and reference do not make up one engine");
  expect(() => new DevicesEngine([])).toThrow(OptionsError);
});

describe.each(KINDS)("halves on the wire, on %s", (kind) => {
  const models = MODELS.filter(([, { model }]) => model === "als" || model === "implicit");
  test.each(kind === "webgpu" ? models.slice(0, 1) : models)("any number of ranks end with the same bytes: %s", async (_, model) => {
    const data = kind === "cpu" ? few : DATA[kind];
    const options = { factors: 3, heldOut: data.heldOut, earlyStop: false, sweeps: 3, keeps: "last", ...model } as FitOptions;
    const rounded = async (count: number, more: FitOptions = {}): Promise<FitResult[]> =>
      await Promise.all(
        ranksTogether(count).map(async (ranks) => {
          const own = await ENGINES[kind]();
          const device = new RanksEngine(own, ranks, { wire: "halves" });
          return await fit(data.train, { ...options, ...more, device } as FitOptions).finally(() => own.destroy());
        }),
      );
    const [alone] = await rounded(1);
    for (const result of [...(await rounded(2)), ...(await rounded(3))]) expectSameTraining(result, alone);
    const exact = await fit(data.train, { ...options, device: one[kind] });
    const { heldOutRmse, objective } = exact.history.at(-1)!;
    const last = alone.history.at(-1)!;
    expect(alone.model.parameters.userFactors).not.toEqual(exact.model.parameters.userFactors);
    expect(Math.abs(last.objective / objective - 1)).toBeLessThan(1e-4);
    if (heldOutRmse !== null) expect(Math.abs(last.heldOutRmse! / heldOutRmse - 1)).toBeLessThan(1e-3);
  });
});

test("a training with halves on the wire is gone on with by such ranks alone", async () => {
  const halves = (): Engine => new RanksEngine(one.reference, new Alone(), { wire: "halves" });
  const options = { factors: 3, heldOut: few.heldOut, earlyStop: false, sweeps: 4 } as const;
  const stopped = await checkpointAfter(2, (more) => fit(few.train, { ...options, ...more, device: halves() }));
  const whole = await fit(few.train, { ...options, device: halves() });
  const resume = decodeCheckpoint(encodeCheckpoint(stopped));
  expectSameTraining(await fit(few.train, { ...options, device: halves(), resume }), whole);
  await expect(fit(few.train, { ...options, device: one.reference, resume })).rejects.toThrow(
    "its form of rows on the wire is halves, now it is full",
  );
});

test.each([
  ["vb", "the bound would no longer rise"],
  ["gibbs", "draws would no longer be those of the posterior"],
  ["gd", "steps are smaller"],
  ["sgd", "steps are smaller"],
] as const)("halves on the wire are refused for %s, with the reason", async (model, why) => {
  const device = new RanksEngine(one.reference, new Alone(), { wire: "halves" });
  await expect(fit(few.train, { model, device })).rejects.toThrow(why);
  expect(() => new RanksEngine(one.reference, new Alone(), { wire: "bytes" as "full" })).toThrow('wire is "bytes"');
});

test("more ranks than rows are refused, naming the first rank without any", async () => {
  const { train: tiny } = splitRatings(syntheticRatings({ users: 40, items: 3, ratings: 60, seed: 4 }), { share: 0 });
  const error = await onRanks(4, ENGINES["reference"], (device) => fit(tiny, { device })).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(RanksError);
  expect((error as RanksError).message).toBe("rank 3 has no items: there are 4 ranks, and 3 items");
});

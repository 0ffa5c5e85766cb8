// Devices that are lost, run out of memory, do not compile, fail or never answer, at every kind of call that a training
// makes. Most run on a GPU that computes nothing, which takes milliseconds a training.

import { describe, expect, test } from "vitest";
import { CpuEngine } from "../../src/engine/cpu/engine.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import type { Engine } from "../../src/engine/engine.js";
import { DeviceError } from "../../src/errors.js";
import { encodeModel } from "../../src/model-file.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { recommendAll } from "../../src/recommend/recommend-all.js";
import type { Checkpoint } from "../../src/training/checkpoint.js";
import { fit, type FitOptions } from "../../src/training/fit.js";
import { type AtCall, type FakeDevice, fakeGpu, NEVER } from "../support/fake-gpu.js";
import { withWebGpu } from "../support/engines.js";

const { train, heldOut } = splitRatings(syntheticRatings({ users: 30, items: 20, ratings: 300, seed: 3 }));

const MODELS: readonly FitOptions[] = [
  { model: "als", momentum: 0.3 },
  { model: "als", update: "sequential" },
  { model: "vb", learn: false },
  { model: "vb", learn: false, covariance: "diagonal" },
  { model: "gibbs", burnIn: 1 },
  { model: "implicit" },
  { model: "gd" },
  { model: "sgd" },
  { model: "logistic", positiveThreshold: 3.5 },
];
const SWEEPS = 4;
const ALL_SWEEPS = [0, 1, 2, 3, 4];
/** Of a fake that never answers. */
const WAIT_MS = 60;

/** An engine on a fake GPU that also holds what devices it was given. */
async function fakeEngine(atCall?: AtCall): Promise<{ engine: WebGpuEngine; devices: readonly FakeDevice[] }> {
  const { gpu, devices } = fakeGpu(atCall);
  return { engine: await WebGpuEngine.create({ gpu, waitMs: WAIT_MS }), devices };
}

const trainOn = (device: Engine, options: FitOptions) =>
  fit(train, { ...options, factors: 3, heldOut, measureBy: "loss", device, sweeps: SWEEPS, earlyStop: false });

/** Trains with something happening at one call, the first time that it comes; what was told on the way. */
async function disturbed(options: FitOptions, kind: string, number: number, happen: (device: FakeDevice) => unknown) {
  let happened = false;
  const { engine, devices } = await fakeEngine((now, at, device) => {
    if (happened || now !== kind || at !== number) return undefined;
    happened = true;
    return happen(device);
  });
  const told: number[] = [];
  const notices: string[] = [];
  try {
    const onSweep = ({ sweep }: { sweep: number }) => told.push(sweep);
    const { history } = await trainOn(engine, { ...options, onSweep, onNotice: (notice) => notices.push(notice) });
    return { sweeps: history.map(({ sweep }) => sweep), told, devices: devices.length, notices };
  } finally {
    engine.destroy();
  }
}

/** Buffers of a device, without those that wait for the next small read. */
const heldBy = ({ buffers }: FakeDevice): number => [...buffers].filter(({ label }) => label !== "readback").length;

/** The calls that a training makes, by kind, and three numbers of each: the first, one in the middle and the last. */
async function callsOf(options: FitOptions): Promise<[kind: string, number: number][]> {
  const { engine, devices } = await fakeEngine();
  await trainOn(engine, options);
  const places = (most: number): number[] => [...new Set([1, (most + 1) >> 1, most])];
  return [...devices[0].calls].flatMap(([kind, most]) => places(most).map((number): [string, number] => [kind, number]));
}

describe.each(MODELS)("$model", (options) => {
  test("a device that is lost at any kind of call is replaced, and every sweep is told once", async () => {
    const calls = await callsOf(options);
    expect(new Set(calls.map(([kind]) => kind)).size).toBeGreaterThan(15);
    let replaced = 0;
    for (const [kind, number] of calls) {
      const { sweeps, told, devices, notices } = await disturbed(options, kind, number, (device) => device.lose());
      expect({ kind, number, sweeps, told }).toEqual({ kind, number, sweeps: ALL_SWEEPS, told: ALL_SWEEPS });
      expect(notices.filter((notice) => notice.includes("on another device"))).toHaveLength(devices - 1);
      replaced += devices - 1;
    }
    // What is lost after the last answer is not missed.
    expect(replaced).toBeGreaterThan(0.9 * calls.length);
  });

  test("memory that runs out at any buffer is a typed error, leaves nothing behind, and the engine goes on", async () => {
    const before = await fakeEngine();
    await trainOn(before.engine, options);
    const [{ calls }] = before.devices;
    const most = calls.get("createBuffer")!;
    for (const number of new Set([1, 2, most >> 1, most - 1, most])) {
      let exhausted = false;
      const { engine, devices } = await fakeEngine((kind, at, device) => {
        if (kind === "createBuffer" && at === number && !exhausted) {
          exhausted = true;
          device.raise("out-of-memory", "no room");
        }
        return undefined;
      });
      await expect(trainOn(engine, options)).rejects.toMatchObject({
        code: "out-of-memory",
        remedy: expect.stringContaining("memoryBytes") as string,
      });
      expect((await trainOn(engine, options)).history).toHaveLength(SWEEPS + 1);
      expect(heldBy(devices.at(-1)!)).toBeLessThanOrEqual(heldBy(before.devices[0]));
    }
  });

  test("a pipeline that does not compile is a typed error, leaves nothing behind, and is compiled when asked for again", async () => {
    const most = Math.max(...(await callsOf(options)).filter(([kind]) => kind === "createComputePipelineAsync").map(([, at]) => at));
    for (let number = 1; number <= most; number++) {
      let refuses = true;
      const { engine, devices } = await fakeEngine((kind, at) =>
        refuses && kind === "createComputePipelineAsync" && at >= number ? Promise.reject(new Error("nothing for this driver")) : undefined,
      );
      await expect(trainOn(engine, options)).rejects.toMatchObject({
        code: "shader",
        message: expect.stringContaining("nothing for this driver") as string,
      });
      const left = heldBy(devices[0]);
      refuses = false;
      expect((await trainOn(engine, options)).history).toHaveLength(SWEEPS + 1);
      expect(devices).toHaveLength(1);
      expect(heldBy(devices[0])).toBe(left);
    }
  });

  test("a readback that fails, and answers that never come, are given up with their device", async () => {
    const waits = [
      "mapAsync",
      "getMappedRange",
      "popErrorScope",
      "onSubmittedWorkDone",
      "createComputePipelineAsync",
      "getCompilationInfo",
    ];
    const given = (await callsOf(options)).filter(([own]) => waits.includes(own));
    // Side by side: most of it is waiting.
    const giveUp = async ([kind, number]: (typeof given)[number]): Promise<void> => {
      if (kind === "mapAsync" || kind === "popErrorScope")
        expect((await disturbed(options, kind, number, () => Promise.reject(new DOMException("no", "OperationError")))).devices).toBe(2);
      const happen = (): unknown => {
        if (kind === "getMappedRange") throw new DOMException("it is not mapped", "OperationError");
        return NEVER;
      };
      const started = performance.now();
      const { sweeps, told, devices } = await disturbed(options, kind, number, happen);
      expect({ kind, sweeps, told }).toEqual({ kind, sweeps: ALL_SWEEPS, told: ALL_SWEEPS });
      expect(devices).toBeLessThanOrEqual(2);
      expect(performance.now() - started).toBeLessThan(5_000);
    };
    await Promise.all(given.map(giveUp));
  });
});

test("a training that loses every device ends with a typed error after the fourth", async () => {
  const { engine, devices } = await fakeEngine((kind, at, device) => (kind === "submit" && at === 3 ? device.lose() : undefined));
  await expect(trainOn(engine, {})).rejects.toMatchObject({ code: "device-lost", remedy: expect.stringContaining("checkpoint") as string });
  expect(devices).toHaveLength(4);
});

test("devices of which none ever answers, and adapters that are never offered, are typed errors", async () => {
  const { engine, devices } = await fakeEngine((kind) => (kind === "mapAsync" ? NEVER : undefined));
  await expect(trainOn(engine, {})).rejects.toMatchObject({
    code: "device-lost",
    message: expect.stringMatching(/has not answered for 0.06 s while reading/) as string,
  });
  expect(devices).toHaveLength(4);
  const silent = { requestAdapter: () => NEVER } as unknown as GPU;
  await expect(WebGpuEngine.create({ gpu: silent, waitMs: WAIT_MS })).rejects.toMatchObject({ code: "no-adapter" });
  const { gpu } = fakeGpu();
  const adapter = (await gpu.requestAdapter())!;
  const mute = { requestAdapter: async () => Object.assign(adapter, { requestDevice: () => NEVER }) } as unknown as GPU;
  await expect(WebGpuEngine.create({ gpu: mute, waitMs: WAIT_MS })).rejects.toMatchObject({ code: "no-adapter" });
});

test("with checkpoints a training goes on after the last one, else it begins again", async () => {
  const checkpoints: Checkpoint[] = [];
  const options: FitOptions = { onCheckpoint: (taken) => void checkpoints.push(taken), checkpointEvery: 2 };
  const calls = await callsOf(options);
  const last = Math.max(...calls.filter(([kind]) => kind === "submit").map(([, number]) => number));
  checkpoints.length = 0;
  const goneOn = await disturbed(options, "submit", last - 2, (device) => device.lose());
  expect(goneOn.notices[0]).toMatch(/goes on after sweep [24] on another device$/);
  expect(goneOn.told).toEqual(ALL_SWEEPS);
  const begun = await disturbed({}, "submit", 12, (device) => device.lose());
  expect(begun.notices[0]).toMatch(/begins again on another device$/);
});

test("an engine that its user destroys stays destroyed", async () => {
  const { engine, devices } = await fakeEngine();
  const ended = trainOn(engine, { onSweep: ({ sweep }) => void (sweep === 2 && engine.destroy()) });
  await expect(ended).rejects.toMatchObject({ code: "device-lost" });
  await expect(trainOn(engine, {})).rejects.toMatchObject({ code: "device-lost" });
  expect(devices).toHaveLength(1);
});

test("two trainings at once on a device that is lost both go on, on one other device", async () => {
  let lost = false;
  const { engine, devices } = await fakeEngine((kind, at, device) => {
    if (lost || kind !== "submit" || at !== 20) return undefined;
    lost = true;
    return device.lose();
  });
  const both = await Promise.all([trainOn(engine, {}), trainOn(engine, { model: "vb", learn: false })]);
  expect(both.map(({ history }) => history.length)).toEqual([SWEEPS + 1, SWEEPS + 1]);
  expect(devices).toHaveLength(2);
});

test("a hundred trainings in a row, of the same ratings and of others, leave no more behind than the first", async () => {
  const { engine, devices } = await fakeEngine();
  for (const options of MODELS) await trainOn(engine, options);
  const [{ buffers }] = devices;
  const after = buffers.size;
  for (let at = 0; at < 100; at++) await trainOn(engine, MODELS[at % MODELS.length]);
  expect(buffers.size).toBeLessThanOrEqual(after);
  // Ratings stay for a while, up to 512 MiB, in case that they are trained on again; nothing else does.
  const others = (): number => [...buffers].filter(({ label }) => !/rating|^readback/.test(label)).length;
  const before = others();
  for (let at = 0; at < 20; at++) {
    const ratings = syntheticRatings({ users: 30, items: 20, ratings: 300, seed: 100 + at });
    await fit(ratings, { factors: 3, device: engine, sweeps: 1 });
  }
  expect(others()).toBe(before);
  expect(devices).toHaveLength(1);
});

test("lists of all users are made again where their device is lost", async () => {
  const { engine, devices } = await fakeEngine((kind, at, device) =>
    devices.length === 1 && kind === "submit" && at === 1 ? device.lose() : undefined,
  );
  const { model } = await fit(train, { factors: 2, sweeps: 1, device: "reference" });
  for await (const rows of recommendAll(engine, model, { n: 3 })) expect(rows.length).toBeGreaterThan(0);
  expect(devices).toHaveLength(2);
});

/** Trains with the engine broken after sweep 2, once. */
async function broken(engine: Engine, breakIt: () => void, options: FitOptions) {
  let done = false;
  const onSweep = ({ sweep }: { sweep: number }): void => {
    if (sweep !== 2 || done) return;
    done = true;
    breakIt();
  };
  const result = await trainOn(engine, { ...options, onSweep });
  expect(done).toBe(true);
  return encodeModel(result.model);
}

test("a thread of the cpu engine that dies is replaced with the others, and the model is the same to the last bit", async () => {
  const engine = await CpuEngine.create({ threads: 2 });
  for (const options of MODELS) {
    const alone = encodeModel((await trainOn(engine, options)).model);
    for (const more of [{}, { onCheckpoint: () => {}, checkpointEvery: 1 }])
      expect(await broken(engine, () => engine.killThread(1), { ...options, ...more })).toEqual(alone);
  }
  engine.destroy();
  await expect(trainOn(engine, {})).rejects.toBeInstanceOf(DeviceError);
});

test.runIf(withWebGpu)("a real device that is lost in a training is replaced, and the model is the same to the last bit", async () => {
  const engine = await WebGpuEngine.create({ defaultLimits: true });
  const options = { onCheckpoint: () => {}, checkpointEvery: 1 };
  const alone = encodeModel((await trainOn(engine, options)).model);
  expect(await broken(engine, () => engine.device.gpu.destroy(), options)).toEqual(alone);
  engine.destroy();
});

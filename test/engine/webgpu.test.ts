// The WebGPU engine where things go wrong: no adapter, a lost device, sizes beyond the limits;
// and what its kernels compile to.

import { expect, test, vi } from "vitest";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import { type AdapterReport, Device, requestDevice } from "../../src/engine/webgpu/device/device.js";
import { everyDescentKernel, everyKernel } from "../../src/engine/webgpu/every-kernel.js";
import { ratingStoresOf } from "../../src/engine/webgpu/memory/rating-store.js";
import { planMemory, sidePlan } from "../../src/engine/webgpu/memory/memory-plan.js";
import { openEngine } from "../../src/engine/open-engine.js";
import { planSchedule, segmentRatings, TASK_FIELDS, worksOf } from "../../src/engine/webgpu/rows/schedule.js";
import { planTiles, tilesOf } from "../../src/engine/webgpu/rows/tile-plan.js";
import { DeviceError } from "../../src/errors.js";
import { MAX_FACTORS } from "../../src/models/hyperparameters.js";
import { MAX_FACTORS_CG } from "../../src/models/solver.js";
import type { Parameters } from "../../src/models/parameters.js";
import { buildCsr } from "../../src/ratings/csr.js";
import { hotCase, problemOf, randomCase } from "../parity/cases.js";
import { requestGpu } from "#gpu";
import { deviceWithoutInfo } from "../support/bare-device.js";
import { openTraining } from "../../src/models/registry.js";

const noAdapter = { requestAdapter: async () => null } as unknown as GPU;

test("without an adapter, webgpu is an error with a remedy and auto falls back to the CPU, saying why", async () => {
  await expect(openEngine("webgpu", undefined, { gpu: noAdapter })).rejects.toMatchObject({
    code: "no-adapter",
    remedy: expect.stringContaining("driver") as string,
  });
  const notices: string[] = [];
  const engine = await openEngine("auto", (notice) => notices.push(notice), { gpu: noAdapter });
  expect(engine.info.kind).toBe("cpu");
  expect(notices).toEqual([expect.stringContaining("no adapter")]);
});

test("a lost device is an error of its own, not a hang", async () => {
  const engine = await WebGpuEngine.create();
  const session = await openTraining(engine, problemOf(randomCase(1, 30, 20, 200), { factors: 3 }));
  engine.destroy();
  await engine.device.gpu.lost;
  await expect(session.measure()).rejects.toMatchObject({ code: "device-lost", remedy: expect.stringContaining("checkpoint") as string });
});

test("a device that runs out of memory is a typed error with a remedy, whatever the work itself threw", async () => {
  const scopes = [{ message: "no memory for user rows" }, null];
  const gpu = {
    limits: { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 28 },
    features: new Set(),
    adapterInfo: {},
    lost: new Promise(() => {}),
    addEventListener: () => {},
    pushErrorScope: () => {},
    popErrorScope: () => Promise.resolve(scopes.pop()),
  } as unknown as GPUDevice;
  const device = new Device(gpu, {} as AdapterReport);
  await expect(device.checked("loading the ratings", () => Promise.reject(new Error("invalid buffer")))).rejects.toMatchObject({
    code: "out-of-memory",
    message: "the GPU ran out of memory while loading the ratings: no memory for user rows",
    remedy: expect.stringContaining("memoryBytes") as string,
  });
});

test("a problem beyond the device's limits is refused by name and size before anything is allocated", async () => {
  const device = await requestDevice({ defaultLimits: true });
  expect(() => device.checkSize("user rows", 2 ** 28 + 4)).toThrow(DeviceError);
  expect(() => device.checkSize("user rows", 2 ** 28 + 4)).toThrow(/user rows needs 256\.0 MiB, beyond the 128\.0 MiB/);
  device.destroy();
});

/** Without comments, in which the compiler reads a quarter of its time; lines stay where they were. */
const withoutComments = (code: string): string => code.replaceAll(/\/\/.*/g, "");

/** Loops that are left to the driver are written alike at every K: they are compiled at one of so many. */
const LOOPS_LEFT_EVERY = 16;

test("every kernel that a model may ask for compiles without a word from the compiler, for every number of factors", async () => {
  const device = await requestDevice({ defaultLimits: true });
  const names = new Set<string>();
  for (let K = 0; K <= MAX_FACTORS; K++) {
    const kernels = everyKernel(K, device.subgroups).filter(({ name }) => K % LOOPS_LEFT_EVERY === 0 || !name.includes("loops left"));
    // All are given to the compiler before any is waited for.
    const informed = kernels.map(({ name, code }) =>
      device.gpu.createShaderModule({ label: name, code: withoutComments(code) }).getCompilationInfo(),
    );
    for (const [at, { messages }] of (await Promise.all(informed)).entries()) {
      const { name } = kernels[at];
      expect(messages.map(({ lineNum, message }) => `${name}:${lineNum} ${message}`)).toEqual([]);
      names.add(name);
    }
  }
  expect(names.size).toBeGreaterThan(20 * MAX_FACTORS);
  device.destroy();
});

/** Every remainder of K by 4, on both sides of every number of lanes a row has, and beyond what is factored. */
const DESCENT_FACTORS = [
  0,
  1,
  2,
  3,
  4,
  29,
  30,
  31,
  32,
  61,
  62,
  63,
  64,
  125,
  126,
  127,
  128,
  129,
  253,
  254,
  255,
  256,
  257,
  510,
  511,
  MAX_FACTORS_CG,
];

test("every kernel of conjugate gradients compiles without a word from the compiler", async () => {
  const device = await requestDevice({ defaultLimits: true });
  for (const K of DESCENT_FACTORS) {
    for (const { name, code } of everyDescentKernel(K, device.subgroups)) {
      const { messages } = await device.gpu.createShaderModule({ label: name, code: withoutComments(code) }).getCompilationInfo();
      expect(messages.map(({ lineNum, message }) => `${name}:${lineNum} ${message}`)).toEqual([]);
    }
  }
  device.destroy();
});

test("two calls at once on one device each get their own errors", async () => {
  const device = await requestDevice({ defaultLimits: true });
  const invalid = (): void => {
    // More than a buffer may have.
    device.gpu.createBuffer({ size: 2 ** 40, usage: GPUBufferUsage.STORAGE });
  };
  const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));
  const [guilty, innocent] = await Promise.allSettled([
    device.checked("allocating too much", async () => {
      invalid();
      await later();
    }),
    device.checked("waiting", later),
  ]);
  expect(innocent.status).toBe("fulfilled");
  expect(guilty).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("allocating too much") as string } });
  device.destroy();
});

test("an error that no scope is around comes out of the next call", async () => {
  const device = await requestDevice({ defaultLimits: true });
  device.gpu.createBuffer({ size: 2 ** 40, usage: GPUBufferUsage.STORAGE });
  await device.gpu.queue.onSubmittedWorkDone();
  await new Promise((resolve) => setTimeout(resolve, 30));
  await expect(device.checked("measuring", () => {})).rejects.toMatchObject({ name: "DeviceError" });
  device.destroy();
});

test("a device that does not tell its adapter's info does without subgroups, or takes them from its adapter", async () => {
  const { gpu, report } = await deviceWithoutInfo();
  expect(new Device(gpu, report).subgroups).toEqual(report.subgroups);
  expect(new Device(gpu, { ...report, subgroups: undefined }).subgroups).toBeUndefined();
  gpu.destroy();
});

test("trainings of the same ratings share what is uploaded, also one after the other and with other factors; others do not", async () => {
  const device = await requestDevice({ defaultLimits: true });
  const { users, items, ratings } = randomCase(1, 30, 20, 200);
  const csr = buildCsr(ratings, "users", users);
  const planOf = (factors: number) =>
    sidePlan(planMemory({ users, items, ratings: 200, heldOut: 0, factors, spread: "none" }, device), "users");
  const stores = ratingStoresOf(device);
  const first = stores.borrow("users", csr, planOf(3));
  expect(stores.borrow("users", csr, planOf(5))).toBe(first);
  stores.giveBack(first);
  stores.giveBack(first);
  expect(stores.borrow("users", csr, planOf(40))).toBe(first);
  const others = buildCsr(randomCase(2, 30, 20, 200).ratings, "users", users);
  expect(stores.borrow("users", others, planOf(3))).not.toBe(first);
  device.destroy();
});

test("devices that are asked for at once come from one GPU object, which outlives them", async () => {
  const devices = await Promise.all([0, 1].map(() => requestDevice({ defaultLimits: true })));
  const [first, second] = await Promise.all([requestGpu(), requestGpu()]);
  expect(first).toBe(second);
  for (const { gpu } of devices) {
    await gpu.queue.onSubmittedWorkDone();
    gpu.destroy();
  }
});

test("a shader that does not compile is an error with the compiler's line", async () => {
  const device = await requestDevice();
  const { compilePipeline } = await import("../../src/engine/webgpu/device/pipelines.js");
  await expect(
    device.checked("compiling", () => compilePipeline(device, { name: "broken", code: "fn x() { nonsense; }" }, "x")),
  ).rejects.toMatchObject({
    code: "shader",
    message: expect.stringMatching(/^broken:1:/) as string,
  });
  device.destroy();
});

test("a trace takes the time of every pass, by kernel, where the adapter has timestamps", async () => {
  const engine = await WebGpuEngine.create({ defaultLimits: true, trace: true });
  const { trace, report } = engine.device;
  expect(trace !== undefined).toBe(report.features.includes("timestamp-query"));
  const training = await openTraining(engine, problemOf(randomCase(1, 30, 20, 200), { factors: 3 }));
  await training.sweep(1);
  await training.measure();
  const times = (await trace?.take()) ?? [];
  if (trace) {
    expect(times.find(({ label }) => /^gram-solve.* whole_rows$/.test(label))).toMatchObject({ count: 2 });
    expect(times.every(({ ms }) => ms >= 0)).toBe(true);
    expect(await trace.take()).toEqual([]);
  }
  training.destroy();
  engine.destroy();
});

test("half-sweeps are planned anew once a device turns out to be fast, and solve every row to the same bits", async () => {
  const problem = problemOf(hotCase(5, 300, 200, 9_000), { factors: 6 });
  const engine = await WebGpuEngine.create({ defaultLimits: true });
  let operations = 4e9;
  let growth = 1;
  Object.defineProperty(engine.device.pace, "most", { get: () => (operations *= growth) });
  const created = vi.spyOn(engine.device.gpu, "createBuffer");
  const sweeps = async (): Promise<{ parameters: Parameters; plans: number }> => {
    created.mockClear();
    const training = await openTraining(engine, problem);
    for (let number = 1; number <= 3; number++) await training.sweep(number);
    const parameters = await training.read();
    training.destroy();
    return { parameters, plans: created.mock.calls.filter(([{ label }]) => label?.startsWith("dispatches of")).length };
  };
  const steady = await sweeps();
  growth = 8;
  const paced = await sweeps();
  engine.destroy();
  expect(steady.plans).toBe(2);
  expect(paced.plans).toBeGreaterThan(2);
  expect(paced.parameters).toEqual(steady.parameters);
});

test("every plan stays within the default limits of WebGPU", () => {
  for (let K = 0; K <= MAX_FACTORS; K++) {
    const plan = planTiles(K);
    expect(plan.team * plan.teams).toBeLessThanOrEqual(256);
    const rows = plan.height * Math.ceil(plan.blocks / plan.height);
    expect(plan.teams * (plan.slice + plan.stage * rows) * 16).toBeLessThanOrEqual(16_384);
    expect(plan.team * plan.height * plan.width).toBeGreaterThanOrEqual(plan.tiles);
  }
});

test("segments are as long as what they leave is large, within bounds", () => {
  const lengths = [10, 32, 64, 128].map((K) => segmentRatings(64 * tilesOf(K)));
  expect(lengths).toEqual([128, 512, 1024, 1024]);
  for (let K = 1; K <= 128; K++) {
    const bytes = 64 * tilesOf(K);
    const length = segmentRatings(bytes);
    expect(length).toBeGreaterThanOrEqual(segmentRatings(bytes - 64));
    // The nearest power of two to a rating for every six bytes.
    if (length > 128 && length < 1024) expect(Math.abs(Math.log2(bytes / length / 6))).toBeLessThanOrEqual(0.5);
  }
});

test("a schedule gives every row and every rating of a slice to exactly one task, longest first", () => {
  const { users, ratings } = hotCase(9, 300, 200, 30_000);
  const rows = buildCsr(ratings, "users", users);
  const slice = { from: 0, to: 250 };
  const { tasks, dispatches, partials } = planSchedule([rows], slice, { segment: 1024, partials: 4 });
  const solved: number[] = [];
  const covered = new Uint8Array(rows.index.length);
  for (const { work, firstTask, taskCount } of dispatches) {
    let before = Infinity;
    for (let task = firstTask; task < firstTask + taskCount; task++) {
      const [row, first, count, segment, segments] = tasks.subarray(task * TASK_FIELDS, (task + 1) * TASK_FIELDS);
      if (work !== "row_segments") solved.push(row);
      if (work !== "long_rows") {
        for (let at = first; at < first + count; at++) covered[at]++;
        expect(count).toBeLessThanOrEqual(before);
        before = count;
      } else expect(segment + segments).toBeLessThanOrEqual(partials);
    }
  }
  expect(new Set(dispatches.map(({ work }) => work))).toEqual(new Set(worksOf([rows], 1024)));
  expect(solved.sort((a, b) => a - b)).toEqual(Array.from({ length: 250 }, (_, row) => row));
  expect(covered.subarray(0, rows.start[250]).every((times) => times === 1)).toBe(true);
  expect(covered.subarray(rows.start[250]).every((times) => times === 0)).toBe(true);
});

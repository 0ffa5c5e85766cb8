// The WebGPU engine where things go wrong: no adapter, a lost device, sizes beyond the limits; and what its kernels compile to.

import { expect, test } from "vitest";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import { type AdapterReport, Device, requestDevice } from "../../src/engine/webgpu/device.js";
import {
  addPartialsKernel,
  averagedErrorsKernel,
  confidentErrorsKernel,
  expectedErrorsKernel,
  featureFactorsKernel,
  gradientStepKernel,
  heavyBallKernel,
  logLossesKernel,
  packHalvesKernel,
  posteriorSumsKernel,
  gramSolveKernel,
  gramSolveSubgroupKernel,
  type Kernel,
  squaredErrorsKernel,
  squaredNormsKernel,
  takeStepKernel,
} from "../../src/engine/webgpu/kernels.js";
import { planMemory, sidePlan } from "../../src/engine/webgpu/memory-plan.js";
import { openEngine } from "../../src/engine/open-engine.js";
import { kernelsOf, planSchedule, TASK_FIELDS } from "../../src/engine/webgpu/schedule.js";
import { planSubgroup } from "../../src/engine/webgpu/subgroup-plan.js";
import { FLOATS, valueFormat } from "../../src/engine/webgpu/values.js";
import { planTiles } from "../../src/engine/webgpu/tile-plan.js";
import { DeviceError } from "../../src/errors.js";
import { MAX_FACTORS } from "../../src/models/hyperparameters.js";
import { buildCsr } from "../../src/ratings/csr.js";
import { hotCase, problemOf, randomCase } from "../parity/cases.js";

const CODES = valueFormat(Float32Array.of(0.5, 5));
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
  const session = await engine.open(problemOf(randomCase(1, 30, 20, 200), { factors: 3 }));
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
    pushErrorScope: () => {},
    popErrorScope: () => Promise.resolve(scopes.pop()),
  } as unknown as GPUDevice;
  const device = new Device(gpu, {} as AdapterReport);
  await expect(device.checked("loading the ratings", () => Promise.reject(new Error("invalid buffer")))).rejects.toMatchObject({
    code: "out-of-memory",
    message: "the GPU ran out of memory while loading the ratings: no memory for user rows",
    remedy: expect.stringContaining("deviceMemory") as string,
  });
});

test("a problem beyond the device's limits is refused by name and size before anything is allocated", async () => {
  const device = await requestDevice({ defaultLimits: true });
  expect(() => device.checkSize("user rows", 2 ** 28 + 4)).toThrow(DeviceError);
  expect(() => device.checkSize("user rows", 2 ** 28 + 4)).toThrow(/user rows needs 256\.0 MiB, beyond the 128\.0 MiB/);
  device.destroy();
});

test("every kernel variant compiles without a word from the compiler, for every number of factors", async () => {
  const device = await requestDevice({ defaultLimits: true });
  const check = async ({ name, code }: Kernel): Promise<void> => {
    const { messages } = await device.gpu.createShaderModule({ label: name, code }).getCompilationInfo();
    expect(messages.map(({ lineNum, message }) => `${name}:${lineNum} ${message}`)).toEqual([]);
  };
  for (let K = 0; K <= MAX_FACTORS; K++) {
    const subgroup = device.subgroups && planSubgroup(K, device.subgroups);
    for (const sequential of [false, true]) {
      await check(gramSolveKernel(planTiles(K), { factors: K, sequential }));
      await check(gramSolveKernel(planTiles(K), { factors: K, sequential, spread: "means" }));
      if (subgroup) await check(gramSolveSubgroupKernel(subgroup, { factors: K, sequential }));
    }
    for (const spread of ["diagonal", "full"] as const) {
      await check(gramSolveKernel(planTiles(K), { factors: K, spread }));
      await check(expectedErrorsKernel(K, CODES, spread));
      await check(posteriorSumsKernel(K, spread));
    }
    await check(gramSolveKernel(planTiles(K), { factors: K, stage: "confident", base: true }));
    await check(gramSolveKernel(planTiles(K), { factors: K, stage: "moments" }));
    await check(gramSolveKernel(planTiles(K), { factors: K, base: true, noise: true }));
    await check(gramSolveKernel(planTiles(K), { factors: K, values: CODES }));
    await check(gramSolveKernel(planTiles(K), { factors: K, spread: "means", halves: true }));
    await check(packHalvesKernel(K, "means"));
    await check(gramSolveKernel(planTiles(K), { factors: K, stage: "confident", base: true, values: CODES }));
    if (device.subgroups && planSubgroup(K, device.subgroups))
      await check(gramSolveSubgroupKernel(planSubgroup(K, device.subgroups)!, { factors: K, values: CODES, halves: true }));
    for (const kernel of [squaredErrorsKernel, logLossesKernel, confidentErrorsKernel, averagedErrorsKernel, gradientStepKernel])
      await check(kernel(K, CODES));
    await check(squaredNormsKernel(K, "means"));
    await check(squaredErrorsKernel(K, FLOATS, "means"));
    await check(heavyBallKernel(K, "means"));
    await check(squaredNormsKernel(K, "velocity"));
    await check(takeStepKernel(K));
    for (const kernel of [heavyBallKernel, featureFactorsKernel, confidentErrorsKernel, averagedErrorsKernel, addPartialsKernel])
      await check(kernel(K));
    await check(squaredErrorsKernel(K));
    await check(squaredNormsKernel(K));
  }
  device.destroy();
});

test("trainings of the same ratings share what is uploaded, also one after the other and with other factors; others do not", async () => {
  const device = await requestDevice({ defaultLimits: true });
  const { users, items, ratings } = randomCase(1, 30, 20, 200);
  const csr = buildCsr(ratings, "users", users);
  const planOf = (factors: number) =>
    sidePlan(planMemory({ users, items, ratings: 200, heldOut: 0, factors, spread: "none" }, device), "users");
  const first = device.ratings.borrow("users", csr, planOf(3));
  expect(device.ratings.borrow("users", csr, planOf(5))).toBe(first);
  device.ratings.giveBack(first);
  device.ratings.giveBack(first);
  expect(device.ratings.borrow("users", csr, planOf(40))).toBe(first);
  const others = buildCsr(randomCase(2, 30, 20, 200).ratings, "users", users);
  expect(device.ratings.borrow("users", others, planOf(3))).not.toBe(first);
  device.destroy();
});

test("a shader that does not compile is an error with the compiler's line", async () => {
  const device = await requestDevice();
  const { compilePipeline } = await import("../../src/engine/webgpu/pipelines.js");
  await expect(
    device.checked("compiling", () => compilePipeline(device, { name: "broken", code: "fn x() { nonsense; }" }, "x")),
  ).rejects.toMatchObject({
    code: "shader",
    message: expect.stringMatching(/^broken:1:/) as string,
  });
  device.destroy();
});

test("every plan stays within the default limits of WebGPU", () => {
  for (let K = 0; K <= MAX_FACTORS; K++) {
    const plan = planTiles(K);
    expect(plan.team * plan.teams).toBeLessThanOrEqual(256);
    expect(plan.teams * plan.slice * 16).toBeLessThanOrEqual(16_384);
    const rows = Math.ceil(plan.blocks / plan.patch);
    expect(plan.team * plan.patches).toBeGreaterThanOrEqual((rows * (rows + 1)) / 2);
  }
});

test("a schedule gives every row and every rating of a slice to exactly one task, longest first", () => {
  const { users, ratings } = hotCase(9, 300, 200, 30_000);
  const rows = buildCsr(ratings, "users", users);
  const slice = { from: 0, to: 250 };
  const { tasks, dispatches, partials } = planSchedule([rows], slice, { partials: 4 });
  const solved: number[] = [];
  const covered = new Uint8Array(rows.index.length);
  for (const { kernel, firstTask, taskCount } of dispatches) {
    let before = Infinity;
    for (let task = firstTask; task < firstTask + taskCount; task++) {
      const [row, first, count, segment, segments] = tasks.subarray(task * TASK_FIELDS, (task + 1) * TASK_FIELDS);
      if (kernel !== "row_segments") solved.push(row);
      if (kernel !== "long_rows") {
        for (let at = first; at < first + count; at++) covered[at]++;
        expect(count).toBeLessThanOrEqual(before);
        before = count;
      } else expect(segment + segments).toBeLessThanOrEqual(partials);
    }
  }
  expect(new Set(dispatches.map(({ kernel }) => kernel))).toEqual(new Set(kernelsOf([rows])));
  expect(solved.sort((a, b) => a - b)).toEqual(Array.from({ length: 250 }, (_, row) => row));
  expect(covered.subarray(0, rows.start[250]).every((times) => times === 1)).toBe(true);
  expect(covered.subarray(rows.start[250]).every((times) => times === 0)).toBe(true);
});

// Sessions of the cpu engine: state out and back, singular rows, threads that die, runtimes that lack something,
// memory that is short.

import { expect, test } from "vitest";
import { CpuEngine } from "../../src/engine/cpu/engine.js";
import type { EngineState, Session } from "../../src/engine/engine.js";
import { hasRelaxedSimd, hasSimd, kernelModule } from "../../src/engine/cpu/wasm-module.js";
import { NotPositiveDefiniteError } from "../../src/errors.js";
import { hotCase, randomCase } from "../parity/cases.js";
import { coursesOf, expectSame, pointSystem, see, startOf, workloadOf } from "../parity/cpu/workloads.js";

const given = hotCase(8, 90, 70, 2000);

test.each(Object.entries(coursesOf(7)))("a session goes on bit for bit from a state that was read: %s", async (_, course) => {
  const { run, sums } = course;
  const engine = await CpuEngine.create({ threads: 2 });
  const workload = startOf(given, course);
  const first = await engine.open(workload);
  await run(first);
  const state = structuredClone(await first.readState());
  await run(first);
  const expected = await see(first, sums);
  const zeros = { factors: new Float32Array(90 * 7), biases: new Float32Array(90), covariances: workload.rows.users.covariances };
  const second = await engine.open({ ...workload, rows: { ...workload.rows, users: zeros } });
  await second.writeState(state);
  expect(await second.readState()).toEqual(state);
  await run(second);
  expectSame(await see(second, sums), expected);
  engine.destroy();
});

test("a state of another training is refused, and what is missing is named", async () => {
  const engine = await CpuEngine.create({ threads: 1 });
  const open = (factors: number): Promise<Session> => engine.open(workloadOf(given, { factors }));
  const state = await (await open(3)).readState();
  const other = await open(9);
  await expect(other.writeState(state)).rejects.toThrow('the state has no "users rows" of 1080 f32 numbers');
  const doubles: EngineState = { ...(await other.readState()), "items rows": new Float64Array(70 * 12) };
  await expect(other.writeState(doubles)).rejects.toThrow('the state has no "items rows"');
  engine.destroy();
});

test("rows are kept, read in slices and written in slices", async () => {
  const engine = await CpuEngine.create({ threads: 2 });
  const workload = workloadOf(given, { factors: 5, spread: "full", operations: { solve: "joint" } });
  const session = await engine.open(workload);
  expect(await session.readRows("users", "kept")).toEqual(workload.rows.users);
  await session.solve("users", pointSystem(5));
  session.keep();
  const kept = await session.readRows("users");
  await session.writeRows("users", workload.rows.users);
  expect(await session.readRows("users")).toEqual(workload.rows.users);
  expect(await session.readRows("users", "kept")).toEqual(kept);
  const slice = await session.readRows("users", "kept", { from: 10, to: 20 });
  expect(slice.factors).toEqual(kept.factors.subarray(50, 100));
  expect(slice.covariances).toEqual(kept.covariances!.subarray(210, 420));
  await session.writeRows("users", slice, 10);
  expect((await session.readRows("users", "current", { from: 10, to: 20 })).biases).toEqual(kept.biases.subarray(10, 20));
  engine.destroy();
});

test("the lowest singular row is named by the next answer, and by those after it", async () => {
  for (const threads of [1, 3]) {
    const engine = await CpuEngine.create({ threads });
    const session = await engine.open(workloadOf(randomCase(3, 400, 50, 1200), { factors: 8, operations: { solve: "joint" } }));
    await session.solve("users", pointSystem(8, { precisions: Array<number>(9).fill(0) }));
    const counts = session.sums({ train: { of: "squaredErrors", over: "training" } });
    await expect(counts).rejects.toBeInstanceOf(NotPositiveDefiniteError);
    await expect(counts).rejects.toMatchObject({ side: "users", row: await lowestShort(8) });
    await expect(session.readRows("users")).rejects.toBeInstanceOf(NotPositiveDefiniteError);
    engine.destroy();
  }
});

/** The first user with some ratings, but fewer than a system without precisions needs. */
async function lowestShort(K: number): Promise<number> {
  const { user } = randomCase(3, 400, 50, 1200).ratings;
  const counts = new Uint32Array(400);
  for (const row of user) counts[row]++;
  return counts.findIndex((count) => count > 0 && count <= K);
}

test("when a thread dies every wait ends with an error that says so", async () => {
  const engine = await CpuEngine.create({ threads: 2 });
  const workload = workloadOf(hotCase(9, 300, 250, 60_000), { factors: 32, operations: { epochs: { seed: 1, link: "identity" } } });
  const session = await engine.open(workload);
  const precisions = { users: { factors: 1, biases: 1 }, items: { factors: 1, biases: 1 } };
  for (let number = 1; number < 2000; number++)
    await session.runEpoch({ number, link: "identity", lambda: 1, precisions, biases: true, step: 0.001 });
  const answer = session.sums({ train: { of: "squaredErrors", over: "training" } });
  engine.killThread(1);
  await expect(answer).rejects.toMatchObject({ name: "DeviceError", code: "device-lost", remedy: expect.stringContaining("open") });
  await expect(engine.open(workload)).rejects.toMatchObject({ code: "device-lost" });
  engine.destroy();
});

test("a destroyed engine and a destroyed session refuse work", async () => {
  const engine = await CpuEngine.create({ threads: 1 });
  const session = await engine.open(workloadOf(given, { factors: 2 }));
  session.destroy();
  await expect(session.readState()).rejects.toMatchObject({ code: "device-lost" });
  engine.destroy();
  await expect(engine.open(workloadOf(given, { factors: 2 }))).rejects.toMatchObject({ code: "device-lost" });
});

test("too little memory is an error with a remedy, and bad options are named", async () => {
  const engine = await CpuEngine.create({ threads: 1, memoryBytes: 1 << 16 });
  await expect(engine.open(workloadOf(given, { factors: 2 }))).rejects.toMatchObject({ code: "out-of-memory" });
  engine.destroy();
  await expect(CpuEngine.create({ threads: 0 })).rejects.toThrow("threads is 0: it must be a whole number, 1 or greater");
  await expect(CpuEngine.create({ memoryBytes: Number.NaN })).rejects.toThrow("memoryBytes is NaN");
});

test("without WebAssembly SIMD the error says what to do", async () => {
  const { validate } = WebAssembly;
  WebAssembly.validate = () => false;
  try {
    expect(() => kernelModule(true)).toThrow("this runtime has no WebAssembly with SIMD");
    await expect(CpuEngine.create()).rejects.toMatchObject({ code: "no-webassembly", remedy: expect.stringContaining("reference") });
  } finally {
    WebAssembly.validate = validate;
  }
});

test("more threads than an engine has are noticed", async () => {
  const notices: string[] = [];
  (await CpuEngine.create({ workers: false, threads: 40, onNotice: (notice) => notices.push(notice) })).destroy();
  expect(notices[0]).toBe("16 threads compute instead of 40: an engine has no more");
});

test("where no worker can be started the calling thread computes, says so, and lets events in", async () => {
  const notices: string[] = [];
  const engine = await CpuEngine.create({ workers: false, threads: 4, onNotice: (notice) => notices.push(notice) });
  expect(notices).toEqual([expect.stringContaining("no worker can be started")]);
  expect(engine.info.name).toContain("1 thread");
  const session = await engine.open(workloadOf(hotCase(9, 900, 700, 200_000), { factors: 32, operations: { solve: "joint" } }));
  await session.readRows("users");
  let [last, longest, events] = [performance.now(), 0, 0];
  const timer = setInterval(() => {
    const now = performance.now();
    [longest, last, events] = [Math.max(longest, now - last), now, events + 1];
  }, 1);
  for (let at = 0; at < 4; at++) await session.solve("users", pointSystem(32));
  await session.sums({ train: { of: "squaredErrors", over: "training" } });
  clearInterval(timer);
  expect(events).toBeGreaterThan(3);
  expect(longest).toBeLessThan(250);
  engine.destroy();
});

test("relaxed SIMD is found where the runtime has it", () => {
  // From Node 22 on, and in Chromium from 114 on.
  expect(hasRelaxedSimd()).toBe(Number(process.versions.node.split(".")[0]) >= 22);
  expect(hasSimd()).toBe(true);
});

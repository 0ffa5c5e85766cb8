// What a training holds on its device, against what it was planned and allowed; and what it is told when work is refused.

import { expect, test } from "vitest";
import { problemOfCase } from "../../bench/problem.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { readBuffers } from "../../src/engine/webgpu/device/buffers.js";
import { requestDevice } from "../../src/engine/webgpu/device/device.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import { planMemory } from "../../src/engine/webgpu/memory/memory-plan.js";
import { openEngine } from "../../src/engine/open-engine.js";
import { OptionsError } from "../../src/errors.js";
import { openTraining } from "../../src/models/registry.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fakeGpu, type FakeDevice } from "../support/fake-gpu.js";

const bytesHeld = ({ buffers }: FakeDevice): number =>
  [...buffers].filter(({ label }) => label !== "readback").reduce((sum, { size }) => sum + size, 0);

test.each([2.2e6, 3e6, 6e6, 12e6])("a training of long rows that may take %d bytes takes no more", async (memoryBytes) => {
  const [users, items] = [800, 500];
  const pairs = Array.from({ length: users * items }, (_, at) => ({
    user: at % users,
    item: Math.floor(at / users),
    rating: 1 + (at % 7) / 3,
  }));
  const { gpu, devices } = fakeGpu();
  const problem = problemOfCase({ model: "als", others: { solver: "cholesky" } }, Ratings.from(pairs), 10);
  const engine = await WebGpuEngine.create({ gpu, memoryBytes });
  const training = await openTraining(engine, problem);
  for (const sweep of [1, 2]) {
    await training.sweep(sweep);
    await training.measure();
    expect(bytesHeld(devices[0])).toBeLessThanOrEqual(memoryBytes);
  }
  training.destroy();
});

test("a training that may take what it is said to need is planned", () => {
  const UNITS = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
  const large = { users: 162_541, items: 59_047, ratings: 25e6, heldOut: 0, spread: "none" } as const;
  const small = { users: 600, items: 400, ratings: 20_000, heldOut: 20_000, spread: "none" } as const;
  for (const [size, memoryBytes] of [
    [large, 9e7],
    [small, 1e4],
    [small, 2e5],
  ] as const) {
    for (const factors of [1, 10, 64, 128]) {
      const needed = (): number => {
        try {
          planMemory({ ...size, factors }, { bindingBytes: 2 ** 27, memoryBytes });
        } catch (error) {
          const [, amount, unit] = /needs ([\d.,]+) (\wiB) even/.exec((error as Error).message)!;
          return Number(amount!.replace(",", "")) * UNITS[unit as keyof typeof UNITS];
        }
        return memoryBytes;
      };
      const plan = planMemory({ ...size, factors }, { bindingBytes: 2 ** 27, memoryBytes: needed() });
      expect(plan.totalBytes).toBeLessThanOrEqual(needed());
    }
  }
});

test("small reads have buffers to take after large ones", async () => {
  const { gpu, devices } = fakeGpu();
  const device = await requestDevice({ gpu });
  const read = async (...sizes: number[]): Promise<void> => {
    const encoder = device.gpu.createCommandEncoder();
    const copies = sizes.map((size) => ({ source: device.gpu.createBuffer({ size, usage: GPUBufferUsage.COPY_SRC }) }));
    const taken = readBuffers(device, encoder, copies, (parts) => parts.map(({ length }) => length));
    device.gpu.queue.submit([encoder.finish()]);
    expect(await taken()).toEqual(sizes.map((size) => size / 4));
    for (const { source } of copies) source.destroy();
  };
  await read(9 * 2 ** 20, 9 * 2 ** 20);
  const made = (): number => devices[0].calls.get("createBuffer")!;
  const before = made();
  for (let time = 0; time < 10; time++) await read(256);
  // A source each, and one to read by.
  expect(made() - before).toBe(11);
});

test("a sweep of gibbs whose answer failed is made when it is asked for again", async () => {
  const ratings = syntheticRatings({ users: 30, items: 20, ratings: 300, seed: 3 });
  let failures = 0;
  for (let failing = 1; failing <= 12; failing++) {
    const training = await openTraining(new ReferenceEngine(), problemOfCase({ model: "gibbs" }, ratings, 3, ratings));
    let asked = 0;
    const sums = training.session.sums.bind(training.session);
    const failsOnce: typeof sums = async (...given) => {
      if (++asked === failing) throw new Error("no answer");
      return await sums(...given);
    };
    training.session.sums = failsOnce;
    for (let sweep = 1; sweep <= 4; sweep++) {
      await training.sweep(sweep).catch(async (error: Error) => {
        expect(error.message).toBe("no answer");
        failures++;
        await training.sweep(sweep);
      });
    }
    training.destroy();
  }
  expect(failures).toBeGreaterThan(5);
});

test("work that the device refuses is told as such, not by what was read of it", async () => {
  let refuses = false;
  const { gpu } = fakeGpu((kind, _, device) => (refuses && kind === "submit" ? device.raise("validation", "no such thing") : undefined));
  const ratings = syntheticRatings({ users: 30, items: 20, ratings: 300, seed: 3 });
  const training = await openTraining(await WebGpuEngine.create({ gpu }), problemOfCase({ model: "als" }, ratings, 3, ratings));
  await training.sweep(1);
  refuses = true;
  for (const work of [() => training.read(), () => training.measure()])
    await expect(work()).rejects.toMatchObject({ code: "device-limit", message: expect.stringContaining("no such thing") as string });
});

test.each([0, -5, Number.NaN])("%d bytes are refused before anything is planned within them", async (memoryBytes) => {
  for (const open of [
    () => WebGpuEngine.create({ gpu: fakeGpu().gpu, memoryBytes }),
    () => openEngine("webgpu", () => {}, { memoryBytes }),
  ])
    await expect(open()).rejects.toThrow(OptionsError);
});

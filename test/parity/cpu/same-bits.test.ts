// What the cpu engine gives does not depend on the number of threads, on what fits into the memory,
// or on who computes: bit for bit.

import { afterAll, describe, expect, test } from "vitest";
import { CpuEngine, type CpuOptions } from "../../../src/engine/cpu/engine.js";
import { hasRelaxedSimd } from "../../../src/engine/cpu/wasm-module.js";
import { DeviceError } from "../../../src/errors.js";
import { ReferenceEngine } from "../../../src/engine/reference/engine.js";
import { hotCase } from "../cases.js";
import { coursesOf, descentCoursesOf, expectClose, expectSame, follow, type Seen, startOf } from "./workloads.js";

const one = await CpuEngine.create({ threads: 1 });
afterAll(() => one.destroy());

const PAGE = 1 << 16;
const WAYS: Readonly<Record<string, CpuOptions>> = {
  "2 threads": { threads: 2 },
  "3 threads": { threads: 3 },
  "3 threads in a small memory": { threads: 3, memoryBytes: 9 * PAGE },
  "memory that is not shared": { memory: "own" },
  "the calling thread": { workers: false },
};
const given = hotCase(5, 230, 180, 40_000);
/** So many rows that neither side's fit into the smallest memories. */
const many = hotCase(6, 2200, 2000, 9_000);

const courses = Object.entries({ ...coursesOf(10), ...descentCoursesOf(10) });
/** What comes of each course on one thread, followed when it is first asked for. */
const byOneThread = new Map<string, Promise<Seen>>();

describe.each(Object.entries(WAYS))("with %s", async (_, options) => {
  const engine = await CpuEngine.create(options);
  afterAll(() => engine.destroy());

  test.each(courses)("the same comes of %s", async (name, course) => {
    if (!byOneThread.has(name)) byOneThread.set(name, follow(one, given, course));
    expectSame(await follow(engine, given, course), await byOneThread.get(name)!);
  });
});

/** The smallest memories that a course can be followed in hold only scratch; larger ones some of the arrays. */
const SMALL = Array.from({ length: 64 }, (_, at) => (at + 2) * PAGE);
/** Memories that each course is followed in, from the smallest one that it can be followed in. */
const MEMORIES = 2;
const small = new Map(
  await Promise.all(SMALL.map(async (memoryBytes) => [memoryBytes, await CpuEngine.create({ workers: false, memoryBytes })] as const)),
);

test.each(
  [10, 31].flatMap((K) => Object.entries({ ...coursesOf(K), ...descentCoursesOf(K) }).map(([name, course]) => ({ K, name, course }))),
)("pieces that go through a small memory give the same of $name, K = $K", async ({ course }) => {
  const start = startOf(many, course);
  const expected = await follow(one, start, course);
  let fitted = 0;
  for (const [bytes, engine] of small) {
    try {
      expectSame(await follow(engine, start, course), expected);
      if (++fitted === MEMORIES) break;
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      expect(error.code).toBe("out-of-memory");
      expect(error.message).toContain(`may have ${bytes}`);
      expect(fitted).toBe(0);
    }
  }
  expect(fitted).toBe(MEMORIES);
});

test("slices one by one are all rows", async () => {
  const course = coursesOf(16)["sequential"];
  const system = { kind: "sequential", lambda: 1.3, precisions: Array<number>(17).fill(2), weighted: false, biases: true } as const;
  const slices = {
    ...course,
    run: async (session: Parameters<typeof course.run>[0]) => {
      for (const [from, to] of [
        [0, 1],
        [1, 77],
        [77, 230],
      ])
        await session.solve("users", system, { from, to });
    },
  };
  const whole = { ...course, run: (session: Parameters<typeof course.run>[0]) => session.solve("users", system) };
  const engine = await CpuEngine.create({ threads: 2 });
  expectSame(await follow(engine, given, slices), await follow(one, given, whole));
  engine.destroy();
});

test("each build agrees with the twin", async () => {
  const reference = new ReferenceEngine();
  const byTwin = new Map<string, Seen>();
  for (const build of ["simd", ...(hasRelaxedSimd() ? (["relaxed"] as const) : [])] as const) {
    const engine = await CpuEngine.create({ threads: 2, build });
    expect(engine.info.name).toContain(build === "simd" ? "WebAssembly SIMD" : "relaxed SIMD");
    // What the first half-sweep errs by, the second multiplies.
    for (const [all, most] of [
      [coursesOf(10), 1e-4],
      [descentCoursesOf(10), 5e-4],
    ] as const) {
      for (const [name, course] of Object.entries(all)) {
        if (!byTwin.has(name)) byTwin.set(name, await follow(reference, given, course));
        expectClose(await follow(engine, given, course), byTwin.get(name)!, most);
      }
    }
    engine.destroy();
  }
});

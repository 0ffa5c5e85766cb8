// Every operation on ratings that have weights, on the cpu engine and on a GPU at default limits, against its float64
// twin: with empty rows, and a row that has a third of all ratings.

import { describe, test } from "vitest";
import { testEngines, withWebGpu } from "../support/engines.js";
import { hotCase, weightedCase } from "./cases.js";
import { type Course, coursesOf, descentCoursesOf, expectClose, follow, POINT_SUMS, startOf } from "./cpu/workloads.js";

const engines = await testEngines();
const MOST = 1e-4;
const EVERY_K = [1, 6, 10, 31, 64, 128];
const hot = (K: number) => weightedCase(K > 64 ? hotCase(K + 2, 31, 23, 400) : hotCase(K + 2, 47, 87, 1500));
/** Rows of more ratings than a segment has. */
const long = weightedCase(hotCase(3, 30, 200, 9000));
const LONG = (K: number): Course[] => [
  coursesOf(K)["weighted"],
  coursesOf(K)["diagonal"],
  descentCoursesOf(K)["conjugate gradients in turn"],
];

describe.each(EVERY_K)("on cpu, K = %i", (K) => {
  test.each(Object.entries({ ...coursesOf(K), ...descentCoursesOf(K) }))("%s", async (_, course) => {
    const start = startOf(hot(K), course);
    expectClose(await follow(engines.cpu, start, course), await follow(engines.reference, start, course), MOST);
  });
});

test("on cpu, long rows", async () => {
  for (const course of LONG(6)) expectClose(await follow(engines.cpu, long, course), await follow(engines.reference, long, course), MOST);
});

const UNCERTAIN: typeof POINT_SUMS = {
  squares: { of: "expectedSquares", lambda: 1.3 },
  expected: { of: "expectedErrors", over: "heldOut", lambda: 0.7 },
  users: { of: "posteriorSums", side: "users" },
};
const CONFIDENT: typeof POINT_SUMS = { confident: { of: "confidentErrors", confidence: 3 } };
const SUMS: Readonly<Record<string, typeof POINT_SUMS>> = {
  joint: POINT_SUMS,
  "conjugate gradients in turn": POINT_SUMS,
  epochs: POINT_SUMS,
  weighted: POINT_SUMS,
  sequential: POINT_SUMS,
  drawn: POINT_SUMS,
  "averaged draws": coursesOf(1)["averaged draws"].sums,
  "batch steps": POINT_SUMS,
  "conjugate gradients": POINT_SUMS,
  diagonal: UNCERTAIN,
  full: UNCERTAIN,
  "confident users": CONFIDENT,
  "conjugate gradients over all pairs": CONFIDENT,
};
/** A GPU driver in software takes long to compile: it has every course at one K, and these at the others. */
const EVERY_COURSE_AT = 6;
const FEW = ["joint", "conjugate gradients in turn", "epochs"];

/** A course as a GPU can follow it: no sums but those that rows are made for, and rows set aside at its end. */
function onGpu({ settings, run, ...others }: Course, sums: typeof POINT_SUMS): Course {
  const operations = { ...settings.operations, sums: [...new Set(Object.values(sums).map(({ of }) => of))] };
  return {
    ...others,
    settings: { ...settings, operations },
    sums,
    async run(session) {
      await run(session);
      session.keep();
    },
  };
}

describe.runIf(withWebGpu)("on webgpu", () => {
  test.each(
    EVERY_K.flatMap((K) => Object.keys(SUMS).flatMap((name) => (K === EVERY_COURSE_AT || FEW.includes(name) ? [{ K, name }] : []))),
  )("$name, K = $K", async ({ K, name }) => {
    const course = onGpu({ ...coursesOf(K), ...descentCoursesOf(K) }[name], SUMS[name]);
    const start = startOf(hot(K), course);
    expectClose(await follow(engines.webgpu, start, course), await follow(engines.reference, start, course), MOST);
  });

  test("long rows", async () => {
    for (const [at, course] of LONG(6).entries()) {
      const own = onGpu(course, at === 1 ? UNCERTAIN : POINT_SUMS);
      expectClose(await follow(engines.webgpu, long, own), await follow(engines.reference, long, own), MOST);
    }
  });
});

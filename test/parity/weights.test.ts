// Every operation on ratings that have weights, on the cpu engine and on a GPU at default limits, against its float64
// twin: with empty rows, and a row that has a third of all ratings.

import { describe, test } from "vitest";
import { ENGINE_KINDS, testEngines } from "../support/engines.js";
import { hotCase, weightedCase } from "./cases.js";
import { coursesOf, descentCoursesOf, expectClose, follow } from "./cpu/workloads.js";

const engines = await testEngines();
const MOST = 1e-4;
/** A GPU driver in software takes long to compile: it has every course at one K, and a few at the others. */
const EVERY_COURSE_AT = 6;
const FEW = /^(joint|conjugate gradients|conjugate gradients in turn|epochs)$/;
/** What stands beside courses that there are, and has nothing to do with ratings. */
const BESIDE = /pulled|pulls|heavy ball|without biases$|draws$/;

describe.each(ENGINE_KINDS.filter((kind) => kind !== "reference"))("on %s", (kind) => {
  describe.each([1, 6, 10, 31, 64, 128])("K = %i", (K) => {
    const courses = Object.entries({ ...coursesOf(K), ...descentCoursesOf(K) });
    const taken = courses.filter(([name]) => kind === "cpu" || FEW.test(name) || (K === EVERY_COURSE_AT && !BESIDE.test(name)));
    test.each(taken)("%s", async (_, course) => {
      const given = weightedCase(K > 64 ? hotCase(K + 2, 31, 23, 400) : hotCase(K + 2, 47, 87, 1500));
      expectClose(await follow(engines[kind], given, course), await follow(engines.reference, given, course), MOST);
    });
  });

  test("rows of more ratings than a segment has", async () => {
    const given = weightedCase(hotCase(3, 30, 200, 9000));
    for (const course of [coursesOf(6).weighted, coursesOf(6).diagonal, descentCoursesOf(6)["conjugate gradients in turn"]])
      expectClose(await follow(engines[kind], given, course), await follow(engines.reference, given, course), MOST);
  });
});

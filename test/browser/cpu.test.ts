// The cpu engine in a real browser: web workers compute that share memory, one that has its own, or the page itself.

import { expect, test } from "vitest";
import { CpuEngine } from "../../src/engine/cpu/engine.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { hotCase } from "../parity/cases.js";
import { coursesOf, expectClose, expectSame, follow } from "../parity/cpu/workloads.js";

const given = hotCase(4, 90, 70, 3000);

test("web workers give what the twin gives, and what the page's own thread does", async () => {
  const notices: string[] = [];
  const onNotice = (notice: string): number => notices.push(notice);
  const [workers, page] = [await CpuEngine.create({ onNotice }), await CpuEngine.create({ onNotice, workers: false })];
  expect(notices).toEqual([expect.stringContaining("calling thread")]);
  expect(globalThis.crossOriginIsolated).toBe(true);
  expect(workers.info.name).toContain(`${Math.min(16, navigator.hardwareConcurrency)} thread`);
  const own = await CpuEngine.create({ memory: "own" });
  for (const course of Object.values(coursesOf(7))) {
    const seen = await follow(workers, given, course);
    expectClose(seen, await follow(new ReferenceEngine(), given, course), 1e-4);
    expectSame(await follow(page, given, course), seen);
    expectSame(await follow(own, given, course), seen);
  }
  workers.destroy();
  page.destroy();
  own.destroy();
});

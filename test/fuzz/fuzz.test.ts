// A short run of the fuzzer. The long one: npm run fuzz -- 100000.

import { expect, test } from "vitest";
import { noCounts, runCases } from "./cases.js";
import { allTargets } from "./targets.js";

/** Cases that once did what they should not. */
const KNOWN: Readonly<Record<string, readonly number[]>> = {};

test.each(await allTargets())("damaged input is taken or refused by a typed error: $name", async (target) => {
  const counts = noCounts();
  for (const seed of KNOWN[target.name] ?? []) await runCases(target, seed, seed + 1, counts);
  await runCases(target, 0, 60, counts);
  expect(counts.failures).toEqual([]);
  expect(counts.taken + counts.refused).toBeGreaterThanOrEqual(60);
});

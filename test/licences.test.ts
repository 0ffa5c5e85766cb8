// What installing brings along.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("every dependency has a licence that is on the list, and nothing of ours runs when the package is installed", () => {
  const told = execFileSync(process.execPath, [".ci/licences.mjs"], { encoding: "utf8" });
  expect(told).toMatch(/passed on +MIT +\d+/);
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
  expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name))).toEqual([]);
});

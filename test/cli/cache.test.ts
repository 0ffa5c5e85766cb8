// A file large enough to be read on several threads and kept, from the command line. `npm test` builds it first.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "tastespace-"));
const file = join(folder, "large.csv");
const cache = join(folder, "cache");
afterAll(() => rmSync(folder, { recursive: true }));

function train(...flags: string[]): string {
  const args = ["dist/cli.js", "train", file, "--factors", "0", "--sweeps", "1", "--device", "cpu", ...flags];
  return execFileSync(process.execPath, args, { encoding: "utf8", env: { ...process.env, NO_COLOR: "1", TASTESPACE_CACHE: cache } });
}

test("the indexed ratings of a large file are kept and taken the next time, and on request neither", () => {
  // A million is kept, and 32 MiB are read on several threads.
  const rows = Array.from(
    { length: 1_100_000 },
    (_, at) => `${1 + (at >> 10)},${1 + (at & 1023)},${1 + (at % 5)}.000000000,${1_000_000_000 + at}\n`,
  );
  writeFileSync(file, rows.join(""));
  expect(statSync(file).size).toBeGreaterThan(2 ** 25);
  expect(train("--no-cache")).not.toContain("from the cache");
  expect(existsSync(cache)).toBe(false);
  const [first, second] = [train(), train()];
  expect(first).not.toContain("from the cache");
  expect(second).toContain("large.csv, from the cache: 1,100,000 ratings, 1,075 users, 1,024 items");
  const figures = (out: string): string => /^ +1 .*(?= +[\d.]+$)/m.exec(out)![0];
  expect(figures(second)).toBe(figures(first));
});

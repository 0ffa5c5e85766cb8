// Tables kept between runs: the same ratings, and never from a file that is not whole or of another source.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { readPath } from "../../src/ratings/files.js";
import type { ReadOptions } from "../../src/ratings/read-options.js";
import type { ReadResult } from "../../src/ratings/readers.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tastespace-"));
  path = join(folder, "ratings.csv");
  return () => rmSync(folder, { recursive: true });
});

const cacheFolder = (): string => join(folder, "cache");
const kept = (): string[] => readdirSync(join(cacheFolder(), "ratings")).map((name) => join(cacheFolder(), "ratings", name));
const read = (options: ReadOptions = {}, smallestKept = 1): Promise<ReadResult> =>
  readPath(path, { ...options, cacheFolder: cacheFolder(), smallestKept });
const isCached = ({ format }: ReadResult): boolean => format.endsWith(", from the cache");
const content = ({ ratings, skippedRows, duplicateRows }: ReadResult) => {
  const { user, item, value, time, users, items } = ratings;
  return { user, item, value, time, users: users.raw, items: items.raw, skippedRows, duplicateRows };
};

const cells = fc.tuple(
  fc.constantFrom("1", "70000", "x", "007", '"q"'),
  fc.nat(),
  fc.constantFrom("3", "4.5", "many"),
  fc.constantFrom("5", "-1.5", ""),
);

test("a table comes back as it was read, ids, times and counts", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(cells, { minLength: 1, maxLength: 30 }), fc.boolean(), async (rows, timed) => {
      writeFileSync(path, `1,1,1,1\n${rows.map((row) => row.slice(0, timed ? 4 : 3).join(",")).join("\n")}`);
      rmSync(cacheFolder(), { recursive: true, force: true });
      const first = await read({ skipBadRows: true });
      const second = await read({ skipBadRows: true });
      expect([isCached(first), isCached(second)]).toEqual([false, true]);
      expect(content(second)).toEqual(content(first));
      expect(second.ratings.users.indexOf("007")).toBe(first.ratings.users.indexOf("007"));
    }),
    { numRuns: 40 },
  );
});

test("a file that has changed, in size or in time alone, is read anew and replaces what was kept", async () => {
  writeFileSync(path, "1,2,3\n");
  await read();
  writeFileSync(path, "1,2,4\n");
  utimesSync(path, new Date(), new Date(Date.now() + 5000));
  const changed = await read();
  expect([isCached(changed), changed.ratings.value[0]]).toEqual([false, 4]);
  writeFileSync(path, "1,2,4\n5,6,1\n");
  expect(isCached(await read())).toBe(false);
  expect(isCached(await read())).toBe(true);
  expect(kept()).toHaveLength(1);
});

test("a file that is changed in place, in size and time of change as it was, is read anew", async () => {
  writeFileSync(path, "1,2,3\n");
  const { atime, mtime } = statSync(path);
  utimesSync(path, atime, mtime);
  await read();
  expect(isCached(await read())).toBe(true);
  writeFileSync(path, "1,2,4\n");
  utimesSync(path, atime, mtime);
  expect(statSync(path).mtime).toEqual(mtime);
  const changed = await read();
  expect([isCached(changed), changed.ratings.value[0]]).toEqual([false, 4]);
  expect(isCached(await read())).toBe(true);
});

test("other settings are other tables", async () => {
  writeFileSync(path, "1,2,3\n1,2,5\n");
  expect((await read({ duplicates: "first" })).ratings.value).toEqual(Float32Array.of(3));
  expect((await read({ duplicates: "mean" })).ratings.value).toEqual(Float32Array.of(4));
  const again = await read({ duplicates: "first" });
  expect([isCached(again), again.ratings.value[0], again.duplicateRows]).toEqual([true, 3, 1]);
});

test("any one bit changed, any byte cut off, another's file: noticed, and written anew", async () => {
  writeFileSync(path, "1,2,3,4\nx,7,1.5,9\n");
  const whole = content(await read());
  const [file] = kept();
  const bytes = readFileSync(file);
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), fc.boolean(), async (at, bit, cut) => {
      const spoilt = cut ? bytes.subarray(0, at) : Uint8Array.from(bytes);
      if (!cut) spoilt[at] ^= 1 << bit;
      writeFileSync(file, spoilt);
      const result = await read();
      expect(isCached(result)).toBe(false);
      expect(content(result)).toEqual(whole);
      expect(readFileSync(file).equals(bytes)).toBe(true);
    }),
    { numRuns: 150 },
  );
  const other = join(folder, "other.csv");
  writeFileSync(other, "1,2,3,4\nx,7,2.5,9\n");
  utimesSync(other, statSync(path).atime, statSync(path).mtime);
  await readPath(other, { cacheFolder: cacheFolder(), smallestKept: 1 });
  const [foreign] = kept().filter((name) => name !== file);
  writeFileSync(file, readFileSync(foreign));
  expect(isCached(await read())).toBe(false);
});

test("small tables, tables whose ids go on from others', and files that change meanwhile are not kept", async () => {
  writeFileSync(path, "1,2,3\n4,5,1\n");
  const { ratings } = await read({}, 3);
  await read({ ids: { users: ratings.users, items: ratings.items } });
  await read({ onProgress: () => writeFileSync(path, "1,2,3\n4,5,1\n6,7,1\n") });
  expect(existsSync(join(cacheFolder(), "ratings"))).toBe(false);
});

test("a cache folder that cannot be written to is a warning, and leaves nothing half-done", async () => {
  writeFileSync(path, "1,2,3\n");
  mkdirSync(cacheFolder());
  writeFileSync(join(cacheFolder(), "ratings"), "a file where a folder should be");
  const { ratings, warnings } = await read();
  expect(ratings.count).toBe(1);
  expect(warnings).toEqual([expect.stringContaining("were not kept for the next time") as string]);
  rmSync(join(cacheFolder(), "ratings"));
  await read();
  const [file] = kept();
  rmSync(file);
  mkdirSync(join(file, "in the way"), { recursive: true });
  expect((await read()).warnings).toHaveLength(1);
  expect(readdirSync(dirname(file))).toHaveLength(1);
});

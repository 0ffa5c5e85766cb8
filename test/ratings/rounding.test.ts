// Ratings are kept in float32: where that would make equal what differs, reading says so, whatever it reads.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, describe, expect, test } from "vitest";
import { readShare } from "../../src/distributed/shared-reading.js";
import { ranksTogether } from "../../src/distributed/together.js";
import { RatingsError } from "../../src/errors.js";
import { bytesSource, fit, Ratings, readPath, readRatings } from "../../src/node.js";
import { fileSource, tableFiles } from "../../src/ratings/files.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-rounding-"));
afterAll(() => rmSync(folder, { recursive: true }));
const written = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

const OFFSET = 100_000_000;
const users = Array.from({ length: 60 }, (_, at) => at % 12);
const rows = users.map((user, at): [number, number, number] => [user, at % 7, OFFSET + 1 + (at % 5)]);
const text = `user,item,rating\n${rows.join("\n")}\n`;
const columnData = [
  { name: "user", data: rows.map(([user]) => user), type: "INT32" as const },
  { name: "item", data: rows.map(([, item]) => item), type: "INT32" as const },
  { name: "rating", data: rows.map(([, , rating]) => rating), type: "DOUBLE" as const },
];
async function* oneByOne() {
  for (const row of rows) yield await Promise.resolve(row);
}

/** By step 8 at this size, 100000001 is stored as 100000000, and is moved by 1; the one that is moved farthest, by 4, is 100000004. */
const SAID =
  /rating 100000004 would be stored as 100000000: the ratings go from 100000001 to 100000005, and are kept in float32, which has steps of 8 there$/;

describe("ratings whose differences float32 cannot keep are refused", () => {
  const parts = join(folder, "parts");
  mkdirSync(parts);
  for (const at of [0, 1, 2]) written(`parts/part-${at}.csv`, `user,item,rating\n${rows.slice(20 * at, 20 * at + 20).join("\n")}\n`);

  test.each<[from: string, read: () => unknown]>([
    ["rows", () => Ratings.from(rows)],
    ["objects", () => Ratings.from(rows.map(([user, item, rating]) => ({ user, item, rating })))],
    ["rows one by one", () => Ratings.fromAsync(oneByOne())],
    ["plain numbers", () => readPath(written("plain.csv", text))],
    ["cells of text", () => readPath(written("text.csv", text.replaceAll(/^(\d)/gm, "u$1")))],
    ["quoted cells", () => readPath(written("quoted.csv", text.replaceAll(/^(\d+)/gm, '"$1"')))],
    ["a matrix", () => readRatings(bytesSource("m.csv", new TextEncoder().encode("person,a,b,c\n1,100000001,100000002,\n2,100000005,,100000004\n")), { layout: "matrix" })], // prettier-ignore
    ["JSON", () => readPath(written("rows.json", JSON.stringify(rows.map(([user, item, rating]) => ({ user, item, rating })))))],
    ["lines of JSON", () => readPath(written("rows.jsonl", rows.map(([user, item, rating]) => JSON.stringify({ user, item, rating })).join("\n")))], // prettier-ignore
    ["Parquet", () => readPath(written("rows.parquet", new Uint8Array(parquetWriteBuffer({ columnData }))))],
    ["a table in parts", () => readPath(parts)],
    ["segments on threads", async () => readRatings(await fileSource(written("segments.csv", text), { threads: 2, segmentBytes: 200, smallestBytes: 0 }))], // prettier-ignore
    ["shares of ranks", () => Promise.all(ranksTogether(3).map(async (ranks) => readShare((await tableFiles(written("shares.csv", text)))!, ranks, { holdout: 0, seed: 1 })))], // prettier-ignore
  ])("in %s", async (_, read) => {
    const error: unknown = await Promise.resolve()
      .then(read)
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RatingsError);
    expect(error).toMatchObject({
      message: expect.stringMatching(SAID) as string,
      remedy: "subtract the same number from all ratings, such as the least, 100000001",
    });
  });
});

test("as the remedy says, they are taken with a number subtracted", () => {
  expect(new Set(Ratings.from(rows.map(([user, item, rating]) => [user, item, rating - OFFSET - 1])).value)).toEqual(
    new Set([0, 1, 2, 3, 4]),
  );
});

test.each<[what: string, values: number[]]>([
  ["large counts beside small ones", [1, 100_000_003, 17]],
  ["ratings that are all equal", [100_000_003, 100_000_003]],
  ["ratings that are equal but for the last digits of a sum", [0.3, 0.1 + 0.2]],
  ["stars with a comma", [4.3, 4.7, 0.1]],
  ["large ratings with cents, few of them", [50_000.26, 50_000.71]],
  ["large ratings that float32 holds exactly", [100_000_000, 100_000_008]],
  ["years", [2019, 2020]],
  ["negative and positive ones", [-100_000_003, 100_000_003]],
  ["none but 0", [0, 0]],
])("%s are taken", (_, values) => {
  expect(Array.from(Ratings.from(values.map((value, at) => ["ann", at, value])).value)).toEqual(values.map(Math.fround));
});

test("the first rating that is moved farthest is named, wherever it stands", () => {
  const many = Array.from({ length: 5000 }, (_, at): [number, number, number] => [
    at,
    1,
    OFFSET + 8 + (at === 3000 || at === 4000 ? 3 : 0),
  ]);
  expect(() => Ratings.from(many)).toThrow(/^rating 100000011 would be stored as 100000008: /);
  // What comes later makes it fine.
  expect(Ratings.from([...many, [1, 2, 1]]).count).toBe(5001);
});

test("what is stored exactly and too near for arithmetic in float32 is refused by models of ratings, and taken as counts", async () => {
  const near = Ratings.from(rows.map(([user, item, rating]) => [user, item, rating - OFFSET + 10_000_000]));
  await expect(fit(near, { model: "vb", factors: 1, sweeps: 1, device: "reference" })).rejects.toMatchObject({
    message: "the ratings go from 10000001 to 10000005, and training is in float32, which has steps of 1 there",
    remedy: "subtract the same number from all ratings, such as the least, 10000001",
  });
  await expect(fit(near, { model: "implicit", factors: 1, sweeps: 1, device: "reference" })).resolves.toBeDefined();
});

// Weights of ratings, from a table's column or rows of one's own to the ratings that count.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { OptionsError, RatingsError } from "../../src/errors.js";
import { accuracy } from "../../src/metrics/accuracy.js";
import { calibrationOf } from "../../src/metrics/calibration.js";
import { csrOf, rowWeights } from "../../src/ratings/csr.js";
import { mergeDuplicates } from "../../src/ratings/duplicates.js";
import { readPath } from "../../src/ratings/files.js";
import { fingerprintOf } from "../../src/ratings/fingerprint.js";
import { mostRated } from "../../src/ratings/popularity.js";
import { Ratings } from "../../src/ratings/ratings.js";
import type { ReadOptions } from "../../src/ratings/read-options.js";
import type { GivenRating } from "../../src/ratings/rows.js";
import { sortedRatings } from "../../src/ratings/sorted.js";
import { splitRatings } from "../../src/ratings/split.js";
import { ratingsThatCount } from "../../src/ratings/weights.js";
import { fit } from "../../src/training/fit.js";
import { unitOf } from "../../src/training/units.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-weights-"));
afterAll(() => rmSync(folder, { recursive: true }));

let number = 0;
function written(text: string, name = "ratings.csv"): string {
  const path = join(folder, `${number++}-${name}`);
  writeFileSync(path, text);
  return path;
}
const read = async (text: string, options: ReadOptions = {}, name?: string): Promise<Ratings> =>
  (await readPath(written(text, name), options)).ratings;

const weighted = { columns: { weight: "w" } };
const TABLE = "user,item,rating,w\n1,10,4,2\n1,11,3,0.5\n2,10,5,0\n";

test("a weight of null is refused in rows as an empty cell is, with what to write", () => {
  const from = (weight: unknown) => () => Ratings.from([["ann", "tea", 5, null, weight as number]]);
  expect(from(null)).toThrow(expect.objectContaining({ message: expect.stringContaining("its weight null is not from 0 to") as string }));
  expect(from(null)).toThrow(expect.objectContaining({ remedy: "give 1 where it counts once, as by weight ?? 1, or 0 where not at all" }));
  expect(from(undefined)().weight).toBeUndefined();
});

describe("a column of weights", () => {
  test.each([
    ["of plain numbers", TABLE],
    ["beside text", "user,item,rating,w\nann,10,4,2\nann,11,3,0.5\nbob,10,5,0\n"],
    ["between others, with decimal commas", "w;user;item;rating\n2;ann;10;4\n0,5;ann;11;3\n0;bob;10;5\n"],
    ["in quotes", 'user,item,rating,w\n"ann, a",10,4,"2"\n"ann, a",11,3,0.5\nbob,10,5,0\n'],
    [
      "of JSON lines",
      '{"user":1,"item":10,"rating":4,"w":2}\n{"user":1,"item":11,"rating":3,"w":0.5}\n{"user":2,"item":10,"rating":5,"w":0}\n',
    ],
    [
      "of ARFF",
      "@relation r\n@attribute user numeric\n@attribute item numeric\n@attribute rating numeric\n@attribute w numeric\n@data\n1,10,4,2\n1,11,3,0.5\n2,10,5,0\n",
    ],
  ])("is read where it is asked for: %s", async (_, text) => {
    const ratings = await read(text, weighted);
    expect([...ratings.weight!]).toEqual([2, 0.5, 0]);
    expect([...ratings.value]).toEqual([4, 3, 5]);
    expect((await read(text)).weight).toBe(undefined);
  });

  test("is told, and may be named by number", async () => {
    const { understood, ratings } = await readPath(written(TABLE), { columns: { weight: 3 } });
    expect(understood?.columns).toBe("user → user, item → item, rating → rating, w → weight");
    expect([...ratings.weight!]).toEqual([2, 0.5, 0]);
    expect([...(await read("1,10,4,2\n1,11,3,0.5\n", { columns: { weight: 3 } })).weight!]).toEqual([2, 0.5]);
  });

  test("called weight holds the ratings, unless it is asked for as weights", async () => {
    const text = "user,item,weight\n1,10,4\n1,11,3\n";
    expect([...(await read(text)).value]).toEqual([4, 3]);
    const ratings = await read(text, { columns: { weight: "weight" } });
    expect([[...ratings.value], [...ratings.weight!]]).toEqual([
      [1, 1],
      [4, 3],
    ]);
  });

  test.each(["-1", "x", "", "Infinity", "2e9", "NaN"])(
    "with %j in it stops at the line, or leaves the row out and counts it",
    async (bad) => {
      for (const user of ["1", "ann"]) {
        const text = `user,item,rating,w\n${user},10,4,1\n${user},11,3,${bad}\n${user},12,2,1\n`;
        const error = await read(text, weighted).catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(RatingsError);
        expect(error).toMatchObject({ line: 3, message: expect.stringContaining(`weight "${bad}" is not from 0 to 1000000000`) as string });
        const { ratings, skippedRows } = await readPath(written(text), { ...weighted, skipBadRows: true });
        expect([ratings.count, skippedRows]).toEqual([2, 1]);
      }
    },
  );

  test("that is not there, or of a matrix, is refused", async () => {
    await expect(read("user,item,rating\n1,10,4\n", weighted)).rejects.toThrow(/there is no column "w"/);
    await expect(read("user,a,b\n1,10,4\n", { ...weighted, layout: "matrix" })).rejects.toThrow(OptionsError);
  });

  test("is the same in segments, from the cache, and in row order of its own", async () => {
    const lines = Array.from({ length: 3000 }, (_, at) => `${at % 91},${at % 87},${1 + (at % 5)},${(at % 9) / 4}`);
    const path = written(["user,item,rating,w", ...lines, ""].join("\n"));
    const ratings = (await readPath(path, { ...weighted, threads: 1 })).ratings;
    const inSegments = await readPath(path, { ...weighted, threads: 2, segmentBytes: 5000, smallestBytes: 0 });
    expect(inSegments.ratings.weight).toEqual(ratings.weight);
    const cached = { ...weighted, cacheFolder: join(folder, "cache"), smallestKept: 1 };
    await readPath(path, cached);
    const again = await readPath(path, cached);
    expect(again.format).toMatch(/from the cache/);
    expect(again.ratings.weight).toEqual(ratings.weight);
    expect((await readPath(path, { ...cached, columns: {} })).ratings.weight).toBe(undefined);
    const sorted = sortedRatings(ratings);
    expect(new Set(sorted.ratedBy(7).map(String))).toEqual(new Set(ratings.ratedBy(7).map(String)));
    expect(fingerprintOf(sorted).set).toBe(fingerprintOf(ratings).set);
  });
});

const rows: readonly GivenRating[] = [
  ["ann", 1, 4, null, 2],
  ["ann", 2, 1],
  ["bob", 1, 5, null, 0],
  ["bob", 2, 2, null, 3],
];
const ratings = Ratings.from(rows);
/** The same without weights. */
const plain = new Ratings({ user: ratings.user, item: ratings.item, value: ratings.value }, ratings.users, ratings.items);

describe("ratings with weights", () => {
  test("come of rows, as arrays and by name; a wrong one is named", () => {
    expect([...ratings.weight!]).toEqual([2, 1, 0, 3]);
    expect(ratings.ratedBy("ann")).toEqual([
      [1, 4, 2],
      [2, 1, 1],
    ]);
    expect([...Ratings.from([{ user: 1, item: 2, rating: 3, weight: 0.5 }]).weight!]).toEqual([0.5]);
    expect(Ratings.from([["ann", 1, 4]]).weight).toBe(undefined);
    expect(Ratings.from([["ann", 1, 4]]).ratedBy("ann")).toEqual([[1, 4]]);
    for (const weight of [-1, NaN, Infinity, "2", null])
      expect(() =>
        Ratings.from([
          ["ann", 1, 4],
          ["ann", 2, 4, null, weight as number],
        ]),
      ).toThrow(/^row 2, .*: its weight .* is not from 0 to/);
  });

  test("are checked where they are made of columns", () => {
    const { user, item, value, users, items } = ratings;
    const make = (weight: Float32Array): Ratings => new Ratings({ user, item, value, weight }, users, items);
    expect(() => make(Float32Array.of(1, 1, 1))).toThrow(/columns differ in length: .* 3 weights/);
    expect(() => make(Float32Array.of(1, -2, 1, 1))).toThrow(/rating 1: weight -2 is not from 0/);
    expect(() => make(Float32Array.of(1, 1, NaN, 1))).toThrow(/rating 2: weight NaN/);
  });

  test("have the mean, the extremes and the unit of each as often as it counts", () => {
    const repeated = plain.select(Uint32Array.of(0, 0, 1, 3, 3, 3));
    const { weight, ...own } = ratings.statistics();
    expect(weight).toBe(6);
    expect(own).toEqual({ ...repeated.statistics(), ratings: 4 });
    expect(unitOf(ratingsThatCount(ratings))).toBe(unitOf(repeated));
    expect(mostRated(ratingsThatCount(ratings)).map(({ id, mean }) => [id, mean])).toEqual([
      [2, 7 / 4],
      [1, 4],
    ]);
    expect(rowWeights(csrOf(ratingsThatCount(ratings), "users"))).toEqual(Float64Array.of(3, 3));
  });

  test("that count have neither weights of 0 nor ones alone, and all ids", () => {
    expect([...ratingsThatCount(ratings).value]).toEqual([4, 1, 2]);
    expect(ratingsThatCount(ratings).users).toBe(ratings.users);
    expect(ratingsThatCount(ratings)).toBe(ratingsThatCount(ratings));
    const { user, item, value, users, items } = ratings;
    expect(ratingsThatCount(plain)).toBe(plain);
    const ones = ratingsThatCount(new Ratings({ user, item, value, weight: Float32Array.of(1, 0, 1, 1) }, users, items));
    expect([ones.weight, [...ones.value]]).toEqual([undefined, [4, 5, 2]]);
  });

  test("have another fingerprint where a weight differs, and that of no weights where all are 1", () => {
    const { user, item, value, users, items } = ratings;
    const of = (weight?: Float32Array): object => fingerprintOf(new Ratings({ user, item, value, weight }, users, items));
    expect(of(Float32Array.of(1, 1, 1, 1))).toEqual(of());
    const prints = [
      of(),
      of(Float32Array.of(2, 1, 1, 1)),
      of(Float32Array.of(1, 2, 1, 1)),
      of(Float32Array.of(0, 1, 1, 1)),
      of(Float32Array.of(0.5, 1, 1, 1)),
    ];
    expect(new Set(prints.map((print) => JSON.stringify(print))).size).toBe(5);
    expect(of(Float32Array.of(1, 0, 1, 1))).toEqual(fingerprintOf(plain.select(Uint32Array.of(0, 2, 3))));
  });

  test("keep their weights in splits", () => {
    const { train, heldOut } = splitRatings(ratings, { share: 0.5 });
    expect(new Set([...train.weight!, ...heldOut.weight!])).toEqual(new Set([0, 1, 2, 3]));
  });

  test.each([
    ["last", 2, 4],
    ["first", 5, 1],
    ["mean", (5 + 4 * 2) / 5, 2.5],
    ["sum", 7, 2.5],
    ["count", 2, 2.5],
  ] as const)("that come twice are merged by the rule: %s", (policy, value, weight) => {
    const twice = {
      user: Uint32Array.of(0, 0, 0),
      item: Uint32Array.of(0, 0, 0),
      value: Float32Array.of(5, 2, 1),
      weight: Float32Array.of(1, 4, 0),
    };
    const merge = (): ReturnType<typeof mergeDuplicates> => mergeDuplicates(twice, 1, 1, policy, () => new Error("twice"));
    const { columns, duplicateRows } = merge();
    expect(duplicateRows).toBe(1);
    expect([columns.value[0], columns.weight![0]]).toEqual([Math.fround(value), weight]);
    // The rating of weight 0 is none of the pair's.
    expect([columns.value.length, columns.weight![1]]).toEqual([2, 0]);
  });

  test("are measured by weight", async () => {
    const { model } = await fit(ratings, { factors: 1, sweeps: 1, device: "reference" });
    const repeated = plain.select(Uint32Array.of(0, 0, 1, 3, 3, 3));
    for (const [name, value] of Object.entries(accuracy(model, ratings)))
      expect(value).toBeCloseTo(accuracy(model, repeated)[name as "rmse"], 12);
    const [a, b] = [calibrationOf([0.3, -2, 1], [0.5, 0.9], [1, 3, 2]), calibrationOf([0.3, -2, -2, -2, 1, 1], [0.5, 0.9])];
    expect(a.points).toEqual(b.points);
    expect(a.meanSquare).toBeCloseTo(b.meanSquare, 12);
  });

  test("none of which counts cannot be trained on", async () => {
    const { user, item, value, users, items } = ratings;
    await expect(fit(new Ratings({ user, item, value, weight: new Float32Array(4) }, users, items))).rejects.toThrow(
      /no ratings to train on/,
    );
  });
});

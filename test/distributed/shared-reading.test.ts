// Ratings that several ranks read in shares are those of one process: the same ids, the same split, the same training.

import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, describe, expect, test } from "vitest";
import type { Communicator } from "../../src/distributed/communicator.js";
import { RanksEngine } from "../../src/distributed/ranks-engine.js";
import { readShare, type ShareOptions, type SharedSplit } from "../../src/distributed/shared-reading.js";
import { ranksTogether } from "../../src/distributed/together.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { RanksError, RatingsError } from "../../src/errors.js";
import { encodeModel } from "../../src/model-file.js";
import { seededRandom } from "../../src/random.js";
import { readPath, tableFiles } from "../../src/ratings/files.js";
import { csrOf, rowWeights } from "../../src/ratings/csr.js";
import { fingerprintOf } from "../../src/ratings/fingerprint.js";
import { wholeOf } from "../../src/ratings/share.js";
import { splitRatings } from "../../src/ratings/split.js";
import { ratingsThatCount } from "../../src/ratings/weights.js";
import { fit, type FitOptions } from "../../src/training/fit.js";
import { unitOf } from "../../src/training/units.js";
import { checkpointAfter, expectSameTraining } from "../support/resume.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-shares-"));
afterAll(() => rmSync(folder, { recursive: true }));

const random = seededRandom(3);
const HEADER = "user,item,rating";
/** Ids of both kinds, in no order; some pairs twice. */
const rows = Array.from({ length: 900 }, () => {
  const user = random.below(60);
  return `${user % 3 === 0 ? `person ${user}` : user},${random.below(40)},${(1 + random.below(10)) / 2}`;
});
function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}
/** The same rows as Parquet, with times, maybe weights, and a column that says nothing; many pages a group. */
const parquet = (from: number, to: number, rowGroupSize: number, more: { w?: number[]; codec?: "UNCOMPRESSED" } = {}): Uint8Array => {
  const [users, items, ratings] = [0, 1, 2].map((place) => rows.slice(from, to).map((row) => row.split(",")[place]));
  const { w, codec = "SNAPPY" } = more;
  const columnData = [
    { name: "note", data: users.map((_, at) => `note ${at}`), type: "STRING" },
    { name: "item", data: items.map(BigInt), type: "INT64", nullable: false },
    { name: "timestamp", data: users.map((_, at) => BigInt(1_577_836_800 + 7 * at)), type: "INT64" },
    { name: "user", data: users, type: "STRING" },
    { name: "rating", data: Float32Array.from(ratings, Number), type: "FLOAT", nullable: false },
    ...(w ? [{ name: "w", data: w, type: "DOUBLE" }] : []),
  ] as Parameters<typeof parquetWriteBuffer>[0]["columnData"];
  return new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize, pageSize: 160, codec }));
};
const plain = file("ratings.csv", [HEADER, ...rows, ""].join("\n"));
/** Rows of part files, one of a single row among them. */
const PARTS = [
  [0, 350],
  [350, 351],
  [351, 900],
] as const;
const parts = join(folder, "parts");
mkdirSync(parts);
for (const [at, [from, to]] of PARTS.entries()) file(`parts/part-${at + 1}.csv`, [HEADER, ...rows.slice(from, to), ""].join("\n"));

const parquetParts = join(folder, "parquet-parts");
mkdirSync(parquetParts);
for (const [at, [from, to]] of PARTS.entries()) file(`parquet-parts/part-${at + 1}.parquet`, parquet(from, to, 200));
const groups = file("ratings.parquet", parquet(0, 900, 130));

/** Likes in words instead, below a line of comment. */
const liked = rows.map((row) => row.replace(/[\d.]+$/, (rating) => (Number(rating) > 2.5 ? "Yes" : "no")));

const PATHS: readonly (readonly [name: string, path: string])[] = [
  ["a header", plain],
  ["no header, no last newline, other line ends", file("bare.csv", rows.join("\r\n"))],
  ["a table in parts, one of a single row", parts],
  ["likes in words, below a comment", file("liked.csv", ["# by hand", "user,item,liked", ...liked, ""].join("\n"))],
  ["Parquet, in row groups", groups],
  ["Parquet, in one row group without compression", file("one.parquet", parquet(0, 900, 900, { codec: "UNCOMPRESSED" }))],
  ["Parquet in parts, one of a single row", parquetParts],
];

/** On each of so many ranks. */
async function onRanks<T>(count: number, run: (ranks: Communicator) => Promise<T>): Promise<T[]> {
  return await Promise.all(
    ranksTogether(count).map(async (ranks) => {
      try {
        return await run(ranks);
      } catch (error) {
        ranks.abort(1);
        throw error;
      }
    }),
  );
}

async function share(path: string, ranks: Communicator, options: Partial<ShareOptions> = {}): Promise<SharedSplit> {
  const files = await tableFiles(path);
  return (await readShare(files!, ranks, { holdout: 0.2, seed: 1, pieceBytes: 500, ...options }))!;
}

describe.each(PATHS)("of %s", (_, path) => {
  test.each(["last", "mean", "count"] as const)("shares are those of one process, duplicates %s", async (duplicates) => {
    const { ratings } = await readPath(path, { duplicates });
    const { train, heldOut } = splitRatings(ratings, { share: 0.2, seed: 1 });
    for (const count of [1, 2, 3, 4]) {
      const shares = await onRanks(count, (ranks) => share(path, ranks, { duplicates }));
      for (const { train: own, counts, fingerprint } of shares) {
        expect(fingerprint).toBe(fingerprintOf(ratings).set);
        const whole = wholeOf(own)!;
        expect(counts).toEqual({ ratings: train.count, heldOut: heldOut.count });
        expect(own.users.raw).toEqual(train.users.raw);
        expect(own.items.raw).toEqual(train.items.raw);
        expect(own.statistics()).toEqual(train.statistics());
        expect(fingerprintOf(own)).toEqual(fingerprintOf(train));
        expect(whole.heldOut.fingerprint).toEqual(fingerprintOf(heldOut));
      }
      // All users' ratings lie on one rank each, and are all there are.
      expect(shares.reduce((sum, { train: own }) => sum + own.count, 0)).toBe(train.count);
      expect(shares.reduce((sum, { heldOut: own }) => sum + own.count, 0)).toBe(heldOut.count);
      for (const column of ["user", "item", "value"] as const)
        expect(shares.flatMap(({ heldOut: own }) => [...own[column]])).toEqual([...heldOut[column]]);
    }
  });
});

/** A table whose ratings have weights, some of them 0. */
const weighed = file("weighed.csv", [`${HEADER},w`, ...rows.map((row, at) => `${row},${(at % 5) / 2}`), ""].join("\n"));
const columns = { weight: "w" };
const weighedParquet = file("weighed.parquet", parquet(0, 900, 400, { w: rows.map((_, at) => (at % 5) / 2) }));

test.each([
  [weighed, "last"],
  [weighed, "mean"],
  [weighed, "sum"],
  [weighedParquet, "mean"],
] as const)("shares of ratings with weights are those of one process: %s, duplicates %s", async (path, duplicates) => {
  const { ratings } = await readPath(path, { duplicates, columns });
  const split = splitRatings(ratings, { share: 0.2, seed: 1 });
  const [train, heldOut] = [ratingsThatCount(split.train), ratingsThatCount(split.heldOut)];
  expect(train.count).toBeLessThan(split.train.count);
  const weights = { users: rowWeights(csrOf(train, "users")), items: rowWeights(csrOf(train, "items")) };
  for (const count of [1, 2, 3]) {
    const shares = await onRanks(count, (ranks) => share(path, ranks, { duplicates, columns }));
    for (const { train: own, counts, fingerprint } of shares) {
      expect(fingerprint).toBe(fingerprintOf(ratings).set);
      expect(counts).toEqual({ ratings: train.count, heldOut: heldOut.count });
      expect(own.statistics()).toEqual(train.statistics());
      expect(fingerprintOf(own)).toEqual(fingerprintOf(train));
      const whole = wholeOf(own)!;
      expect(whole.share.weights).toEqual(weights);
      expect(whole.unit).toBe(unitOf(train));
      expect(whole.heldOut.weight).toBe(heldOut.statistics().weight);
    }
    for (const column of ["user", "item", "value", "weight"] as const)
      expect(shares.flatMap(({ heldOut: own }) => [...own[column]!])).toEqual([...heldOut[column]!]);
  }
});

test("weights that are all 1 are none, on all ranks", async () => {
  const path = file("ones.csv", [`${HEADER},w`, ...rows.map((row) => `${row},1`), ""].join("\n"));
  for (const { train } of await onRanks(2, (ranks) => share(path, ranks, { columns }))) expect(train.weight).toBe(undefined);
});

const MODELS: readonly (readonly [name: string, options: FitOptions])[] = [
  ["als", { model: "als", regularization: "weighted" }],
  ["vb", { model: "vb", warmUp: 1 }],
  ["gibbs", { model: "gibbs", burnIn: 1, samples: 3 }],
  ["implicit", { model: "implicit", measureBy: "loss" }],
  ["gd", { model: "gd", stepSize: 0.2 }],
  ["sgd", { model: "sgd" }],
];

const TABLES = [
  { name: "", path: plain },
  { name: " with weights", path: weighed, columns },
];

const TRAININGS = TABLES.flatMap((table) => MODELS.map(([name, model]) => ({ ...table, name: `${name}${table.name}`, model })));
const ofParquet = { path: weighedParquet, columns, name: "als with weights, of Parquet", model: MODELS[0][1] };

test.each([...TRAININGS, ofParquet])(
  "a training on shares ends with the model file of one process, and its checkpoint goes on anywhere: $name",
  async ({ path, columns, model }) => {
    const { train, heldOut } = splitRatings((await readPath(path, { columns })).ratings, { share: 0.2, seed: 1 });
    const options = { factors: 3, earlyStop: false, sweeps: 3, keepSeen: "all", ...model } as FitOptions;
    const one = await fit(train, { ...options, heldOut, device: new ReferenceEngine() } as FitOptions);
    const epochs = options.model === "sgd" ? { seed: 1 } : undefined;
    for (const count of [2, 4]) {
      const results = await onRanks(count, async (ranks) => {
        const own = await share(path, ranks, { epochs, columns });
        const device = new RanksEngine(new ReferenceEngine(), ranks);
        const run = (more: FitOptions) => fit(own.train, { ...options, heldOut: own.heldOut, device, ...more } as FitOptions);
        return { result: await run({}), checkpoint: await checkpointAfter(2, (more) => run(more as FitOptions)) };
      });
      for (const { result } of results) expectSameTraining(result, one);
      expect(encodeModel(results[0].result.model)).toEqual(encodeModel(one.model));
      const { checkpoint } = results[0];
      expectSameTraining(await fit(train, { ...options, heldOut, device: new ReferenceEngine(), resume: checkpoint } as FitOptions), one);
    }
  },
);

test("positives alone in Parquet are read in shares, the columns told by their rows", async () => {
  const columnData = [
    { name: "a", data: rows.map((row) => row.split(",")[0]), type: "STRING" as const },
    { name: "b", data: rows.map((row) => row.split(",")[1]), type: "STRING" as const },
  ];
  const path = file("pairs.parquet", new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 300 })));
  const { ratings } = await readPath(path);
  for (const { fingerprint, understood } of await onRanks(3, (ranks) => share(path, ranks))) {
    expect(fingerprint).toBe(fingerprintOf(ratings).set);
    expect(understood).toEqual({ columns: "a → user, b → item; no ratings: every row counts as 1", hasRatings: false, form: "Parquet" });
  }
});

test("titles beside a file that is read in shares are told as of one that is read whole, and left out alike", async () => {
  const movies = file("movies.csv", "movieId,title,genres\nnowhere,Heat (1995),Crime\n");
  const path = file("ratings.csv", [HEADER, ...rows, ""].join("\n"));
  const told = await readPath(path);
  expect(told.warnings).toEqual([expect.stringContaining("movies.csv beside the ratings is left out") as string]);
  for (const { titles, warnings } of await onRanks(2, (ranks) => share(path, ranks)))
    expect({ titles, warnings }).toEqual({ titles: told.titles, warnings: told.warnings });
  writeFileSync(movies, `movieId,title,genres\n${told.ratings.items.rawAt(0)},Heat (1995),Crime\n`);
  const { titles } = await readPath(path);
  expect(titles).toEqual({ file: "movies.csv", items: 1, among: told.ratings.items.size });
  for (const shared of await onRanks(2, (ranks) => share(path, ranks))) expect(shared.titles).toEqual(titles);
});

test("of Parquet a rank reads its rows of the columns that are used, and no more", async () => {
  const count = 4000;
  /** 500 letters that do not pack. */
  const noise = (): string => randomBytes(375).toString("base64");
  const columnData = [
    { name: "note", data: Array.from({ length: count }, () => noise()), type: "STRING" as const },
    { name: "user", data: Array.from({ length: count }, (_, at) => at % 50), type: "INT32" as const },
    { name: "item", data: Array.from({ length: count }, () => noise()), type: "STRING" as const },
    { name: "rating", data: Array.from({ length: count }, (_, at) => at % 5), type: "INT32" as const },
  ];
  for (const rowGroupSize of [500, count]) {
    const path = file("wide.parquet", new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize, pageSize: 50_000 })));
    const read = await onRanks(4, async (ranks) => {
      const files = (await tableFiles(path))!;
      let bytes = 0;
      const [source] = files.sources;
      const range = async (from: number, to: number): Promise<ArrayBuffer> => ((bytes += to - from), await source.range!(from, to));
      await readShare({ ...files, sources: [{ ...source, range }] }, ranks, { holdout: 0.2, seed: 1 });
      return bytes;
    });
    // The end of the file, where the metadata are, is read at once: half a MB.
    for (const bytes of read) expect(bytes - 2 ** 19).toBeLessThan((1.2 * count * 500) / 4);
  }
});

test("numbers of the rows in the place of users are asked about, whichever rank has read them", async () => {
  const path = file("numbered.csv", Array.from({ length: 60 }, (_, at) => `${at},${at % 9},${at % 7},${1 + (at % 5)}\n`).join(""));
  await expect(onRanks(2, (ranks) => share(path, ranks))).rejects.toThrow(/each of the 60 rows has a user of its own/);
});

test("what is quoted or compressed is read whole, and all ranks know", async () => {
  const quoted = file("quoted.csv", [HEADER, ...rows.slice(0, 700), '"a, b",1,3', ...rows.slice(700), ""].join("\n"));
  for (const result of await onRanks(3, async (ranks) => await share(quoted, ranks))) expect(result).toBeUndefined();
});

test("a malformed row is named by its line, whichever rank reads it; so is a rank whose part is empty", async () => {
  for (const at of [0, 1, 449, 899]) {
    const bad = file("bad.csv", [HEADER, ...rows.slice(0, at), "a,b,four", ...rows.slice(at), ""].join("\n"));
    const error = await onRanks(3, (ranks) => share(bad, ranks)).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(RatingsError);
    expect((error as RatingsError).message).toBe(`${bad}:${at + 2}: rating "four" is not a number`);
  }
  const stars = rows.map((_, at) => (at === 700 ? "four" : "4"));
  const columnData = ["user", "item", "rating"].map((name, place) => {
    return { name, data: place === 2 ? stars : rows.map((row) => row.split(",")[place]), type: "STRING" as const };
  });
  const bad = file("bad.parquet", new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 200 })));
  const alone = await readPath(bad).catch((cause: unknown) => cause);
  const error = await onRanks(3, (ranks) => share(bad, ranks)).catch((cause: unknown) => cause);
  for (const each of [alone, error]) expect((each as RatingsError).message).toBe(`${bad}:701: rating "four" is not a number`);
  const few = file("few.csv", [HEADER, "a,b,3", "a person of a very long name,c,4", ""].join("\n"));
  const empty = await onRanks(3, (ranks) => share(few, ranks)).catch((cause: unknown) => cause);
  expect(empty).toBeInstanceOf(RanksError);
  expect((empty as RanksError).message).toMatch(/^rank \d has an empty part of .*few\.csv: no rating starts in its share of the bytes$/);
});

// Ratings that several ranks read in shares are those of one process: the same ids, the same split, the same training.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
const plain = file("ratings.csv", [HEADER, ...rows, ""].join("\n"));
const parts = join(folder, "parts");
mkdirSync(parts);
for (const [at, [from, to]] of [
  [0, 350],
  [350, 351],
  [351, 900],
].entries())
  file(`parts/part-${at + 1}.csv`, [HEADER, ...rows.slice(from, to), ""].join("\n"));

const PATHS: readonly (readonly [name: string, path: string])[] = [
  ["a header", plain],
  ["no header, no last newline, other line ends", file("bare.csv", rows.join("\r\n"))],
  ["a table in parts, one of a single row", parts],
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

test.each(["last", "mean", "sum"] as const)(
  "shares of ratings with weights are those of one process, duplicates %s",
  async (duplicates) => {
    const { ratings } = await readPath(weighed, { duplicates, columns });
    const split = splitRatings(ratings, { share: 0.2, seed: 1 });
    const [train, heldOut] = [ratingsThatCount(split.train), ratingsThatCount(split.heldOut)];
    expect(train.count).toBeLessThan(split.train.count);
    const weights = { users: rowWeights(csrOf(train, "users")), items: rowWeights(csrOf(train, "items")) };
    for (const count of [1, 2, 3]) {
      const shares = await onRanks(count, (ranks) => share(weighed, ranks, { duplicates, columns }));
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
  },
);

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

test.each(TABLES.flatMap((table) => MODELS.map(([name, model]) => ({ ...table, name: `${name}${table.name}`, model }))))(
  "a training on shares ends with the model file of one process, and its checkpoint goes on anywhere: $name",
  async ({ path, columns, model }) => {
    const { train, heldOut } = splitRatings((await readPath(path, { columns })).ratings, { share: 0.2, seed: 1 });
    const options = { factors: 3, earlyStop: false, sweeps: 3, ...model } as FitOptions;
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
  const few = file("few.csv", [HEADER, "a,b,3", "a person of a very long name,c,4", ""].join("\n"));
  const error = await onRanks(3, (ranks) => share(few, ranks)).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(RanksError);
  expect((error as RanksError).message).toMatch(/^rank \d has an empty part of .*few\.csv: no rating starts in its share of the bytes$/);
});

// What is fuzzed: every reader of what others give, with good input to damage.
// A target throws a TastespaceError or takes the input.

import { gzipSync } from "node:zlib";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { readResult } from "../../src/cli/run-file.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { encodeParquet } from "../../src/export/parquet.js";
import { decodeModel, encodeModel } from "../../src/model-file.js";
import type { FactorModel } from "../../src/models/factor-model.js";
import type { Random } from "../../src/random.js";
import { zipFolder } from "../../src/ratings/archive.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { readFeatures } from "../../src/ratings/read-features.js";
import { bytesSource } from "../../src/ratings/folder.js";
import { readItems } from "../../src/ratings/items.js";
import { readFolder, readRatings } from "../../src/ratings/readers.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { reportPage } from "../../src/report/index.js";
import { checksumOf, LENGTH_BYTES } from "../../src/safetensors.js";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../src/training/checkpoint.js";
import { fit } from "../../src/training/fit.js";
import { search, type SearchResult } from "../../src/training/search.js";
import { joined } from "../../src/ratings/open-text.js";
import { mutated, mutatedJson } from "./mutate.js";

export interface Target {
  readonly name: string;
  /** Damages its input by the random numbers of a case, and reads it. @returns the bytes that were read. */
  run(random: Random): Promise<number>;
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytesOf = (content: string): Uint8Array => new TextEncoder().encode(content);
const device = new ReferenceEngine();

const ratings = syntheticRatings({ users: 12, items: 9, ratings: 60 });
const rows = Array.from(ratings.value, (value, at) => [ratings.user[at] + 1, ratings.item[at] + 1, value, 1_000_000_000 + at]);
const csv = bytesOf(`userId,movieId,rating,timestamp\n${rows.map((row) => row.join()).join("\n")}\n`);
const dat = bytesOf(`${rows.map((row) => row.join("::")).join("\n")}\n`);
const tsv = bytesOf(
  `user\titem\t"rating, of five"\n${rows.map(([user, item, value]) => `"u ${user}"\ti${item}\t${value}`).join("\r\n")}\n`,
);
const jsonLines = bytesOf(rows.map(([user, item, rating]) => JSON.stringify({ user, item, rating })).join("\n"));
const matrixMarket = bytesOf(
  `%%MatrixMarket matrix coordinate real general\n12 9 60\n${rows.map(([u, i, r]) => `${u} ${i} ${r}`).join("\n")}\n`,
);
const arff = bytesOf(
  `@relation r\n@attribute user numeric\n@attribute item numeric\n@attribute rating numeric\n@data\n${rows.map((row) => row.slice(0, 3).join()).join("\n")}\n`,
);
const netflix = bytesOf("1:\n5,3,2005-09-06\n6,4,2005-09-07\n2:\n5,1,2005-09-08\n");
const column = (at: number): number[] => rows.map((row) => row[at]);
const parquet = new Uint8Array(
  await encodeParquet([
    { name: "user", kind: "id", values: column(0), whole: true },
    { name: "item", kind: "id", values: column(1), whole: true },
    { name: "rating", kind: "float", values: column(2) },
  ]),
);
const movies = bytesOf('movieId,title,genres\n1,"One, the first (1990)",Drama|Comedy\n2,Two (1991),\n3,"""Three""",x\n');
const features = bytesOf("id,feature,weight\n1,a,1\n2,b,0.5\n3,a,2\n");

const read = (name: string, good: Uint8Array, take: (bytes: Uint8Array) => Promise<unknown>): Target => ({
  name,
  async run(random) {
    const bytes = mutated(good, random);
    await take(bytes);
    return bytes.length;
  },
});
const table = (name: string, good: Uint8Array): Target =>
  read(name, good, async (bytes) => await readRatings(bytesSource(name, bytes), bytes.length % 2 ? { skipBadRows: true } : {}));

/** Names that lead out of a folder, folders, files of no use. */
const NAMES = ["ratings.csv", "../../ratings.csv", "/etc/ratings.csv", "a\\..\\ratings.csv", "ratings.csv/", "__MACOSX/ratings.csv", "x"];

const zip: Target = {
  name: "zip",
  async run(random) {
    const isBomb = random.below(50) === 0;
    const level = !isBomb && random.below(2) === 0 ? 0 : 6;
    const inside: Record<string, Uint8Array> = { [NAMES[random.below(NAMES.length)]]: random.below(3) === 0 ? mutated(csv, random) : csv };
    if (random.below(2) === 0) inside["movies.csv"] = movies;
    if (isBomb) inside["ratings.csv"] = new Uint8Array(80 << 20).fill(49);
    const whole = zipSync(inside, { level });
    // Damage near the end falls into the list of files.
    const from = random.below(2) === 0 ? Math.max(0, whole.length - 200) : 0;
    const damaged = mutated(whole.subarray(from), random);
    const archive = random.below(10) === 0 ? whole : joined(whole.subarray(0, from), damaged);
    await readFolder(zipFolder(new File([archive as Uint8Array<ArrayBuffer>], "z.zip")), { skipBadRows: true });
    return archive.length;
  },
};

const gzip: Target = {
  name: "gzip",
  async run(random) {
    if (random.below(200) === 0) {
      const bomb = gzipSync(new Uint8Array(80 << 20).fill(49));
      await readRatings(bytesSource("bomb.gz", bomb));
      return bomb.length;
    }
    const packed = gzipSync(random.below(2) === 0 ? mutated(csv, random) : csv);
    const bytes = random.below(2) === 0 ? mutated(packed, random) : packed;
    await readRatings(bytesSource("r.csv.gz", bytes));
    return bytes.length;
  },
};

/**
 * Damages a safetensors file: its bytes, its header, its metadata or its numbers,
 * the checksum made right again in half of the cases.
 */
function mutatedTensors(good: Uint8Array, random: Random): Uint8Array {
  if (random.below(4) === 0) return mutated(good, random);
  const length = Number(new DataView(good.buffer, good.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(text(good.subarray(LENGTH_BYTES, LENGTH_BYTES + length))) as Record<string, unknown>;
  const body = good.slice(LENGTH_BYTES + length);
  const metadata = header["__metadata__"] as Record<string, string>;
  const how = random.below(4);
  if (how === 0) {
    const floats = new DataView(body.buffer);
    const at = 4 * random.below(body.length >> 2);
    const words = [0x7fc00000, 0x7f800000, 0xff7fffff, 0, 0xffffffff, 1, 0x80000000, random.below(2 ** 32)];
    floats.setUint32(at, words[random.below(words.length)], true);
  } else if (how === 1) {
    const keys = Object.keys(metadata);
    const key = keys[random.below(keys.length)];
    try {
      metadata[key] = JSON.stringify(mutatedJson(JSON.parse(metadata[key]), random));
    } catch {
      metadata[key] = text(mutated(bytesOf(metadata[key]), random));
    }
  } else if (how === 2) {
    // JSON may stand in a tensor too.
    const at = random.below(body.length);
    body.set(mutated(body.subarray(at, at + 20), random).subarray(0, Math.min(20, body.length - at)), at);
  }
  const changed = (how === 3 ? mutatedJson(header, random) : header) as Record<string, unknown>;
  const told = changed["__metadata__"] as Record<string, unknown> | null | undefined;
  if (random.below(2) === 0 && told && typeof told === "object" && "checksum" in told) told["checksum"] = rightChecksum(changed, body);
  const json = bytesOf(JSON.stringify(changed));
  const whole = new Uint8Array(LENGTH_BYTES + json.length + body.length);
  new DataView(whole.buffer).setBigUint64(0, BigInt(json.length), true);
  whole.set(json, LENGTH_BYTES);
  whole.set(body, LENGTH_BYTES + json.length);
  return whole;
}

function rightChecksum(header: Record<string, unknown>, body: Uint8Array): string {
  const parts = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([, entry]) => (entry as { data_offsets?: [number, number] } | null)?.data_offsets)
    .filter((offsets): offsets is [number, number] => Array.isArray(offsets))
    .sort((a, b) => a[0] - b[0])
    .map(([from, to]) => body.subarray(from, to));
  return checksumOf(parts);
}

/** Uses what was read: it must be whole. */
function use(model: FactorModel): void {
  const user = model.users.rawAt(0);
  if (user === undefined || model.items.size === 0) return;
  model.predict(user, model.items.rawAt(0));
  model.recommend(user, { n: 3, filterSeen: model.seen !== undefined });
  if (model.parameters.factors > 0) model.similarItems(model.items.rawAt(0), { n: 3 });
  encodeModel(model);
}

async function models(): Promise<Target[]> {
  const targets: Target[] = [];
  for (const model of ["als", "vb", "gibbs", "implicit", "logistic"] as const) {
    const more = model === "gibbs" ? { burnIn: 1, samples: 2 } : model === "logistic" ? { positiveThreshold: 3.5 } : {};
    const itemFeatures = model === "als" ? FeatureTable.genres(ratings.catalogue) : undefined;
    const trained = await fit(ratings, { model, factors: 2, sweeps: 3, device, itemFeatures, ...more });
    const good = encodeModel(trained.model);
    targets.push({
      name: `model of ${model}`,
      async run(random) {
        const bytes = mutatedTensors(good, random);
        use(decodeModel(bytes));
        return bytes.length;
      },
    });
  }
  return targets;
}

async function checkpoints(): Promise<Target[]> {
  const { train, heldOut } = splitRatings(ratings);
  const targets: Target[] = [];
  for (const model of ["als", "vb", "gibbs"] as const) {
    const options = { model, factors: 2, heldOut, device, ...(model === "gibbs" ? { burnIn: 1, samples: 2 } : {}) };
    let taken: Checkpoint | undefined;
    await fit(train, { ...options, sweeps: 3, onCheckpoint: (checkpoint) => void (taken = checkpoint) });
    const good = encodeCheckpoint(taken!);
    targets.push({
      name: `checkpoint of ${model}`,
      async run(random) {
        const bytes = mutatedTensors(good, random);
        await fit(train, { ...options, sweeps: 4, resume: decodeCheckpoint(bytes) });
        return bytes.length;
      },
    });
  }
  return targets;
}

async function files(): Promise<Target[]> {
  const folder = mkdtempSync(join(tmpdir(), "tastespace-fuzz-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const { train, heldOut } = splitRatings(ratings);
  const { info } = device;
  const trained = await fit(train, { factors: 2, sweeps: 3, heldOut, device });
  const from = { path: null, reading: {}, split: {} };
  const run = {
    version: "1",
    device: info,
    data: { users: 12, items: 9, ratings: train.count, heldOut: heldOut.count },
    from,
    model: null,
    hyperparameters: { model: "als", ...trained.model.hyperparameters, seed: 1 },
    history: trained.history,
    stop: trained.stop,
    seconds: { read: 0, ...trained.seconds, total: 1 },
  };
  const plan = {
    space: { factors: [1, 2], tau: [1, 5] },
    sweeps: 3,
    method: "halving",
    trials: 4,
    leastSweeps: 1,
    alternative: false,
    device,
  } as const;
  const found = { version: "1", device: info, from, ...(await search(ratings, plan)) };
  const options = { genres: undefined, minimumRatings: 1, rated: [], similar: [], alpha: 0.02, listed: 5 };
  const target = (name: string, good: object, take: (file: object) => unknown): Target => ({
    name,
    async run(random) {
      const changed = JSON.stringify(mutatedJson(JSON.parse(JSON.stringify(good)), random));
      const bytes = random.below(3) === 0 ? mutated(bytesOf(changed), random) : bytesOf(changed);
      const path = join(folder, `${name}.json`);
      writeFileSync(path, bytes);
      await take(await readResult(path));
      return bytes.length;
    },
  });
  const page = (file: object): unknown =>
    "trials" in file
      ? reportPage({
          title: "t",
          runs: [],
          searches: [{ name: "s", result: file as never, command: undefined }],
          ratings: undefined,
          options,
          footer: "",
        })
      : reportPage({
          title: "t",
          runs: [{ ...(file as typeof run), name: "r", model: undefined } as never],
          searches: [],
          ratings: undefined,
          options,
          footer: "",
        });
  return [
    target("run", run, page),
    target("search", found, page),
    target("search to resume", found, async (file) => await search(ratings, { ...plan, resume: resumedOf(file) })),
  ];
}

const resumedOf = (file: object): SearchResult => file as SearchResult;

/** All targets. */
export async function allTargets(): Promise<Target[]> {
  return [
    table("csv", csv),
    table("dat", dat),
    table("tsv", tsv),
    table("json lines", jsonLines),
    table("matrix market", matrixMarket),
    table("arff", arff),
    table("netflix", netflix),
    table("parquet", parquet),
    gzip,
    zip,
    read("items", movies, async (bytes) => await readItems(bytesSource("items", bytes))),
    read("features", features, async (bytes) => await readFeatures(bytesSource("features", bytes))),
    ...(await models()),
    ...(await checkpoints()),
    ...(await files()),
  ];
}

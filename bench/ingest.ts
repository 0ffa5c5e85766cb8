// How fast a table of ratings becomes indexed columns and both CSRs, beside what else Node has.
// Each contender runs in a process of its own.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Measured } from "./ingest-contender.js";
import type { BenchOptions } from "./options.js";
import { median } from "./median.js";
import { shapeOf } from "./ratings-file.js";

interface Entry {
  readonly name: string;
  readonly does: string;
  readonly package?: string;
  /** The slow ones run once. */
  readonly repeats: number;
}

const REPEATS = 5;
const ENTRIES: readonly Entry[] = [
  { name: "floor: read", does: "bytes into memory", repeats: REPEATS },
  { name: "floor: read and look at every byte", does: "newlines counted, one thread", repeats: REPEATS },
  { name: "tastespace, 1 thread", does: "parsed, indexed, duplicates checked", repeats: REPEATS },
  { name: "tastespace, all cores", does: "the same", repeats: REPEATS },
  { name: "tastespace, all cores, and keep it", does: "the same, and the cache written", repeats: 1 },
  { name: "tastespace, from the cache", does: "the same ratings, checked by checksum", repeats: REPEATS },
  { name: "duckdb, into its own table", does: "parsed, all cores", package: "@duckdb/node-api", repeats: 3 },
  { name: "duckdb, into typed arrays", does: "parsed, all cores", package: "@duckdb/node-api", repeats: 3 },
  { name: "udsv, into typed arrays", does: "parsed", package: "udsv", repeats: 1 },
  { name: "papaparse, into typed arrays", does: "parsed", package: "papaparse", repeats: 1 },
  { name: "csv-parse, into typed arrays", does: "parsed", package: "csv-parse", repeats: 1 },
];

interface Row {
  readonly name: string;
  readonly does: string;
  /** Medians, and all of them. */
  readonly seconds: number;
  readonly all: readonly number[];
  readonly csrSeconds: number | undefined;
  readonly millionRowsASecond: number;
  readonly megabytesASecond: number;
  readonly processorSeconds: number;
  readonly peakMiB: number;
}

const RESULTS = "bench/results/ingest.json";

export async function ingest({ rows, machine }: BenchOptions): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), "tastespace-ingest-"));
  const path = join(folder, "ratings.csv");
  try {
    const shape = shapeOf(rows);
    await run("write", path, rows);
    const bytes = statSync(path).size;
    console.log(
      `${count(rows)} ratings, ${count(shape.users)} × ${count(shape.items)}, ${(bytes / 1e6).toFixed(0)} MB of CSV in the page cache; medians`,
    );
    console.log(`load before ${loadavg()[0].toFixed(1)}\n`);
    console.log(`${"".padEnd(37)}seconds   M rows/s    MB/s   both CSRs, s   processor s   peak MiB`);
    const table: Row[] = [];
    const missing = new Set<string>();
    for (const entry of ENTRIES) {
      if (entry.package !== undefined && !isInstalled(entry.package)) missing.add(entry.package);
      else table.push(await measure(entry, path, rows, bytes));
    }
    if (missing.size > 0)
      console.log(`\nnot installed: ${[...missing].join(", ")}\n  npm install --no-save --ignore-scripts ${[...missing].join(" ")}`);
    const results = { shape, bytes, load: loadavg(), missing: [...missing], rows: table };
    writeFileSync(
      RESULTS,
      `${JSON.stringify({ machine, command: process.argv.slice(2).join(" "), results: { ingest: results } }, null, 2)}\n`,
    );
    console.log(`\n${RESULTS}`);
    return results;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure({ name, does, repeats }: Entry, path: string, rows: number, bytes: number): Promise<Row> {
  const runs: Measured[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) runs.push(await run(name, path, rows));
  for (const { rows: found } of runs)
    if (!name.startsWith("floor") && found !== rows) throw new Error(`${name} found ${found} rows of ${rows}`);
  const seconds = median(runs.map((measured) => measured.seconds["read"]));
  const csrSeconds = runs[0].seconds["csr"] === undefined ? undefined : median(runs.map((measured) => measured.seconds["csr"]));
  const row: Row = {
    name,
    does,
    seconds,
    all: runs.map((measured) => measured.seconds["read"]),
    csrSeconds,
    millionRowsASecond: rows / seconds / 1e6,
    megabytesASecond: bytes / seconds / 1e6,
    processorSeconds: median(runs.map((measured) => measured.processorSeconds)),
    peakMiB: Math.max(...runs.map((measured) => measured.peakMiB)),
  };
  const cell = (value: number | undefined, width: number, digits: number): string => (value?.toFixed(digits) ?? "").padStart(width);
  console.log(
    `${name.padEnd(37)}${cell(seconds, 7, 2)}${cell(row.millionRowsASecond, 11, 1)}${cell(row.megabytesASecond, 8, 0)}${cell(csrSeconds, 15, 2)}${cell(row.processorSeconds, 14, 1)}${cell(row.peakMiB, 11, 0)}`,
  );
  return row;
}

function run(name: string, path: string, rows: number): Promise<Measured> {
  const script = join(dirname(process.argv[1]), "ingest-contender.js");
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [script, name, path, String(rows)], { maxBuffer: 1 << 24 }, (error, out, err) => {
      if (error) reject(new Error(`${name}: ${err || error.message}`));
      else resolve(JSON.parse(out) as Measured);
    });
  });
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

const count = (value: number): string => value.toLocaleString("en-US");

// One contender of the ingest benchmark, alone in its process, so that its peak memory is its own:
// node ingest-contender.js NAME FILE ROWS

import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import Papa from "papaparse";
import { buildCsr } from "../src/ratings/csr.js";
import { type FileOptions, readPath } from "../src/ratings/files.js";
import { writeRatingsFile } from "./ratings-file.js";

/** What a contender says of itself on stdout. */
export interface Measured {
  readonly rows: number;
  /** By what was done, in order. */
  readonly seconds: Readonly<Record<string, number>>;
  readonly peakMiB: number;
  readonly processorSeconds: number;
}

type Contender = (path: string, rows: number) => Promise<{ rows: number; seconds: Record<string, number> }>;

const PIECE_BYTES = 1 << 22;
const NEWLINE = 0x0a;

const contenders: Record<string, Contender> = {
  write: async (path, rows) => timed(() => (writeRatingsFile(path, rows), Promise.resolve(rows))),
  "floor: read": (path) => timed(async () => pieces(path, ({ length }) => length)),
  "floor: read and look at every byte": (path) => timed(async () => pieces(path, newlines)),
  "tastespace, 1 thread": ours({ threads: 1 }),
  "tastespace, all cores": ours({ threads: availableParallelism() }),
  "tastespace, all cores, and keep it": ours((path) => ({ cacheFolder: cacheBeside(path) })),
  "tastespace, from the cache": ours((path) => ({ cacheFolder: cacheBeside(path) })),
  "duckdb, into its own table": (path) => timed(async () => await duckdbTable(path)),
  "duckdb, into typed arrays": (path, rows) => timed(async () => await duckdbArrays(path, rows)),
  "udsv, into typed arrays": (path, rows) => timed(async () => await udsv(path, rows)),
  "papaparse, into typed arrays": (path, rows) => timed(async () => await papaparse(path, rows)),
  "csv-parse, into typed arrays": (path, rows) => timed(async () => await csvParse(path, rows)),
};

const cacheBeside = (path: string): string => join(dirname(path), "cache");

/** Reads, indexes, checks for duplicates; then both CSRs. */
function ours(options: FileOptions | ((path: string) => FileOptions)): Contender {
  return async (path) => {
    const started = performance.now();
    const { ratings } = await readPath(path, typeof options === "function" ? options(path) : options);
    const read = performance.now();
    buildCsr(ratings, "users", ratings.users.size);
    buildCsr(ratings, "items", ratings.items.size);
    const seconds = { read: (read - started) / 1000, csr: (performance.now() - read) / 1000 };
    return { rows: ratings.count, seconds };
  };
}

async function timed(work: () => Promise<number>): Promise<{ rows: number; seconds: Record<string, number> }> {
  const started = performance.now();
  const rows = await work();
  return { rows, seconds: { read: (performance.now() - started) / 1000 } };
}

function pieces(path: string, look: (bytes: Uint8Array) => number): number {
  const file = openSync(path, "r");
  const buffer = new Uint8Array(PIECE_BYTES);
  let sum = 0;
  for (let count; (count = readSync(file, buffer)) > 0;) sum += look(buffer.subarray(0, count));
  closeSync(file);
  return sum;
}

function newlines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === NEWLINE) count++;
  return count;
}

/** Where peers put their rows: room for all of them, which they are told beforehand. */
function columnsOf(rows: number) {
  return { user: new Uint32Array(rows), item: new Uint32Array(rows), value: new Float32Array(rows), time: new Float64Array(rows) };
}

const MOVIELENS = "columns = {'userId': 'INTEGER', 'movieId': 'INTEGER', 'rating': 'FLOAT', 'timestamp': 'DOUBLE'}, header = true";

interface DuckDb {
  DuckDBInstance: { create(): Promise<{ connect(): Promise<DuckDbConnection> }> };
}
interface DuckDbConnection {
  run(sql: string): Promise<unknown>;
  stream(sql: string): Promise<{ fetchChunk(): Promise<DuckDbChunk | null> }>;
  runAndReadAll(sql: string): Promise<{ getRows(): unknown[][] }>;
}
interface DuckDbChunk {
  readonly rowCount: number;
  getColumnVector(column: number): { items: ArrayLike<number> };
}

async function duckdb(): Promise<DuckDbConnection> {
  const { DuckDBInstance } = await peer<DuckDb>("@duckdb/node-api");
  return await (await DuckDBInstance.create()).connect();
}

async function duckdbTable(path: string): Promise<number> {
  const connection = await duckdb();
  await connection.run(`create table ratings as select * from read_csv('${path}', ${MOVIELENS})`);
  const [[count]] = (await connection.runAndReadAll("select count(*) from ratings")).getRows();
  return Number(count);
}

async function duckdbArrays(path: string, rows: number): Promise<number> {
  const connection = await duckdb();
  const { user, item, value, time } = columnsOf(rows);
  const result = await connection.stream(`select * from read_csv('${path}', ${MOVIELENS})`);
  let at = 0;
  for (let chunk; (chunk = await result.fetchChunk()) && chunk.rowCount > 0; at += chunk.rowCount) {
    user.set(chunk.getColumnVector(0).items, at);
    item.set(chunk.getColumnVector(1).items, at);
    value.set(chunk.getColumnVector(2).items, at);
    time.set(chunk.getColumnVector(3).items, at);
  }
  return at;
}

interface Udsv {
  readonly inferSchema: (text: string) => unknown;
  readonly initParser: (schema: unknown) => {
    readonly stringArrs: unknown;
    chunk(text: string, parse: unknown, onData: (row: readonly string[]) => void): void;
    end(): void;
  };
}

async function udsv(path: string, rows: number): Promise<number> {
  const { inferSchema, initParser } = await peer<Udsv>("udsv");
  const take = taker(rows);
  let parser: ReturnType<Udsv["initParser"]> | undefined;
  for await (const text of createReadStream(path, { encoding: "utf8", highWaterMark: 1 << 20 }) as AsyncIterable<string>) {
    parser ??= initParser(inferSchema(text));
    parser.chunk(text, parser.stringArrs, take.row);
  }
  parser?.end();
  return take.count();
}

async function papaparse(path: string, rows: number): Promise<number> {
  const take = taker(rows);
  let header = true;
  await new Promise<void>((resolve, reject) => {
    Papa.parse<string[]>(createReadStream(path, { encoding: "utf8", highWaterMark: 1 << 20 }) as never, {
      delimiter: ",",
      step: ({ data }) => {
        if (!header && data.length > 1) take.row(data);
        header = false;
      },
      complete: () => resolve(),
      error: reject,
    });
  });
  return take.count();
}

interface CsvParse {
  readonly parse: (options: object) => NodeJS.ReadWriteStream;
}

async function csvParse(path: string, rows: number): Promise<number> {
  const { parse } = await peer<CsvParse>("csv-parse");
  const take = taker(rows);
  const stream = createReadStream(path, { highWaterMark: 1 << 20 }).pipe(parse({ from_line: 2 }));
  for await (const row of stream as unknown as AsyncIterable<string[]>) take.row(row);
  return take.count();
}

/** Puts rows of cells into columns. */
function taker(rows: number): { readonly row: (cells: readonly string[]) => void; readonly count: () => number } {
  const { user, item, value, time } = columnsOf(rows);
  let at = 0;
  return {
    row: (cells) => {
      user[at] = +cells[0];
      item[at] = +cells[1];
      value[at] = +cells[2];
      time[at++] = +cells[3];
    },
    count: () => at,
  };
}

/** A package that is there only where somebody has installed it for this benchmark. */
async function peer<T>(name: string): Promise<T> {
  return (await import(/* @vite-ignore */ name)) as T;
}

const [name, path, rows] = process.argv.slice(2);
if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const before = process.cpuUsage();
  const { rows: found, seconds } = await contenders[name](path, Number(rows));
  const { user, system } = process.cpuUsage(before);
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  if (found === 0) throw new Error(`${name} found no rows`);
  const measured: Measured = { rows: found, seconds, peakMiB, processorSeconds: (user + system) / 1e6 };
  process.stdout.write(JSON.stringify(measured));
}

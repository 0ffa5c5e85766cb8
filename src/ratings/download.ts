// Fetches a public data set by name into a cache folder, once: streamed, checked, unpacked, and only then given its name.

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { DownloadError } from "../errors.js";
import { checkOptions, namesOf } from "../options.js";
import { isWantedFile, unzip } from "./archive.js";
import { chunksOf } from "./folder.js";
import { KNOWN_SETS, KNOWN_SETS_BASE_URL, KNOWN_SETS_TERMS } from "./known-sets.js";

/** Where a data set is fetched from and kept, and who is told of it. */
export interface FetchOptions {
  /** Default: TASTESPACE_CACHE, else the platform's cache folder. */
  readonly cacheFolder?: string | undefined;
  /** Where the archives lie. Default: GroupLens. */
  readonly baseUrl?: string | undefined;
  /** Bytes fetched so far, and in all where that is known. */
  readonly onProgress?: ((done: number, total: number | undefined) => void) | undefined;
  /** Receives the licence's terms before the download starts. */
  readonly onTerms?: ((terms: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const FETCH_NAMES = namesOf<FetchOptions>({ cacheFolder: true, baseUrl: true, onProgress: true, onTerms: true, signal: true });

/**
 * The folder of a data set, fetched when it is not in the cache.
 *
 * @throws DownloadError when the name is not known, the network fails, or the checksum is wrong; nothing half-done is left behind.
 */
export async function fetchKnownSet(name: string, options: FetchOptions = {}): Promise<string> {
  checkOptions("fetchKnownSet", options, FETCH_NAMES);
  const set = KNOWN_SETS.find((known) => known.name === name);
  if (!set)
    throw new DownloadError(`there is no data set "${name}"`, {
      remedy: `the sets are ${KNOWN_SETS.map((known) => known.name).join(", ")}`,
    });
  const cache = options.cacheFolder ?? defaultCacheFolder();
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;

  options.onTerms?.(KNOWN_SETS_TERMS);
  await mkdir(cache, { recursive: true });
  const url = `${(options.baseUrl ?? KNOWN_SETS_BASE_URL).replace(/\/$/, "")}/${set.archive}`;
  const archive = join(cache, `${set.archive}.part`);
  const unpacked = join(cache, `${name}.part`);
  try {
    const md5 = await download(url, archive, options);
    const expected = set.md5 ?? (await publishedMd5(url, options.signal));
    if (expected && md5 !== expected) {
      throw new DownloadError(`${url} has MD5 ${md5}, not ${expected}`, {
        remedy: "try again; if it happens again, the file has changed: report it",
      });
    }
    await rm(unpacked, { recursive: true, force: true });
    await mkdir(unpacked, { recursive: true });
    await unpack(archive, unpacked);
    await rename(unpacked, folder);
    return folder;
  } catch (cause) {
    if (cause instanceof DownloadError || options.signal?.aborted) throw cause;
    throw new DownloadError(`${url} could not be fetched: ${messageOf(cause)}`, {
      cause,
      remedy: `check the network, or unpack the archive by hand into ${folder}`,
    });
  } finally {
    await rm(archive, { force: true });
    await rm(unpacked, { recursive: true, force: true });
  }
}

/** TASTESPACE_CACHE, else where the platform keeps what can be fetched again. */
export function defaultCacheFolder(environment: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  if (environment["TASTESPACE_CACHE"]) return environment["TASTESPACE_CACHE"];
  if (platform === "win32") return join(environment["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local"), "tastespace");
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "tastespace");
  return join(environment["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "tastespace");
}

async function download(url: string, path: string, { onProgress, signal }: FetchOptions): Promise<string> {
  const response = await fetch(url, { signal });
  if (!response.ok || !response.body)
    throw new DownloadError(`${url} answered ${response.status} ${response.statusText}`, { remedy: "try again later" });
  const length = Number(response.headers.get("content-length")) || undefined;
  const hash = createHash("md5");
  const file = await open(path, "w");
  try {
    let done = 0;
    for await (const chunk of chunksOf(response.body)) {
      hash.update(chunk);
      await file.write(chunk);
      done += chunk.length;
      onProgress?.(done, length);
    }
    if (length !== undefined && done !== length)
      throw new DownloadError(`${url} ended after ${done} of ${length} bytes`, { remedy: "try again" });
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

/** The checksum that lies beside the archive, where there is one. */
async function publishedMd5(url: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const response = await fetch(`${url}.md5`, { signal });
  return response.ok ? /\b[0-9a-f]{32}\b/.exec(await response.text())?.[0] : undefined;
}

/** The wanted files, whatever folder of the archive they lie in, straight into `folder`. */
async function unpack(archive: string, folder: string): Promise<void> {
  const writes: Promise<void>[] = [];
  await unzip(createReadStream(archive, { highWaterMark: 1 << 20 }), (path) => {
    // Only the last part of the name is used, so no entry can leave the folder.
    const name = basename(path);
    if (!isWantedFile(name)) return undefined;
    const output = createWriteStream(join(folder, name));
    writes.push(new Promise((resolve, reject) => void output.on("finish", resolve).on("error", reject)));
    return (chunk, last) => {
      output.write(chunk);
      if (last) output.end();
    };
  });
  await Promise.all(writes);
  if (writes.length === 0) throw new DownloadError(`${basename(archive)} holds no ratings`);
  await writeFile(join(folder, "TERMS.txt"), `${KNOWN_SETS_TERMS}\n`);
}

const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
};

// Fetches a public data set by name into a cache folder, once:
// streamed, checked, unpacked, and only then given its name.

import { createHash } from "node:crypto";
import { existsSync, openAsBlob } from "node:fs";
import { mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { DownloadError } from "../errors.js";
import { grouped, howMany, shown } from "../shown.js";
import { isFileTrouble, reasonOf } from "../file-trouble.js";
import { checkOptions, namesOf } from "../options.js";
import { isWantedFile, unpacked, zipEntries } from "./archive.js";
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

/** Begun by this process. */
let fetches = 0;

/**
 * The folder of a data set, fetched when it is not in the cache.
 *
 * @throws DownloadError when the name is not known, the network fails, or the checksum is wrong;
 *   nothing half-done is left behind.
 */
export async function fetchKnownSet(name: string, options: FetchOptions = {}): Promise<string> {
  checkOptions("fetchKnownSet", options, FETCH_NAMES);
  const set = KNOWN_SETS.find((known) => known.name === name);
  if (!set)
    throw new DownloadError(`there is no data set ${shown(name)}`, {
      remedy: `the sets are ${KNOWN_SETS.map((known) => known.name).join(", ")}`,
    });
  const cache = options.cacheFolder ?? defaultCacheFolder();
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;

  options.onTerms?.(KNOWN_SETS_TERMS);
  const url = `${(options.baseUrl ?? KNOWN_SETS_BASE_URL).replace(/\/$/, "")}/${set.archive}`;
  // Names of this call's own: another, or another process, may fetch the same set.
  const own = `${process.pid}-${++fetches}.part`;
  const archive = join(cache, `${set.archive}.${own}`);
  const unfinished = join(cache, `${name}.${own}`);
  try {
    await makeCache(cache);
    const md5 = await download(url, archive, options);
    const expected = set.md5 ?? (await publishedMd5(url, options.signal));
    if (md5 !== expected) {
      throw new DownloadError(`${url} has MD5 ${md5}, not ${expected}`, {
        remedy: "try again; if it happens again, the file has changed: report it",
      });
    }
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });
    await unpack(archive, set.archive, unfinished);
    await rename(unfinished, folder).catch((cause: unknown) => {
      // Another process was faster.
      if (!existsSync(folder)) throw cause;
    });
    return folder;
  } catch (cause) {
    if (cause instanceof DownloadError || options.signal?.aborted) throw cause;
    throw new DownloadError(`${url} could not be fetched: ${messageOf(cause)}`, {
      cause,
      remedy: `check the network, or unpack the archive by hand into ${folder}`,
    });
  } finally {
    for (const left of [archive, unfinished]) await rm(left, { recursive: true, force: true }).catch(() => {});
  }
}

async function makeCache(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new DownloadError(`the cache folder ${folder} cannot be made: ${messageOf(cause)}`, {
      cause,
      remedy: "name one that can be written by the environment variable TASTESPACE_CACHE",
    });
  }
}

/** TASTESPACE_CACHE, else where the platform keeps what can be fetched again. */
export function defaultCacheFolder(environment: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  if (environment["TASTESPACE_CACHE"]) return environment["TASTESPACE_CACHE"];
  const home = homeOf();
  const underHome = (...parts: string[]): string => (home === undefined ? tmpdir() : join(home, ...parts));
  if (platform === "win32") return join(environment["LOCALAPPDATA"] ?? underHome("AppData", "Local"), "tastespace");
  if (platform === "darwin") return join(underHome("Library", "Caches"), "tastespace");
  return join(environment["XDG_CACHE_HOME"] || underHome(".cache"), "tastespace");
}

/** Undefined for a user id that the system does not know, as containers have them. */
function homeOf(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}

async function download(url: string, path: string, { onProgress, signal }: FetchOptions): Promise<string> {
  const { response, alive } = await answerOf(url, signal);
  if (!response.ok || !response.body)
    throw new DownloadError(`${url} answered ${response.status} ${response.statusText}`, { remedy: "try again later" });
  const length = Number(response.headers.get("content-length")) || undefined;
  const tooLong = (bytes: number): DownloadError =>
    new DownloadError(`${url} gives ${grouped(bytes)} bytes or more, and no known set has more than ${grouped(MOST_BYTES)}`, {
      remedy: "check where the address leads",
    });
  if (length !== undefined && length > MOST_BYTES) throw tooLong(length);
  const hash = createHash("md5");
  const file = await open(path, "w");
  try {
    let done = 0;
    for await (const chunk of chunksOf(response.body)) {
      alive();
      done += chunk.length;
      if (done > MOST_BYTES) throw tooLong(done);
      hash.update(chunk);
      await file.writeFile(chunk);
      onProgress?.(done, length);
    }
    if (length !== undefined && done !== length)
      throw new DownloadError(`${url} ended after ${grouped(done)} of ${howMany(length, "byte")}`, { remedy: "try again" });
  } finally {
    alive(false);
    await file.close();
  }
  return hash.digest("hex");
}

/** Of an archive: the largest known set has a quarter of it. */
const MOST_BYTES = 2 ** 30;
/** Without a byte, after which nothing more is waited for. */
const LONGEST_SILENCE_MS = 60_000;
const MOST_REDIRECTS = 5;
/** A line of a checksum and a name. */
const LONGEST_CHECKSUM = 4096;

/**
 * What an address answers. Redirects are followed within its host.
 *
 * @returns with `alive`, which is called whenever bytes come, and with false when no more are awaited.
 * @throws DownloadError for a redirect to another host.
 */
async function answerOf(
  address: string,
  signal: AbortSignal | undefined,
): Promise<{ response: Response; alive: (awaited?: boolean) => void }> {
  const silence = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const alive = (awaited = true): void => {
    clearTimeout(timer);
    if (!awaited) return;
    const error = new DownloadError(`${address} has been silent for ${LONGEST_SILENCE_MS / 1000} seconds`, { remedy: "try again later" });
    timer = setTimeout(() => silence.abort(error), LONGEST_SILENCE_MS);
  };
  alive();
  try {
    let url = address;
    for (let redirects = 0; ; redirects++) {
      const response = await fetch(url, {
        redirect: "manual",
        signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
      });
      const location = response.headers.get("location");
      if (response.status < 300 || response.status > 399 || location === null) return { response, alive };
      await response.body?.cancel();
      const [from, to] = [new URL(url), new URL(location, url)];
      if (to.host !== from.host || (from.protocol === "https:" && to.protocol !== "https:")) {
        throw new DownloadError(`${url} leads to another place, ${to.origin}, which is not followed`, {
          remedy: "fetch the archive by hand, if you trust that place",
        });
      }
      if (redirects === MOST_REDIRECTS) throw new DownloadError(`${address} leads on and on`, { remedy: "try again later" });
      url = to.href;
    }
  } catch (error) {
    alive(false);
    throw error;
  }
}

/** The checksum that lies beside the archive. @throws DownloadError when there is none: nothing is taken unchecked. */
async function publishedMd5(url: string, signal: AbortSignal | undefined): Promise<string> {
  const { response, alive } = await answerOf(`${url}.md5`, signal);
  try {
    let text = "";
    if (response.ok && response.body) {
      for await (const chunk of chunksOf(response.body)) {
        alive();
        text += new TextDecoder().decode(chunk);
        if (text.length > LONGEST_CHECKSUM) break;
      }
    }
    const md5 = /\b[0-9a-f]{32}\b/i.exec(text.slice(0, LONGEST_CHECKSUM))?.[0].toLowerCase();
    if (md5 !== undefined) return md5;
  } finally {
    alive(false);
  }
  throw new DownloadError(`${url}.md5 gives no checksum (${response.status}), so ${basename(url)} cannot be checked`, {
    remedy: "try again later",
  });
}

/** The wanted files, whatever folder of the archive they lie in, straight into `folder`. */
async function unpack(archive: string, name: string, folder: string): Promise<void> {
  const fail = (what: string, { cause }: { cause?: unknown } = {}): DownloadError =>
    new DownloadError(`${name}: ${what}`, { cause, remedy: "try again; if it happens again, report it" });
  const blob = await openAsBlob(archive);
  // Only the last part of a path is used, so that no entry can leave the folder.
  const wanted = (await zipEntries(blob, fail)).filter(({ name }) => isWantedFile(name));
  if (wanted.length === 0) throw fail("it holds no ratings");
  for (const entry of wanted) {
    const file = await open(join(folder, entry.name), "w");
    try {
      for await (const piece of unpacked(blob, entry, fail)) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
  }
  await writeFile(join(folder, "TERMS.txt"), `${KNOWN_SETS_TERMS}\n`);
}

const messageOf = (error: unknown): string => {
  if (isFileTrouble(error)) return `${error.path ?? "a file"}: ${reasonOf(error)}`;
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
};

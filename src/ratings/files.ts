// Ratings from the file system, in Node.

import { createReadStream, openAsBlob } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { RatingsError } from "../errors.js";
import { isFileTrouble, reasonOf } from "../file-trouble.js";
import { checkArguments, nameHere, namesOf, numberFrom, PATH, wholeFrom } from "../options.js";
import { beginsZip, isOffice, zipFolder } from "./archive.js";
import type { Folder, RatingSource } from "./folder.js";
import { KNOWN_SETS } from "./known-sets.js";
import { catalogueBeside, findLayout, titlesBeside } from "./movielens.js";
import type { Beside } from "./titles.js";
import { tableCache, type TableCacheOptions } from "./table-cache.js";
import { segmentedFile, type SegmentOptions } from "./segment-threads.js";
import { checkReadOptions, checkSplitUsed, type ReadOptions, type TableOptions } from "./read-options.js";
import { type ReadResult, readSource, readTables } from "./readers.js";

/** How large files are read: on how many threads, and whether their tables are kept. */
export type FileOptions = SegmentOptions & TableCacheOptions;

const FILE_NAMES = namesOf<FileOptions>({
  threads: wholeFrom(1),
  segmentBytes: wholeFrom(1),
  smallestBytes: numberFrom(0),
  cacheFolder: PATH,
  smallestKept: numberFrom(0),
});

/** Bytes read at a time. */
const CHUNK_BYTES = 1 << 20;

/** A file; a large one of plain text is read on several threads. @throws RatingsError when the file is not there. */
export async function fileSource(path: string, options: FileOptions = {}): Promise<RatingSource> {
  checkArguments("fileSource", { path: [path, PATH] });
  const file = await statOf(path);
  const stream = (): AsyncIterable<Uint8Array> => chunksOfFile(path);
  // What comes through a pipe can be read once, from its beginning, and is another thing the next time.
  if (!file.isFile()) return { name: path, stream };
  const range = async (from: number, to: number): Promise<ArrayBuffer> => await bytesBetween(path, from, to);
  return {
    name: path,
    bytes: file.size,
    stream,
    range,
    segments: segmentedFile(path, file.size, options),
    cache: tableCache(path, options),
  };
}

/** @throws RatingsError when the file cannot be read. */
async function* chunksOfFile(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) yield chunk as Uint8Array;
  } catch (cause) {
    // What a reader throws into this generator is its own.
    throw isFileTrouble(cause) ? new RatingsError(`${path} cannot be read: ${reasonOf(cause)}`, { cause, file: path }) : cause;
  }
}

async function bytesBetween(path: string, from: number, to: number): Promise<ArrayBuffer> {
  const file = await open(path);
  try {
    const bytes = new Uint8Array(to - from);
    for (let done = 0; done < bytes.length;) {
      const { bytesRead } = await file.read(bytes, done, bytes.length - done, from + done);
      if (bytesRead === 0) throw new RatingsError(`${path}: the file is shorter than it was`, { file: path, remedy: "read it again" });
      done += bytesRead;
    }
    return bytes.buffer;
  } finally {
    await file.close();
  }
}

/** A directory of the file system. */
export function directoryFolder(path: string, options: FileOptions = {}): Folder {
  checkArguments("directoryFolder", { path: [path, PATH] });
  return { name: path, list: async () => (await readdir(path)).sort(), open: (file) => fileSource(join(path, file), options) };
}

/**
 * A zip archive of the file system as a folder; undefined for any other file, and for a spreadsheet, which is one too.
 *
 * @throws RatingsError when the archive is damaged.
 */
async function archiveAt(path: string, options: FileOptions): Promise<Folder | undefined> {
  // A pipe can be read once only: nothing is taken from it here.
  if (!(await statOf(path)).isFile()) return undefined;
  const blob = await openAsBlob(path);
  // What cannot be read is told where it is read as a table.
  const front = await blob
    .slice(0, 4)
    .arrayBuffer()
    .catch(() => new ArrayBuffer(0));
  if (!beginsZip(new Uint8Array(front))) return undefined;
  const archive = zipFolder(blob, path);
  if (isOffice(await archive.list())) return undefined;
  return {
    ...archive,
    async open(file) {
      const cache = tableCache(path, options);
      const inArchive = (settings: string): string => `${file}\n${settings}`;
      return {
        ...(await archive.open(file)),
        cache: cache && {
          read: (settings) => cache.read(inArchive(settings)),
          write: (settings, table) => cache.write(inArchive(settings), table),
        },
      };
    },
  };
}

/**
 * Reads a ratings file, with the catalogue that stands beside it, a folder, or a zip archive as a folder. Large files are read on several threads,
 * and with a `cacheFolder` their indexed ratings are kept there for the next time.
 *
 * @throws RatingsError
 */
export async function readPath(path: string, options: ReadOptions & FileOptions = {}): Promise<ReadResult> {
  checkArguments("readPath", { path: [path, PATH] });
  checkReadOptions("readPath", options, FILE_NAMES);
  return await readTableAt(path, options);
}

/** `readPath` with options that are known to be right. */
export async function readTableAt(path: string, options: TableOptions & FileOptions): Promise<ReadResult> {
  const folder = (await statOf(path)).isDirectory() ? directoryFolder(path, options) : await archiveAt(path, options);
  if (folder) return await readTables(folder, options);
  const beside = options.catalogue ? undefined : await besideOf(path, options);
  return await readSource(await fileSource(path, options), options, beside);
}

/** The catalogue in the folder of a ratings file, where there is one of the name that goes with it. */
async function besideOf(path: string, options: ReadOptions & FileOptions): Promise<Beside | undefined> {
  const folder = directoryFolder(dirname(path), options);
  const beside = catalogueBeside(basename(path));
  const catalogue = (await folder.list()).find((file) => beside !== undefined && (file === beside || file === `${beside}.gz`));
  return await titlesBeside(folder, { catalogue }, options);
}

/** The files that a path stands for, and the catalogue beside them. */
export interface TableFiles {
  readonly sources: readonly RatingSource[];
  /** What was read, for people. */
  readonly format: string;
  /** As the folder's layout has it. */
  readonly delimiter?: string | undefined;
  readonly header?: boolean | undefined;
  titles(): Promise<Beside | undefined>;
}

/** @returns undefined for a ready-made split, and for a zip archive. @throws RatingsError */
export async function tableFiles(path: string, options: ReadOptions = {}): Promise<TableFiles | undefined> {
  if ((await statOf(path)).isDirectory()) {
    const folder = directoryFolder(path);
    const layout = findLayout(folder.name, await folder.list(), options.split);
    if (layout.heldOut) return undefined;
    const sources = await Promise.all(layout.ratings.map((file) => fileSource(join(path, file))));
    const { delimiter, header, name } = layout;
    return { sources, delimiter, header, format: `${folder.name} (${name})`, titles: () => titlesBeside(folder, layout, options) };
  }
  if (await archiveAt(path, {})) return undefined;
  const source = await fileSource(path);
  checkSplitUsed(source, options);
  return { sources: [source], format: path, titles: () => besideOf(path, options) };
}

const KNOWN_NAMES: ReadonlySet<string> = new Set(KNOWN_SETS.map(({ name }) => name));

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (cause) {
    throw new RatingsError(`${path}: ${reasonOf(cause)}`, {
      cause,
      file: path,
      remedy: nameHere(path, KNOWN_NAMES) ?? "give a file, a folder, or the name of a MovieLens set such as ml-latest-small",
    });
  }
}

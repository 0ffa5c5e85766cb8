// What Node adds: ratings and models from files, data sets by name, and nearest-neighbour indexes.

import { readFile } from "node:fs/promises";
import { writeDurably } from "./durable-file.js";
import { ModelFileError } from "./errors.js";
import { reasonOf } from "./file-trouble.js";
import { decodeModel, encodeModel } from "./model-file.js";
import type { FactorModel } from "./models/factor-model.js";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./training/checkpoint.js";

export * from "./index.js";
export { directoryFolder, type FileOptions, fileSource, readPath } from "./ratings/files.js";
export { type SegmentOptions } from "./ratings/segment-threads.js";
export { type TableCacheOptions } from "./ratings/table-cache.js";
export { buildIndex, type IndexKey, type IndexOptions, queryOf, saveIndex } from "./export/nearest.js";
export { defaultCacheFolder, fetchKnownSet, type FetchOptions } from "./ratings/download.js";
export { KNOWN_SETS, type KnownSet } from "./ratings/known-sets.js";
export { type Communicator, type Numbers } from "./distributed/communicator.js";
export { isStartedForMpi, joinRanks } from "./distributed/ranks.js";
export { RanksEngine } from "./distributed/ranks-engine.js";

/**
 * Writes a model file whole or not at all: a crash leaves the one that was there before.
 *
 * @throws OutputError naming the path.
 */
export async function save(model: FactorModel, path: string): Promise<void> {
  await writeDurably(path, encodeModel(model));
}

/**
 * Writes a checkpoint, which `fit` gives to `onCheckpoint`, whole or not at all.
 *
 * @throws OutputError naming the path.
 */
export async function saveCheckpoint(checkpoint: Checkpoint, path: string): Promise<void> {
  await writeDurably(path, encodeCheckpoint(checkpoint));
}

/**
 * The checkpoint in a file; undefined when there is no such file.
 *
 * @throws ModelFileError when it is damaged or no checkpoint.
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint | undefined> {
  const bytes = await readCheckpoint(path);
  return bytes && decodeCheckpoint(bytes);
}

/** The bytes of a checkpoint file; undefined when there is no such file. @throws ModelFileError */
export async function readCheckpoint(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new ModelFileError(`${path} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

/** @throws ModelFileError naming the file when it is missing, damaged or no model. */
export async function load(path: string): Promise<FactorModel> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new ModelFileError(`${path} cannot be read: ${reasonOf(cause)}`, {
      cause,
      remedy: "train one with `tastespace train … --out FILE`",
    });
  }
  return decodeModel(bytes, path);
}

// What Node adds: ratings and models from files, data sets by name, and nearest-neighbour indexes.

import { readFile, rename, writeFile } from "node:fs/promises";
import { ModelFileError } from "./errors.js";
import { decodeModel, encodeModel } from "./model-file.js";
import type { FactorModel } from "./models/factor-model.js";

export * from "./index.js";
export { directoryFolder, type FileOptions, fileSource, readPath } from "./ratings/files.js";
export { type SegmentOptions } from "./ratings/segment-threads.js";
export { type TableCacheOptions } from "./ratings/table-cache.js";
export { buildIndex, type IndexKey, type IndexOptions, queryOf, saveIndex } from "./export/nearest.js";
export { defaultCacheFolder, fetchKnownSet, type FetchOptions } from "./ratings/download.js";
export { KNOWN_SETS, type KnownSet } from "./ratings/known-sets.js";

/** Writes a model file whole or not at all: a crash leaves the one that was there before. */
export async function save(model: FactorModel, path: string): Promise<void> {
  const unfinished = `${path}.part`;
  await writeFile(unfinished, encodeModel(model));
  await rename(unfinished, path);
}

/** @throws ModelFileError naming the file when it is missing, damaged or no model. */
export async function load(path: string): Promise<FactorModel> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new ModelFileError(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      remedy: "train one with `tastespace train … --out FILE`",
    });
  }
  return decodeModel(bytes, path);
}

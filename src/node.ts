// What Node adds: ratings and models from files, data sets by name, and nearest-neighbour indexes.

import { open } from "node:fs/promises";
import { writeDurably } from "./durable-file.js";
import { ModelFileError } from "./errors.js";
import { reasonOf } from "./file-trouble.js";
import { modelFailure, modelIn, modelPieces } from "./model-file.js";
import { type FactorModel, MODEL_KIND } from "./models/factor-model.js";
import { checkArguments, PATH } from "./options.js";
import { decodeHeader, type Fail, readTensorFile, type TensorFile } from "./safetensors.js";
import { type Checkpoint, CHECKPOINT_KIND, checkpointFailure, checkpointIn, checkpointPieces } from "./training/checkpoint.js";

export * from "./index.js";
export { directoryFolder, type FileOptions, fileSource, readPath } from "./ratings/files.js";
export { type SegmentOptions } from "./ratings/segment-threads.js";
export { type TableCacheOptions } from "./ratings/table-cache.js";
export { buildIndex, type IndexKey, type IndexOptions, queryOf, saveIndex } from "./export/nearest.js";
export { defaultCacheFolder, fetchKnownSet, type FetchOptions } from "./ratings/download.js";
export { KNOWN_SETS, type KnownSet } from "./ratings/known-sets.js";
export { type Communicator, type Numbers } from "./distributed/communicator.js";
export { isStartedForMpi, joinRanks } from "./distributed/ranks.js";
export { DevicesEngine } from "./distributed/devices-engine.js";
export { RanksEngine, type RanksOptions } from "./distributed/ranks-engine.js";
export { type Wire } from "./distributed/wire.js";

/**
 * Writes a model file whole or not at all: a crash leaves the one that was there before.
 *
 * @throws OutputError naming the path.
 */
export async function save(model: FactorModel, path: string): Promise<void> {
  checkArguments("save", { model: [model, MODEL_KIND], path: [path, PATH] });
  await writeDurably(path, modelPieces(model));
}

/**
 * Writes a checkpoint, which `fit` gives to `onCheckpoint`, whole or not at all.
 *
 * @throws OutputError naming the path.
 */
export async function saveCheckpoint(checkpoint: Checkpoint, path: string): Promise<void> {
  checkArguments("saveCheckpoint", { checkpoint: [checkpoint, CHECKPOINT_KIND], path: [path, PATH] });
  await writeDurably(path, checkpointPieces(checkpoint));
}

/**
 * The checkpoint in a file; undefined when there is no such file.
 *
 * @throws ModelFileError when it is damaged or no checkpoint.
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint | undefined> {
  checkArguments("loadCheckpoint", { path: [path, PATH] });
  try {
    return checkpointIn(await tensorFile(path, checkpointFailure));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    if (cause instanceof ModelFileError) throw new ModelFileError(`${path}: ${cause.message}`, { cause, remedy: cause.remedy });
    throw new ModelFileError(`${path} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

/** @throws ModelFileError naming the file when it is missing, damaged or no model. */
export async function load(path: string): Promise<FactorModel> {
  checkArguments("load", { path: [path, PATH] });
  let file: TensorFile;
  try {
    file = await tensorFile(path, (what, cause, remedy) => modelFailure(path, what, cause, remedy));
  } catch (cause) {
    if (cause instanceof ModelFileError) throw cause;
    throw new ModelFileError(`${path} cannot be read: ${reasonOf(cause)}`, {
      cause,
      remedy: "write one by save(model, path)",
    });
  }
  return modelIn(file, path);
}

/** A file read tensor by tensor; what is no plain file is read whole. */
async function tensorFile(path: string, fail: Fail): Promise<TensorFile> {
  const file = await open(path);
  try {
    const found = await file.stat();
    if (!found.isFile()) return decodeHeader(await file.readFile(), fail);
    const read = async (from: number, to: number): Promise<Uint8Array> => {
      const bytes = new Uint8Array(to - from);
      for (let done = 0; done < bytes.length;) {
        const { bytesRead } = await file.read(bytes, done, bytes.length - done, from + done);
        if (bytesRead === 0) throw fail("it is shorter than it was");
        done += bytesRead;
      }
      return bytes;
    };
    return await readTensorFile(found.size, read, fail);
  } finally {
    await file.close();
  }
}

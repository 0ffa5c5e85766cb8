// The run file that `train --json` writes: what others script against.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import type { DeviceInfo } from "../engine/engine.js";
import { ModelFileError } from "../errors.js";
import { reasonOf } from "../file-trouble.js";
import type { ModelSource } from "../models/factor-model.js";
import { MODEL_NAMES } from "../models/registry.js";
import { SPLIT_KINDS } from "../ratings/split.js";
import { either, isChoice, isFlag, isNumber, isText, isWhole, listOf, nullable, object, oneOf, optional, recordOf } from "../shapes.js";
import { isHistory, isStop } from "../training/history-shape.js";
import type { HistoryEntry, Stop } from "../training/history.js";
import type { SearchResult } from "../training/search.js";
import type { DataFlags, SplitFlags } from "./options.js";

/** Where a run's ratings came from, so that they can be read and split again. */
export interface RunOrigin {
  /** A path, from the folder of the run file; the name of a known set; null for the invented ratings. */
  readonly path: string | null;
  readonly reading: DataFlags;
  readonly split: SplitFlags;
  /** What tells the ratings from others; files of versions before this one do not have it. */
  readonly fingerprint?: string | undefined;
}

export interface RunFile {
  readonly version: string;
  readonly device: DeviceInfo;
  readonly data: { readonly users: number; readonly items: number; readonly ratings: number; readonly heldOut: number };
  readonly from: RunOrigin;
  /** The model file, from the folder of the run file; null when none was written. */
  readonly model: string | null;
  readonly hyperparameters: Readonly<Record<string, unknown>>;
  readonly history: readonly HistoryEntry[];
  readonly stop: Stop;
  /** Errors of the biases alone on the same held-out ratings; null where nothing was held out or predicted. */
  readonly biasOnly?: { readonly heldOutRmse: number; readonly heldOutRmseClipped: number } | null;
  readonly seconds: {
    readonly read: number;
    readonly index: number;
    readonly upload: number;
    readonly train: number;
    readonly total: number;
  };
}

/** What `search --json` writes, from which it also resumes. */
export interface SearchFile extends SearchResult {
  readonly version: string;
  readonly device: DeviceInfo;
  readonly from: RunOrigin;
}

/** The flags of these names, and no others. */
export const originOf = (file: string, path: string | undefined, flags: DataFlags & SplitFlags): RunOrigin => {
  const { delimiter, header, userColumn, itemColumn, ratingColumn, timeColumn, duplicates, skipBadRows, split, sort, cache } = flags;
  const { weightColumn, layout, encoding, missing, scale, items } = flags;
  const more = { weightColumn, layout, encoding, missing, scale, items: items === undefined ? undefined : pathFrom(file, items) };
  const { holdout, holdoutBy, holdoutLast, test, seed, stayed, trainedBefore } = flags;
  return {
    path: path === undefined ? null : pathFrom(file, path),
    reading: { delimiter, header, userColumn, itemColumn, ratingColumn, timeColumn, duplicates, skipBadRows, split, sort, cache, ...more },
    split: { holdout, holdoutBy, holdoutLast, test: test === undefined ? undefined : pathFrom(file, test), seed, stayed, trainedBefore },
  };
};

/**
 * A path as a file has to name it: from the file's folder where it lies within, so that both can be moved,
 * and where it was given relative. The names of known sets stay as they are.
 */
export const pathFrom = (file: string, path: string): string => {
  if (!existsSync(path)) return path;
  const from = relative(dirname(resolve(file)), resolve(path)) || ".";
  return isAbsolute(path) && from.startsWith("..") ? path : from;
};

/** The other way round. */
export const pathBeside = (file: string, path: string): string => {
  const beside = resolve(dirname(file), path);
  return existsSync(beside) ? beside : path;
};

/** Where ratings came from, as another file has to name it. */
export function sourceFrom(file: string, source: ModelSource, before: string): ModelSource {
  const moved = (path: unknown): unknown => (typeof path === "string" ? pathFrom(file, pathBeside(before, path)) : path);
  const { path, reading, split } = source;
  return {
    ...source,
    path: moved(path) as string | null,
    reading: { ...reading, items: moved(reading["items"]) },
    split: { ...split, test: moved(split["test"]) },
  };
}

/** A run or search file, whole. @throws ModelFileError when it is missing, damaged or something else. */
export async function readResult(path: string): Promise<RunFile | SearchFile> {
  const remedy = "give files that `tastespace train --json` or `tastespace search --json` wrote";
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new ModelFileError(`${path} cannot be read: ${reasonOf(cause)}`, { cause, remedy });
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // What the parser says holds pieces of the file, which may be anything.
    if (text.slice(0, 4096).includes('"dtype"'))
      throw new ModelFileError(`${path} is a model file, not the run that it came from`, {
        remedy: `${remedy}; \`tastespace analyse --model\` looks at a model`,
      });
    throw new ModelFileError(`${path} is no JSON`, { cause, remedy });
  }
  const known = value as Partial<RunFile & SearchFile> | null;
  if (Array.isArray(known?.trials) && known.plan) {
    if (!isSearchFile(value) || (known.best !== null && !known.trials.some(({ number: at }) => at === known.best)))
      throw new ModelFileError(`${path} is a damaged file of a search`, { remedy });
    return value as SearchFile;
  }
  if (Array.isArray(known?.history) && known.stop && known.hyperparameters) {
    if (!isRunFile(value) || (known.stop.bestSweep ?? Infinity) >= known.history.length)
      throw new ModelFileError(`${path} is a damaged file of a training`, { remedy });
    return value as RunFile;
  }
  throw new ModelFileError(`${path} is neither a run nor a search`, { remedy });
}

const DEVICE = object({ kind: isText, name: isText, software: isFlag });
/** Files of versions before this one do not say where their ratings are. */
const FROM = optional(
  object({ path: optional(isText), reading: recordOf(() => true), split: recordOf(() => true), fingerprint: optional(isText) }),
);
const isRunFile = object({
  version: isText,
  device: DEVICE,
  data: object({ users: isWhole, items: isWhole, ratings: isWhole, heldOut: isWhole }),
  from: FROM,
  model: optional(isText),
  hyperparameters: recordOf(optional(isChoice)),
  history: isHistory,
  stop: isStop,
  // Files of versions before this one do not have it.
  biasOnly: optional(object({ heldOutRmse: isNumber, heldOutRmseClipped: isNumber })),
  seconds: object({ train: isNumber }),
});

const RUNG = object({ loss: isNumber, losses: listOf(isNumber), bestSweeps: listOf(isWhole), sweeps: isWhole, seconds: isNumber });
const SIDE = listOf(isNumber);
const isSearchFile = object({
  version: isText,
  device: DEVICE,
  from: FROM,
  measure: isText,
  planned: isWhole,
  best: optional(isWhole),
  complete: isFlag,
  plan: object({
    model: oneOf(...MODEL_NAMES),
    method: oneOf("grid", "random", "halving"),
    space: recordOf(either(listOf(isChoice), object({ from: isNumber, to: isNumber }))),
    rungs: listOf(isWhole),
    eta: isNumber,
    trials: nullable(isWhole),
    folds: isWhole,
    holdout: object({ by: oneOf(...SPLIT_KINDS), share: isNumber, last: optional(isWhole) }),
    test: isNumber,
    seed: isNumber,
    measure: nullable(object({ by: oneOf("ndcg", "recall", "auc"), every: isWhole, relevanceThreshold: nullable(isNumber) })),
    stopping: object({ tolerance: nullable(isNumber), patience: nullable(isWhole) }),
    features: object({ users: nullable(listOf(isText)), items: nullable(listOf(isText)) }),
    data: object({ users: isWhole, items: isWhole, ratings: isWhole, fingerprint: object({ set: isText, rows: isText }) }),
  }),
  trials: listOf(object({ number: isWhole, point: recordOf(isChoice), rungs: listOf(RUNG), error: optional(isText) })),
  alternative: optional(
    object({
      loss: isNumber,
      losses: SIDE,
      bestSweeps: SIDE,
      seconds: isNumber,
      factors: isWhole,
      precisions: object({ lambda: isNumber, users: SIDE, items: SIDE }),
    }),
  ),
  biasOnly: optional(isNumber),
  test: optional(object({ ratings: isWhole, best: isNumber, alternative: optional(isNumber), biasOnly: optional(isNumber) })),
});

export const isSearch = (file: RunFile | SearchFile): file is SearchFile => "trials" in file;

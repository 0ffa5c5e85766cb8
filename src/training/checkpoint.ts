// Checkpoints: all that a training is between two sweeps, so that it can be stopped and gone on with,
// to the same bytes at the end. One file holds it whole: model and history cannot part.

import { version } from "../../package.json";
import type { DeviceInfo } from "../engine/engine.js";
import { ModelFileError, OptionsError } from "../errors.js";
import type { RankingMeasure } from "../models/figures.js";
import type { Relevance } from "../models/predictions.js";
import { MODEL_NAMES, type ModelName } from "../models/registry.js";
import type { TrainingState } from "../models/training.js";
import { BYTES, checkArguments, hasPart, type Kind } from "../options.js";
import type { FeatureTable } from "../ratings/features.js";
import { type Fingerprint, fingerprintOf } from "../ratings/fingerprint.js";
import type { Ratings } from "../ratings/ratings.js";
import { CHECKPOINT_FORMAT, decodeHeader, joinedPieces, type Tensor, type TensorFile, tensorPieces, tensorsOf } from "../safetensors.js";
import { either, isNumber, isText, listOf, nullable, object, oneOf, optional, recordOf } from "../shapes.js";
import type { HistoryEntry } from "./history.js";
import { isHistory } from "./history-shape.js";

/** What must be the same for a training to go on. */
export interface TrainingIdentity {
  readonly model: ModelName;
  readonly hyperparameters: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** Whose numbers the state holds: engines round differently. */
  readonly engine: DeviceInfo["kind"];
  /** How ranks send rows, where they round them. */
  readonly wire?: DeviceInfo["wire"];
  readonly train: Fingerprint;
  readonly heldOut: Fingerprint | null;
  /** Names of the features of each side. */
  readonly features: { readonly users: readonly string[] | null; readonly items: readonly string[] | null };
  /** Which sweep the model is of. */
  readonly keeps: "best" | "last";
  /** What of ranked lists says which sweep is best, by which items are relevant; null where losses are compared. */
  readonly measure: { readonly by: RankingMeasure; readonly relevance: Relevance } | null;
}

/** A training between two sweeps. */
export interface Checkpoint {
  readonly identity: TrainingIdentity;
  /** The last entry is that of the sweep after which the checkpoint was taken. */
  readonly history: readonly HistoryEntry[];
  readonly state: TrainingState;
}

/** What checkpoints and searches call the features that are rated sets. */
const RATED_SETS = "rated sets";

/** The names of a side's features, rated sets behind the others; null where it has none. */
export const featureNames = (table: FeatureTable | undefined): readonly string[] | null =>
  table ? [...table.names, ...(table.rated ? [RATED_SETS] : [])] : null;

/** What functions that take a checkpoint ask for. */
export const CHECKPOINT_KIND: Kind = {
  must: "a checkpoint",
  holds: (value) => hasPart(value, "identity", "state"),
  remedy: (value) => (typeof value === "string" ? "await loadCheckpoint(path) gives the one of a file" : undefined),
};

/**
 * @param features names of the features of each side.
 * @param known of the held-out ratings, where those that are given are not all.
 */
export function identityOf(
  training: Omit<TrainingIdentity, "train" | "heldOut">,
  train: Ratings,
  heldOut: Ratings | undefined,
  known?: Fingerprint | null,
): TrainingIdentity {
  return { ...training, train: fingerprintOf(train), heldOut: known === undefined ? (heldOut ? fingerprintOf(heldOut) : null) : known };
}

/** @throws OptionsError naming the first thing in which a training differs from the one that the checkpoint is of. */
export function checkSame(checkpoint: TrainingIdentity, now: TrainingIdentity): void {
  const different = (what: string, before: unknown, after: unknown, remedy: string): void => {
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    const told = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
    throw new OptionsError(`the checkpoint is of another training: its ${what} is ${told(before)}, now it is ${told(after)}`, { remedy });
  };
  const again = "ask for what the checkpoint was trained with, or start anew without it";
  different("model", checkpoint.model, now.model, again);
  // Defaults follow the unit of the ratings, so that other ratings are told before what follows from them.
  const data = "give the same ratings, split in the same way, in the same order of rows";
  different("training data", checkpoint.train.set, now.train.set, data);
  different("order of training rows", checkpoint.train.rows, now.train.rows, data);
  different("held-out data", checkpoint.heldOut, now.heldOut, data);
  for (const name of new Set([...Object.keys(checkpoint.hyperparameters), ...Object.keys(now.hyperparameters)]))
    different(`hyperparameter ${name}`, checkpoint.hyperparameters[name], now.hyperparameters[name], again);
  different("seed", checkpoint.seed, now.seed, again);
  different("engine", checkpoint.engine, now.engine, `go on with device: "${checkpoint.engine}"`);
  const wire = checkpoint.wire ?? "full";
  different("form of rows on the wire", wire, now.wire ?? "full", `go on with wire: "${wire}"`);
  different("choice of the sweep that is kept", checkpoint.keeps, now.keeps, again);
  different("measure of a sweep", checkpoint.measure?.by ?? "loss", now.measure?.by ?? "loss", again);
  different("choice of relevant items", checkpoint.measure?.relevance, now.measure?.relevance, again);
  for (const side of ["users", "items"] as const)
    different(`list of features of ${side}`, checkpoint.features[side], now.features[side], again);
}

const FINGERPRINT = object({ set: isText, rows: isText });
const isTold = object({
  identity: object({
    model: oneOf(...MODEL_NAMES),
    hyperparameters: recordOf(() => true),
    seed: isNumber,
    engine: isText,
    wire: optional(oneOf("halves")),
    train: FINGERPRINT,
    heldOut: optional(FINGERPRINT),
    features: object({ users: optional(listOf(isText)), items: optional(listOf(isText)) }),
    keeps: oneOf("best", "last"),
    measure: nullable(
      object({ by: oneOf("ndcg", "recall", "auc"), relevance: either(object({ atLeast: isNumber }), object({ above: isNumber })) }),
    ),
  }),
  history: isHistory,
});

const FORMAT_VERSION = "1";

/** A checkpoint as the bytes of one safetensors file: arrays by name, the rest as JSON in the metadata. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  checkArguments("encodeCheckpoint", { checkpoint: [checkpoint, CHECKPOINT_KIND] });
  return joinedPieces(checkpointPieces(checkpoint));
}

/** The same in pieces, in order: a file may be larger than an array can be. */
export function checkpointPieces({ identity, history, state }: Checkpoint): Generator<Uint8Array, void> {
  const tensors = (group: string, arrays: Readonly<Record<string, Float32Array | Float64Array>>): Tensor[] =>
    Object.entries(arrays).map(([name, data]) => ({
      name: `${group}: ${name}`,
      dtype: data instanceof Float64Array ? "F64" : "F32",
      shape: [data.length],
      data,
    }));
  const text = {
    name: "training",
    dtype: "U8",
    data: new TextEncoder().encode(JSON.stringify({ identity, history, values: state.model.values })),
  } as const;
  return tensorPieces(
    [...tensors("engine", state.engine), ...tensors("model", state.model.arrays), { ...text, shape: [text.data.length] }],
    { format: CHECKPOINT_FORMAT, format_version: FORMAT_VERSION, tastespace_version: version },
  );
}

/** @throws ModelFileError when the bytes are no whole checkpoint, or one of another version. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  checkArguments("decodeCheckpoint", { bytes: [bytes, BYTES] });
  return checkpointIn(decodeHeader(bytes, checkpointFailure));
}

/** What is wrong with a checkpoint. */
export const checkpointFailure = (
  what: string,
  cause?: unknown,
  remedy = "give a file that a training wrote as its checkpoint, or start anew",
): ModelFileError => new ModelFileError(what, { cause, remedy });

/** The checkpoint in a file that was read tensor by tensor. @throws ModelFileError as `decodeCheckpoint`. */
export function checkpointIn(file: TensorFile): Checkpoint {
  const fail = checkpointFailure;
  const { metadata, tensors } = tensorsOf(file, fail);
  if (metadata["format"] !== CHECKPOINT_FORMAT) throw fail("it is no checkpoint of a training");
  if (metadata["format_version"] !== FORMAT_VERSION)
    throw fail(`it is a checkpoint of format ${metadata["format_version"]}; this version reads ${FORMAT_VERSION}`);
  const text = tensors.get("training");
  if (!(text instanceof Uint8Array)) throw fail("the checkpoint holds no training");
  let told: { identity: TrainingIdentity; history: HistoryEntry[]; values: unknown };
  try {
    told = JSON.parse(new TextDecoder().decode(text)) as typeof told;
  } catch (cause) {
    throw fail("the checkpoint is damaged: its history is not JSON", cause);
  }
  if (!isTold(told)) throw fail("the checkpoint is damaged: its history or its identity is not what it should be");
  const group = <A>(name: string): Record<string, A> =>
    Object.fromEntries(
      [...tensors].filter(([key]) => key.startsWith(`${name}: `)).map(([key, data]) => [key.slice(name.length + 2), data as A]),
    );
  const state: TrainingState = { engine: group("engine"), model: { values: told.values, arrays: group("model") } };
  return { identity: told.identity, history: told.history, state };
}

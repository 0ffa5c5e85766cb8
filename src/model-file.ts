// Model files: safetensors in and out, readable from Python too.

import { version } from "../package.json";
import { ModelFileError } from "./errors.js";
import { FactorModel, MODEL_KIND, type ModelSource } from "./models/factor-model.js";
import { BYTES, checkArguments } from "./options.js";
import { type GibbsDraw, type Posterior, type Precisions, samplesOf } from "./models/parameters.js";
import { exactHalves, fromHalves } from "./half.js";
import { isDraw, isPrecisions } from "./models/parameter-shapes.js";
import { listOf } from "./shapes.js";
import { definitionOf, type Hyperparameters, MODEL_NAMES, type ModelName, spreadOf } from "./models/registry.js";
import type { CovarianceFamily } from "./engine/engine.js";
import { triangle } from "./engine/reference/cholesky.js";
import { Catalogue, type CatalogueEntry } from "./ratings/catalogue.js";
import { FeatureTable, type FeatureTables } from "./ratings/features.js";
import { decodeIds, encodeIds } from "./id-list.js";
import { Ids, type RawId } from "./ratings/ids.js";
import type { RatingStatistics } from "./ratings/ratings.js";
import type { SeenItems } from "./ratings/seen.js";
import {
  BUT_TEXT,
  CHECKPOINT_FORMAT,
  checkTensors,
  decodeHeader,
  type Dtype,
  ELEMENT_BYTES,
  joinedPieces,
  MODEL_FORMAT,
  type Tensor,
  type TensorEntry,
  type TensorFile,
  tensorPieces,
} from "./safetensors.js";
import { grouped } from "./shown.js";

/** Files of draws in half precision, or of the weights of features, are of version 2, all others of version 1. */
const FORMAT_VERSION = 2;
/** Of the record of where the ratings came from; a later one is passed over. */
const SOURCE_VERSION = 1;
const FEATURE_SIDES = [
  ["users", "user"],
  ["items", "item"],
] as const;
/** Texts longer than this, in bytes, become tensors: readers of the header need not parse megabytes. */
const LONGEST_METADATA = 2 ** 20;

/**
 * A model as the bytes of a safetensors file: `user_factors` [M, K], `item_factors` [N, K], `user_biases` [M],
 * `item_biases` [N] and `global_mean` [1] in float32; under `vb` also `user_variances` and `item_variances` [·, K + 1]
 * or `user_covariances` and `item_covariances` [·, (K + 1)(K + 2)/2] (packed lower triangles), with the `precisions` in
 * the metadata; `item_counts` [N] in u32, and, where the model holds them, `seen_start` [M + 1] and `seen_items`, which
 * each user has rated in training, and `held_out_start` and `held_out_items`, held out of it.
 * Features have their weights in `item_feature_weights` [F, K + 1], biases last, and `item_feature_start`, `_index` and
 * `_value`, a sparse matrix of the ids in `item_feature_ids` by the names in `item_feature_names`, and the same for
 * users. With `item_features_rated` in the metadata, the users in index order are features too, behind those named.
 * `gibbs` has its S draws side by side in the factors, the weights of one draw behind the other, and in
 * `user_drawn_biases` [M, S] and `item_drawn_biases` by how much the biases of each draw are above the mean; all are in
 * half precision, F16, where that loses nothing, times 2 to the power of `user_factors_exponent` and the like.
 * `user_mean_rows` and `item_mean_rows` name the rows that joined later, which are no draws but their means.
 * `source`, where it is known, says where the ratings came from and how they were read: its `version`, `path`,
 * `reading`, `split` and the number of `ratings`. Ids, in index order, the catalogue, hyperparameters and statistics
 * are JSON in the metadata; ids and catalogues of over a mebibyte are tensors instead (`user_ids`, `item_ids`: I64 when
 * all are integers, else JSON as U8; `catalogue`: JSON as U8). `checksum` is that of all tensors in their order; who
 * writes other numbers leaves it out.
 */
export function encodeModel(model: FactorModel): Uint8Array {
  checkArguments("encodeModel", { model: [model, MODEL_KIND] });
  return joinedPieces(modelPieces(model));
}

/** The bytes of `encodeModel` in pieces, in order: a file may be larger than an array can be. */
export function modelPieces(model: FactorModel): Generator<Uint8Array, void> {
  const { parameters, users, items } = model;
  const { posterior } = parameters;
  const halved = parameters.draws ? numericTensors(model).map(withHalves) : [];
  const tensors = parameters.draws ? halved.map(({ tensor }) => tensor) : numericTensors(model);
  const metadata: Record<string, string> = {
    format: MODEL_FORMAT,
    format_version: String(parameters.draws || parameters.features ? FORMAT_VERSION : 1),
    tastespace_version: version,
    model: model.model,
    hyperparameters: JSON.stringify(model.hyperparameters),
    statistics: JSON.stringify(model.statistics),
  };
  for (const { tensor, exponent } of halved) if (exponent !== undefined) metadata[`${tensor.name}_exponent`] = String(exponent);
  if (posterior) metadata["precisions"] = JSON.stringify(posterior.precisions);
  if (model.source) metadata["source"] = JSON.stringify({ version: SOURCE_VERSION, ...model.source });
  const addText = (name: string, text: string): void => {
    const data = new TextEncoder().encode(text);
    if (data.length <= LONGEST_METADATA) metadata[name] = text;
    else tensors.push({ name, dtype: "U8", shape: [data.length], data });
  };
  const addIds = (name: string, raw: readonly RawId[]): void => {
    const data = encodeIds(raw);
    if (data.length <= LONGEST_METADATA) metadata[name] = new TextDecoder().decode(data);
    else if (raw.every(Number.isSafeInteger))
      tensors.push({ name, dtype: "I64", shape: [raw.length], data: BigInt64Array.from(raw as number[], BigInt) });
    else tensors.push({ name, dtype: "U8", shape: [data.length], data });
  };
  for (const [side, name] of FEATURE_SIDES) {
    const table = model.features?.[side];
    if (!table) continue;
    addText(`${name}_feature_names`, JSON.stringify(table.names));
    addIds(`${name}_feature_ids`, table.ids.raw);
    if (table.rated) metadata[`${name}_features_rated`] = "true";
  }
  if (parameters.draws) addText("draws", JSON.stringify(parameters.draws));
  addIds("user_ids", users.raw);
  addIds("item_ids", items.raw);
  addText("catalogue", JSON.stringify([...model.catalogue.entries()].map(({ id, title, genres }) => [id, title, genres])));
  return tensorPieces(tensors, metadata);
}

/** A tensor in half precision, and the power of two by which its numbers were multiplied, where that loses nothing. */
function withHalves(tensor: Tensor): { tensor: Tensor; exponent?: number } {
  const { name, data } = tensor;
  const given = HALVED.test(name) && data instanceof Float32Array ? exactHalves(data) : undefined;
  return given ? { tensor: { ...tensor, dtype: "F16", data: given.halves }, exponent: given.exponent } : { tensor };
}

/** What is as large as there are draws. */
const HALVED = /^(user|item)_(factors|feature_weights|drawn_biases)$/;

/**
 * The numbers of a model: parameters, counts, what was seen; ids and texts are not among them.
 * `encodeModel` lists the names.
 */
export function numericTensors(model: FactorModel): Tensor[] {
  const { parameters, users, items } = model;
  const [M, N, K] = [users.size, items.size, parameters.factors];
  const { K: own, S } = samplesOf(parameters);
  const tensors: Tensor[] = [
    { name: "user_factors", dtype: "F32", shape: [M, K], data: parameters.userFactors },
    { name: "item_factors", dtype: "F32", shape: [N, K], data: parameters.itemFactors },
    { name: "user_biases", dtype: "F32", shape: [M], data: parameters.userBiases },
    { name: "item_biases", dtype: "F32", shape: [N], data: parameters.itemBiases },
    { name: "global_mean", dtype: "F32", shape: [1], data: Float32Array.of(parameters.globalMean) },
    { name: "item_counts", dtype: "U32", shape: [N], data: model.itemCounts },
  ];
  const { posterior } = parameters;
  if (posterior) {
    const [name, width] = posterior.family === "full" ? ["covariances", triangle(K + 1)] : ["variances", K + 1];
    tensors.push({ name: `user_${name}`, dtype: "F32", shape: [M, width], data: posterior.users });
    tensors.push({ name: `item_${name}`, dtype: "F32", shape: [N, width], data: posterior.items });
  }
  const { drawnBiases } = parameters;
  if (drawnBiases) {
    tensors.push({ name: "user_drawn_biases", dtype: "F32", shape: [M, S], data: drawnBiases.users });
    tensors.push({ name: "item_drawn_biases", dtype: "F32", shape: [N, S], data: drawnBiases.items });
  }
  for (const [side, name] of FEATURE_SIDES) {
    const rows = parameters.meanRows?.[side];
    if (rows) tensors.push({ name: `${name}_mean_rows`, dtype: "U32", shape: [rows.length], data: rows });
  }
  for (const [side, name] of FEATURE_SIDES) {
    const table = model.features?.[side];
    const weights = parameters.features?.[side];
    if (!table || !weights) continue;
    const shape = S === 1 ? [weights.length / (own + 1), own + 1] : [S, weights.length / (S * (own + 1)), own + 1];
    tensors.push({ name: `${name}_feature_weights`, dtype: "F32", shape, data: weights });
    tensors.push({ name: `${name}_feature_start`, dtype: "U32", shape: [table.ids.size + 1], data: table.rows.start });
    tensors.push({ name: `${name}_feature_index`, dtype: "U32", shape: [table.rows.index.length], data: table.rows.index });
    tensors.push({ name: `${name}_feature_value`, dtype: "F32", shape: [table.rows.value.length], data: table.rows.value });
  }
  for (const [name, rated] of [
    ["seen", model.seen],
    ["held_out", model.heldOut],
  ] as const) {
    if (!rated) continue;
    tensors.push({ name: `${name}_start`, dtype: "U32", shape: [M + 1], data: rated.start });
    tensors.push({ name: `${name}_items`, dtype: "U32", shape: [rated.items.length], data: rated.items });
  }
  return tensors;
}

/** What is wrong with a model file. */
export const modelFailure = (
  name: string,
  what: string,
  cause?: unknown,
  remedy = what === BUT_TEXT ? "give a model file: save(model, path) writes one" : "train again and write a new model file",
): ModelFileError => new ModelFileError(`${name}: ${what}`, { cause, remedy });

/**
 * The model in the bytes of a file; predictions are bit-equal to those of the model that was encoded.
 *
 * @param name what errors call the file.
 * @throws ModelFileError when the file is no model, is truncated or damaged, or comes from a newer version.
 */
export function decodeModel(bytes: Uint8Array, name = "model"): FactorModel {
  checkArguments("decodeModel", { bytes: [bytes, BYTES] });
  const fail = (what: string, cause?: unknown, remedy?: string): ModelFileError => modelFailure(name, what, cause, remedy);
  return modelIn(decodeHeader(bytes, fail), name);
}

/**
 * The model in a file that was read tensor by tensor.
 *
 * @throws ModelFileError as `decodeModel`.
 */
export function modelIn({ header, metadata, body }: TensorFile, name = "model"): FactorModel {
  const fail = (what: string, cause?: unknown): ModelFileError => modelFailure(name, what, cause);
  if (metadata["format"] === CHECKPOINT_FORMAT)
    throw modelFailure(name, "it is the checkpoint of a training, and no model", undefined, "go on with the training, which makes a model");
  if (metadata["format"] !== MODEL_FORMAT) throw fail("it is a safetensors file, but no Tastespace model");
  const formatVersion = Number(metadata["format_version"]);
  if (!(formatVersion >= 1)) throw fail(`its format version "${metadata["format_version"]}" is no number`);
  if (formatVersion > FORMAT_VERSION) {
    throw new ModelFileError(`${name}: its format version is ${formatVersion}, newer than the ${FORMAT_VERSION} known here`, {
      remedy: `update tastespace to ${metadata["tastespace_version"]} or later`,
    });
  }
  checkTensors(header, body, fail);
  const model = metadata["model"] as ModelName;
  if (!MODEL_NAMES.includes(model)) throw fail(`its model "${model}" is not known`);

  const tensor = (tensorName: string, dtype: Dtype, shape?: readonly number[]): ArrayBuffer => {
    const entry = header[tensorName] as TensorEntry | undefined;
    if (!entry) throw fail(`tensor ${tensorName} is missing`);
    if (entry.dtype !== dtype) throw fail(`tensor ${tensorName} is ${entry.dtype}, not ${dtype}`);
    if (shape && shape.join() !== entry.shape.join())
      throw fail(`tensor ${tensorName} has shape [${entry.shape.join()}], not [${shape.join()}]`);
    const [from, to] = entry.data_offsets;
    const elements = entry.shape.reduce((product, size) => product * size, 1);
    if (!(from >= 0 && to <= body.length && to - from === elements * ELEMENT_BYTES[dtype])) throw fail(`tensor ${tensorName} is truncated`);
    return body.own(from, to);
  };
  const floats = (tensorName: string, shape: readonly number[]): Float32Array => {
    const isHalf = (header[tensorName] as TensorEntry | undefined)?.dtype === "F16";
    const buffer = tensor(tensorName, isHalf ? "F16" : "F32", shape);
    const exponent = Number(metadata[`${tensorName}_exponent`] ?? 0);
    if (!Number.isInteger(exponent) || Math.abs(exponent) > 200) throw fail(`${tensorName}_exponent is not a small whole number`);
    const values = isHalf ? fromHalves({ halves: new Uint16Array(buffer), exponent }) : new Float32Array(buffer);
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) throw fail(`tensor ${tensorName} holds ${values[at]} at ${at}`);
    return values;
  };
  const words = (tensorName: string, shape?: readonly number[]): Uint32Array => new Uint32Array(tensor(tensorName, "U32", shape));
  const json = <T>(key: string, fits: (value: unknown) => boolean): T => {
    const text = metadata[key] ?? new TextDecoder().decode(tensor(key, "U8"));
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw fail(`${key} is not JSON`, cause);
    }
    if (!fits(value)) throw fail(`${key} does not hold what it should`);
    return value as T;
  };
  const ids = (key: string): Ids => {
    if ((header[key] as TensorEntry | undefined)?.dtype === "I64")
      return new Ids(Array.from(new BigInt64Array(tensor(key, "I64")), Number));
    const text = metadata[key];
    const raw = decodeIds(text === undefined ? new Uint8Array(tensor(key, "U8")) : new TextEncoder().encode(text));
    if (raw === undefined) throw fail(`${key} is no list of ids`);
    return new Ids(raw);
  };
  const ratedItems = (name: "seen" | "held_out", M: number, N: number): SeenItems | undefined => {
    if (!header[`${name}_start`]) return undefined;
    const seen = { start: words(`${name}_start`, [M + 1]), items: words(`${name}_items`) };
    const ascends = seen.start.every((from, m) => from >= (m === 0 ? 0 : seen.start[m - 1]));
    if (!ascends || seen.start[0] !== 0 || seen.start[M] !== seen.items.length || seen.items.some((item) => item >= N)) {
      throw fail(`${name}_start and ${name}_items do not fit together`);
    }
    return seen;
  };

  const meanRows = (name: string, count: number): Uint32Array => {
    const rows = words(name);
    if (rows.some((row, at) => row >= count || (at > 0 && row <= rows[at - 1]))) throw fail(`${name} are no rows in their order`);
    return rows;
  };

  const featureTable = (name: string): FeatureTable | undefined => {
    if (!header[`${name}_feature_weights`] && !header[`${name}_feature_factors`]) return undefined;
    const names = json<string[]>(
      `${name}_feature_names`,
      (value) => Array.isArray(value) && value.every((text) => typeof text === "string"),
    );
    const known = ids(`${name}_feature_ids`);
    const start = words(`${name}_feature_start`, [known.size + 1]);
    const index = words(`${name}_feature_index`);
    const ascends = start.every((from, row) => from >= (row === 0 ? 0 : start[row - 1]));
    if (!ascends || start[0] !== 0 || start[known.size] !== index.length || index.some((feature) => feature >= names.length))
      throw fail(`the features of ${name}s do not fit together`);
    const value = floats(`${name}_feature_value`, [index.length]);
    const rows = { count: known.size, columns: names.length, start, index, value };
    return new FeatureTable(names, known, rows, metadata[`${name}_features_rated`] === "true");
  };

  const posterior = (family: CovarianceFamily, M: number, N: number, K: number): Posterior => {
    const [name, width] = family === "full" ? ["covariances", triangle(K + 1)] : ["variances", K + 1];
    const precisions = json<Precisions>("precisions", isPrecisions(K));
    const side = (tensorName: string, count: number): Float32Array => {
      const values = floats(tensorName, [count, width]);
      for (let row = 0; row < count; row++) {
        for (let k = 0; k <= K; k++) {
          const at = row * width + (family === "full" ? triangle(k) + k : k);
          if (!(values[at] > 0)) throw fail(`tensor ${tensorName} holds the variance ${values[at]} at ${at}: it must be above 0`);
        }
      }
      return values;
    };
    return { family, precisions, users: side(`user_${name}`, M), items: side(`item_${name}`, N) };
  };

  const hyperparameters = checked(model, json("hyperparameters", isObject), fail);
  const draws =
    metadata["draws"] || header["draws"]
      ? json<GibbsDraw[]>("draws", (value) => listOf(isDraw(hyperparameters.factors))(value) && (value as unknown[]).length > 0)
      : undefined;
  const K = hyperparameters.factors * (draws?.length ?? 1);
  const users = ids("user_ids");
  const items = ids("item_ids");
  const [M, N] = [users.size, items.size];
  const family = spreadOf(model, hyperparameters);
  const parameters = {
    factors: K,
    userFactors: floats("user_factors", [M, K]),
    itemFactors: floats("item_factors", [N, K]),
    userBiases: floats("user_biases", [M]),
    itemBiases: floats("item_biases", [N]),
    globalMean: floats("global_mean", [1])[0],
    draws,
    drawnBiases: draws && { users: floats("user_drawn_biases", [M, draws.length]), items: floats("item_drawn_biases", [N, draws.length]) },
    ...(header["user_mean_rows"] ? { meanRows: { users: meanRows("user_mean_rows", M), items: meanRows("item_mean_rows", N) } } : {}),
    posterior: family === "diagonal" || family === "full" ? posterior(family, M, N, K) : undefined,
  };
  const tables = Object.fromEntries(FEATURE_SIDES.map(([side, name]) => [side, featureTable(name)])) as FeatureTables;
  const featureWeights = (side: "users" | "items", name: string): Float32Array | undefined => {
    const table = tables[side];
    if (!table) return undefined;
    const D = hyperparameters.factors + 1;
    // Files of version 1 have factors without biases.
    if (!header[`${name}_feature_weights`]) return widened(floats(`${name}_feature_factors`, [table.names.length, D - 1]), D);
    // Entities that have joined since have no weights.
    const count = (header[`${name}_feature_weights`] as TensorEntry).shape.at(-2) ?? 0;
    const most = table.names.length + (table.rated ? (side === "users" ? N : M) : 0);
    if (!(count >= table.names.length && count <= most))
      throw fail(`tensor ${name}_feature_weights has ${grouped(count)} rows, not ${grouped(most)}`);
    return floats(`${name}_feature_weights`, draws ? [draws.length, count, D] : [count, D]);
  };
  const hasFeatures = tables.users ?? tables.items;
  const sourceOf = (): ModelSource | undefined => {
    if (metadata["source"] === undefined) return undefined;
    const { version: sourceVersion, ...source } = json<ModelSource & { version: number }>("source", isSource);
    return sourceVersion === SOURCE_VERSION ? source : undefined;
  };
  const entries = json<[RawId, string, string[]][]>("catalogue", isCatalogue).map(([id, title, genres]): CatalogueEntry => ({
    id,
    title,
    genres,
  }));
  return new FactorModel({
    model,
    hyperparameters,
    parameters: hasFeatures
      ? { ...parameters, features: { users: featureWeights("users", "user"), items: featureWeights("items", "item") } }
      : parameters,
    features: hasFeatures && tables,
    users,
    items,
    catalogue: new Catalogue(entries),
    statistics: json<RatingStatistics>("statistics", isStatistics),
    itemCounts: words("item_counts", [N]),
    seen: ratedItems("seen", M, N),
    heldOut: ratedItems("held_out", M, N),
    source: sourceOf(),
  });
}

/** Rows of D − 1 numbers with a 0 behind each. */
function widened(rows: Float32Array, D: number): Float32Array {
  const count = D === 1 ? 0 : rows.length / (D - 1);
  const wide = new Float32Array(count * D);
  for (let row = 0; row < count; row++) wide.set(rows.subarray(row * (D - 1), (row + 1) * (D - 1)), row * D);
  return wide;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const isId = (value: unknown): boolean => typeof value === "string" || typeof value === "number";
const isEntry = (value: unknown): boolean =>
  Array.isArray(value) && isId(value[0]) && typeof value[1] === "string" && Array.isArray(value[2]);
const isCatalogue = (value: unknown): boolean => Array.isArray(value) && value.every(isEntry);
const isStatistics = (value: unknown): boolean =>
  isObject(value) &&
  ["users", "items", "ratings", "mean", "minimum", "maximum"].every((name) => Number.isFinite(value[name])) &&
  (value["weight"] === undefined || Number.isFinite(value["weight"]));

/** Of later versions, only that they are records. */
const isSource = (value: unknown): boolean =>
  isObject(value) &&
  typeof value["version"] === "number" &&
  (value["version"] !== SOURCE_VERSION ||
    ((value["path"] === null || typeof value["path"] === "string") &&
      isObject(value["reading"]) &&
      isObject(value["split"]) &&
      (value["fingerprint"] === undefined || typeof value["fingerprint"] === "string") &&
      Number.isFinite(value["ratings"])));

function checked(
  model: ModelName,
  given: Partial<Hyperparameters>,
  fail: (what: string, cause?: unknown) => ModelFileError,
): Hyperparameters {
  try {
    return definitionOf(model).complete(given);
  } catch (cause) {
    throw fail(`its hyperparameters are out of range: ${(cause as Error).message}`, cause);
  }
}

// Nearest-neighbour indexes of a model's items by USearch, for services that look up a few items among very many:
// Node only, since the package `usearch` is native. https://github.com/unum-cloud/usearch

import { rename, rm } from "node:fs/promises";
import { checkWritable, writeDurably } from "../durable-file.js";
import type { Index } from "usearch";
import { OptionsError, OutputError, TastespaceError } from "../errors.js";
import { reasonOf } from "../file-trouble.js";
import { checkArguments, checkOptions, namesOf, NUMBER, oneOf, PATH } from "../options.js";
import { type FactorModel, MODEL_KIND } from "../models/factor-model.js";
import { knownIndex, type RawId } from "../ratings/ids.js";

/** What an index finds. */
export interface IndexOptions {
  /**
   * What is near. "score" (default): the items with the largest u·v + αb for a user. They are indexed as [v,
   * αb] by inner product, and a user looks up [u, 1]: K + 1 dimensions. "similar": the items with the largest
   * cosine to an item's v: K dimensions.
   */
  readonly nearest?: "score" | "similar" | undefined;
  /** α, weight of the item biases under "score". Default 1. */
  readonly alpha?: number | undefined;
}

const INDEX_NAMES = namesOf<IndexOptions>({ nearest: oneOf("score", "similar"), alpha: NUMBER });

/** What is written beside an index, as JSON: how to look up in it, and what the keys that it gives mean. */
export interface IndexKey {
  readonly library: "usearch";
  readonly metric: "ip" | "cos";
  readonly dimensions: number;
  readonly nearest: "score" | "similar";
  /** Present under "score". */
  readonly alpha?: number | undefined;
  /** Raw id and title of each key: key n is the item of index n. */
  readonly ids: readonly RawId[];
  readonly titles: readonly string[];
}

/**
 * Neighbours in the graph, and candidates while building and looking up:
 * on inner products they find 99.9 % of the ten best.
 */
const GRAPH = { connectivity: 32, expansion_add: 256, expansion_search: 256, multi: false };

/**
 * Indexes the items that have a training rating; of any other, lists say nothing.
 * Of what `index.search(queryOf(model, user), n, 0)` returns, `keys` are item indices and `distances` 1 − score.
 *
 * @throws OptionsError; TastespaceError when the optional package `usearch` is not
 *   installed or has no build for this machine.
 */
export async function buildIndex(model: FactorModel, options: IndexOptions = {}): Promise<{ index: Index; key: IndexKey }> {
  checkArguments("buildIndex", { model: [model, MODEL_KIND] });
  checkOptions("buildIndex", options, INDEX_NAMES);
  const { nearest = "score", alpha = 1 } = options;
  const { factors: K, itemFactors, itemBiases } = model.parameters;
  if (nearest === "similar" && K === 0) {
    throw new OptionsError("a model without factors knows no similar items", { remedy: "train with factors of 1 or more" });
  }
  const { Index, MetricKind, ScalarKind } = await loadUsearch();
  const isScore = nearest === "score";
  const dimensions = isScore ? K + 1 : K;
  const listed = Uint32Array.from(itemBiases.keys()).filter((n) => model.listsAt(n));
  const vectors = new Float32Array(listed.length * dimensions);
  listed.forEach((n, at) => {
    vectors.set(itemFactors.subarray(n * K, (n + 1) * K), at * dimensions);
    if (isScore) vectors[at * dimensions + K] = alpha * itemBiases[n];
  });
  const metric = isScore ? MetricKind.IP : MetricKind.Cos;
  const index = new Index({ dimensions, metric, quantization: ScalarKind.F32, ...GRAPH });
  // One thread: the graph depends on the order in which items come, and so does a file that is built twice.
  index.add(BigUint64Array.from(listed, BigInt), vectors, 1);
  const { items, catalogue } = model;
  return {
    index,
    key: {
      library: "usearch",
      metric: isScore ? "ip" : "cos",
      dimensions,
      nearest,
      ...(isScore && { alpha }),
      ids: items.raw,
      titles: items.raw.map((id) => catalogue.title(id)),
    },
  };
}

/** What a user looks up in an index of "score": [u, 1]. @throws UnknownIdError */
export function queryOf(model: FactorModel, user: RawId): Float32Array {
  checkArguments("queryOf", { model: [model, MODEL_KIND] });
  const K = model.parameters.factors;
  const m = knownIndex(model.users, user, "user");
  const query = new Float32Array(K + 1).fill(1);
  query.set(model.parameters.userFactors.subarray(m * K, (m + 1) * K));
  return query;
}

/**
 * Writes an index for `Index.load(path)` or `Index.view(path)` of any of USearch's languages,
 * and its key as JSON at `${path}.json`.
 */
export async function saveIndex(model: FactorModel, path: string, options: IndexOptions = {}): Promise<void> {
  checkArguments("saveIndex", { model: [model, MODEL_KIND], path: [path, PATH] });
  const { index, key } = await buildIndex(model, options);
  await checkWritable(path);
  const unfinished = `${path}.${process.pid}.part`;
  try {
    index.save(unfinished);
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { force: true });
    throw new OutputError(`${path} cannot be written: ${reasonOf(cause)}`, { cause, remedy: "name another place" });
  }
  await writeDurably(`${path}.json`, `${JSON.stringify(key)}\n`);
}

async function loadUsearch(): Promise<typeof import("usearch")> {
  try {
    return await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ "usearch");
  } catch (cause) {
    throw new TastespaceError(
      "options",
      `the package "usearch" cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        remedy: "npm install usearch",
        cause,
      },
    );
  }
}

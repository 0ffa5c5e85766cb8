// Prior means that features give an entity: of someone new, or of a title that nobody has rated.
// docs/models.md, "Side information".

import type { Side } from "../engine/engine.js";
import { packedTriangle, symmetricInverse, triangle, unpackedTriangle } from "../engine/reference/cholesky.js";
import { type GibbsDraw, type Parameters, sampleShare, samplesOf } from "../models/parameters.js";
import type { FeatureTable, FeatureTables } from "../ratings/features.js";
import type { RawId } from "../ratings/ids.js";
import type { Entity } from "./fold-in.js";

/** Whose features are asked for. */
interface Featured {
  /** By which the table knows the entity; left out, it is new to it. */
  readonly id?: RawId | undefined;
  /** What it has rated, or who has rated it, by dense indices: its rated set, where such count. */
  readonly rated?: ArrayLike<number> | undefined;
}

/** The weights of the features of a side: of S samples one after the other, [S, columns, K + 1]. */
interface LearnedWeights {
  readonly table: FeatureTable;
  readonly weights: Float32Array;
  readonly K: number;
  readonly S: number;
  /** Features that there are weights of, the rated ones among them. */
  readonly columns: number;
}

/** What the parameters hold of the features of a side; undefined where it has none. */
export function learnedWeights(parameters: Parameters, tables: FeatureTables | undefined, side: Side): LearnedWeights | undefined {
  const [table, weights] = [tables?.[side], parameters.features?.[side]];
  if (!table || !weights) return undefined;
  const { K, S } = samplesOf(parameters);
  return { table, weights, K, S, columns: weights.length / (S * (K + 1)) };
}

/** S of one entity: columns of S, and the values there. */
function featuresOf({ table, columns }: LearnedWeights, { id, rated = [] }: Featured): { index: number[]; value: number[] } {
  const row = id === undefined ? -1 : table.ids.indexOf(id);
  const [from, to] = row < 0 ? [0, 0] : [table.rows.start[row], table.rows.start[row + 1]];
  const index = Array.from(table.rows.index.subarray(from, to));
  const value = Array.from(table.rows.value.subarray(from, to));
  if (!table.rated) return { index, value };
  // Of entities that have joined the model since, nothing was learned.
  const known = Array.from(rated, (other) => table.names.length + other).filter((column) => column < columns);
  for (const column of known) {
    index.push(column);
    value.push(1 / Math.sqrt(known.length));
  }
  return { index, value };
}

/** Adds a feature's weights in sample s, times its value in S, to a mean, [K + 1]. */
function addWeights({ weights, K, columns }: LearnedWeights, s: number, column: number, value: number, mean: Float64Array): void {
  const from = (s * columns + column) * (K + 1);
  for (let k = 0; k <= K; k++) mean[k] += value * weights[from + k];
}

/** What was learned of the features of a side. */
interface LearnedFeatures {
  /** [F, K] row-major, in the space of the side's factors: of `gibbs`, of all samples side by side. */
  readonly factors: Float32Array;
  /** What each adds to a bias, [F], rating units. */
  readonly biases: Float32Array;
  /** Those that the table names come first; the others are entities of the other side, in index order. */
  readonly named: number;
}

/** What was learned of each feature of a side; undefined where it has none. */
export function learnedFeatures(parameters: Parameters, tables: FeatureTables | undefined, side: Side): LearnedFeatures | undefined {
  const known = learnedWeights(parameters, tables, side);
  if (!known) return undefined;
  const { table, weights, K, S, columns } = known;
  const [factors, biases] = [new Float32Array(columns * S * K), new Float32Array(columns)];
  const share = sampleShare(side, S);
  for (let s = 0; s < S; s++) {
    for (let f = 0; f < columns; f++) {
      const from = (s * columns + f) * (K + 1);
      for (let k = 0; k < K; k++) factors[(f * S + s) * K + k] = share * weights[from + k];
      biases[f] += weights[from + K] / S;
    }
  }
  return { factors, biases, named: table.names.length };
}

/**
 * Bᵀ s of (factors, bias) for entities of one side: [count, K + 1] row-major, one array per sample of `gibbs`, to whose
 * drawn mean it is added, and one of other models. Undefined where the side has no features.
 */
export function priorMeans(
  parameters: Parameters,
  tables: FeatureTables | undefined,
  side: Side,
  entities: readonly Featured[],
): Float64Array[] | undefined {
  const known = learnedWeights(parameters, tables, side);
  if (!known) return undefined;
  const D = known.K + 1;
  const rows = entities.map((entity) => featuresOf(known, entity));
  return Array.from({ length: known.S }, (_, s) => {
    const means = new Float64Array(rows.length * D);
    rows.forEach(({ index, value }, row) => {
      const mean = means.subarray(row * D, (row + 1) * D);
      index.forEach((column, at) => addWeights(known, s, column, value[at], mean));
    });
    return means;
  });
}

/**
 * An entity of a side of which only its prior is known: N(m + x̄, T⁻¹), m being 0 but for `gibbs`.
 *
 * @param means x̄ of it, as `priorMeans` gives them; left out, 0.
 */
export function priorEntity(parameters: Parameters, side: Side, means?: readonly Float64Array[]): Entity {
  const { posterior, draws } = parameters;
  const { K, S } = samplesOf(parameters);
  const share = sampleShare(side, S);
  const [factors, biases] = [new Float64Array(S * K), new Float64Array(S)];
  for (let s = 0; s < S; s++) {
    const at = (k: number): number => (means?.[s][k] ?? 0) + (draws?.[s][side].mean[k] ?? 0);
    for (let k = 0; k < K; k++) factors[s * K + k] = share * at(k);
    biases[s] = at(K);
  }
  const bias = biases.reduce((sum, value) => sum + value, 0) / S;
  if (draws) return { factors, bias, drawn: { biases: biases.map((value) => value - bias), covariances: priorCovariances(draws, side) } };
  if (!posterior) return { factors, bias };
  const covariance = new Float64Array(triangle(K + 1));
  posterior.precisions[side].forEach((precision, k) => (covariance[triangle(k) + k] = 1 / precision));
  return { factors, bias, covariance };
}

const covariancesOf = new WeakMap<readonly GibbsDraw[], Map<Side, Float64Array>>();

/** Λ⁻¹ of a side at each draw, packed lower triangles. */
function priorCovariances(draws: readonly GibbsDraw[], side: Side): Float64Array {
  let known = covariancesOf.get(draws);
  if (!known) covariancesOf.set(draws, (known = new Map()));
  let packed = known.get(side);
  if (packed) return packed;
  const all = draws.flatMap(({ [side]: { mean, precision } }) => {
    const D = mean.length;
    return packedTriangle(symmetricInverse(unpackedTriangle(precision, D), D), D);
  });
  known.set(side, (packed = Float64Array.from(all)));
  return packed;
}

/** What one feature, or a whole rated set, adds to a prior mean: per sample, [K + 1]. */
export interface MeanPart {
  readonly name: string;
  readonly means: readonly Float64Array[];
}

/** What rated sets are called among features. */
const RATED_SET = "which titles were rated";

/** The prior mean of one entity taken apart by features; the parts add up to `priorMeans`. Empty without features. */
export function meanParts(parameters: Parameters, tables: FeatureTables | undefined, side: Side, entity: Featured): MeanPart[] {
  const known = learnedWeights(parameters, tables, side);
  if (!known) return [];
  const parts = new Map<string, Float64Array[]>();
  const { index, value } = featuresOf(known, entity);
  index.forEach((column, at) => {
    const name = known.table.names[column] ?? RATED_SET;
    if (!parts.has(name))
      parts.set(
        name,
        Array.from({ length: known.S }, () => new Float64Array(known.K + 1)),
      );
    parts.get(name)!.forEach((mean, s) => addWeights(known, s, column, value[at], mean));
  });
  return [...parts].map(([name, means]) => ({ name, means }));
}

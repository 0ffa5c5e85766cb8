// Explanations: a prediction taken apart into what each of the user's ratings adds to it.
// Hu, Koren and Volinsky 2008, §5.

import type { System } from "../engine/engine.js";
import { solveCholesky } from "../engine/reference/cholesky.js";
import { addPrior, addRating, equationsOf, pullsTowards } from "../engine/reference/normal-equations.js";
import { type RowState, rowState } from "../engine/reference/rows.js";
import { NotPositiveDefiniteError } from "../errors.js";
import { checkArguments, checkOptions, namesOf } from "../options.js";
import { type FactorModel, MODEL_KIND } from "../models/factor-model.js";
import type { ConvexRows } from "../models/new-rows.js";
import { predictRating, rowsOf, samplesOf } from "../models/parameters.js";
import { definitionOf, type Hyperparameters } from "../models/registry.js";
import type { Csr } from "../ratings/csr.js";
import { weightAt } from "../ratings/rating-columns.js";
import { knownIndex, type RawId } from "../ratings/ids.js";
import { type FewRatings, foldIn, sampleState } from "./fold-in.js";
import { type MeanPart, meanParts } from "./prior-means.js";
import { checkedRatings, type Rated } from "./rated.js";

/** What one rating of the user has to do with a prediction. */
export interface Contribution {
  readonly id: RawId;
  readonly title: string;
  readonly rating: number;
  /** What the rating adds to the sum; negative when it speaks against the item. */
  readonly contribution: number;
  /**
   * How alike the two items are in the eyes of this user: s_nj of the formulas at `explain`.
   * For models of ratings, what the prediction gains when the rating is one higher.
   */
  readonly similarity: number;
}

/**
 * sum = mean + itemBias + prior + Σ contributions + remainder, in rating units;
 * of `implicit` in those of its preference, of `logistic` in log-odds.
 */
export interface Explanation {
  readonly id: RawId;
  readonly title: string;
  /** As `predict` has it: the sum itself, of `logistic` the probability of a like, 1 / (1 + exp(−sum)). */
  readonly predicted: number;
  /** What the terms add up to. */
  readonly sum: number;
  /** μ. */
  readonly mean: number;
  /** b_n. */
  readonly itemBias: number;
  /** What the user's prior mean adds: its features', the rated set among them, and the drawn one (`gibbs`). */
  readonly prior: number;
  /** What of `prior` each of the user's features adds, the rated set as one of them. */
  readonly features: readonly { readonly name: string; readonly contribution: number }[];
  /** Those that speak most for the item first. */
  readonly contributions: readonly Contribution[];
  /**
   * What the model's own sum has beyond the rest. Of a model that has converged it is near 0: a user's row was
   * solved against the items as they stood before the last half-sweep. It grows when the ratings are not those that the
   * user was trained on. Of `gibbs` it holds the noise of the draws. 0 for someone new.
   */
  readonly remainder: number;
}

/** Whose prediction is explained. */
export interface ExplainOptions {
  /** A user of the model. Default: someone new with the ratings given. */
  readonly user?: RawId | undefined;
}

const EXPLAIN_NAMES = namesOf<ExplainOptions>({ user: true });

/**
 * Takes a prediction apart: the user's factors solve normal equations whose right-hand side is a sum over the user's
 * ratings, so the prediction is one too. For `als` r̂ = μ + b_n + Σ_j s_nj (r_j − μ − b_j) with s_nj = λ ỹ_nᵀ A⁻¹ ỹ_j,
 * A = λ Σ ỹ ỹᵀ + diag(τ…, γ), ỹ = (v, 1). `vb` puts its covariances into A, `gibbs` averages over its samples,
 * `implicit` has Σ_j s_nj c_j with s_nj = v_nᵀ A⁻¹ v_j. The equations of `logistic` are not linear, but at their
 * solution x = diag(τ…, γ)⁻¹ Σ_j (d_j − p_j) ỹ_j, a sum again: Σ_j s_nj (d_j − p_j) with s_nj = ỹ_nᵀ diag(τ…, γ)⁻¹ ỹ_j.
 *
 * @param rated the user's ratings, which the model does not keep: raw item ids, values and, where they have some,
 *   weights (`ratings.ratedBy(user)`); of an item rated twice, the last rating counts.
 * @throws UnknownIdError; RatingsError for ratings as in `recommendFor`; NotPositiveDefiniteError when τ or γ
 *   is 0 and the ratings are too few; OptionsError for `logistic` without precisions or with sampled
 *   negatives, and for `gibbs` without samples.
 */
export function explain(model: FactorModel, item: RawId, rated: Iterable<Rated>, options: ExplainOptions = {}): Explanation {
  checkArguments("explain", { model: [model, MODEL_KIND] });
  checkOptions("explain", options, EXPLAIN_NAMES);
  const { user } = options;
  const n = knownIndex(model.items, item, "item");
  const m = user === undefined ? undefined : knownIndex(model.users, user, "user");
  const few = checkedRatings("explain", model, rated);
  const values: RatedPairs = Array.from(few.index, (n, at) => [n, few.value[at], weightAt(few, at)]);
  const featured = { id: m === undefined ? undefined : model.users.rawAt(m), rated: few.index };
  const parts = meanParts(model.parameters, model.features, "users", featured);
  const terms = combined(systemsOf(model, values, parts).map((system) => termsOf(system, n)));
  const { globalMean, itemBiases } = model.parameters;
  const contributions = values.map(([index, rating], at): Contribution => {
    const id = model.items.rawAt(index);
    return {
      id,
      title: model.catalogue.title(id),
      rating,
      contribution: terms.contributions[at],
      similarity: terms.similarities[at],
    };
  });
  const settled = globalMean + itemBiases[n] + terms.prior + terms.contributions.reduce((total, value) => total + value, 0);
  const sum = m === undefined ? settled : predictRating(model.parameters, m, n);
  return {
    id: model.items.rawAt(n),
    title: model.catalogue.title(model.items.rawAt(n)),
    predicted: definitionOf(model.model).predicts.respond(sum),
    sum,
    mean: globalMean,
    itemBias: itemBiases[n],
    prior: terms.prior,
    features: parts.map(({ name }, at) => ({ name, contribution: terms.features[at] })),
    contributions: contributions.sort((a, b) => b.contribution - a.contribution),
    remainder: sum - settled,
  };
}

type RatedPairs = readonly (readonly [n: number, rating: number, weight: number])[];

/** Equations A x = prior + Σ_j rights_j of a user's x = (u, b), and the vectors ỹ that x meets. D = K + 1. */
interface UserEquations {
  /** A, [D, D] row-major, the lower triangle. */
  readonly matrix: Float64Array;
  readonly prior: Float64Array;
  /** What of `prior` each of the user's features adds. */
  readonly pulls: readonly Float64Array[];
  readonly rights: readonly Float64Array[];
  /** What a unit of each rating adds to the right-hand side. */
  readonly slopes: readonly Float64Array[];
  readonly vectorOf: (n: number) => Float64Array;
}

interface Terms {
  readonly prior: number;
  readonly features: readonly number[];
  readonly contributions: readonly number[];
  readonly similarities: readonly number[];
}

/** The terms of ỹ_n · x: with z = A⁻¹ ỹ_n, each is z times its part of the right-hand side. */
function termsOf({ matrix, prior, pulls, rights, slopes, vectorOf }: UserEquations, n: number): Terms {
  const z = vectorOf(n);
  if (solveCholesky(matrix, z, z.length) >= 0) throw new NotPositiveDefiniteError("users", 0);
  const along = (right: Float64Array): number => right.reduce((sum, value, k) => sum + value * z[k], 0);
  return { prior: along(prior), features: pulls.map(along), contributions: rights.map(along), similarities: slopes.map(along) };
}

/** The mean over systems. */
function combined(all: readonly Terms[]): Terms {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const each = (name: "features" | "contributions" | "similarities"): number[] =>
    all[0][name].map((_, at) => mean(all.map((terms) => terms[name][at])));
  return {
    prior: mean(all.map(({ prior }) => prior)),
    features: each("features"),
    contributions: each("contributions"),
    similarities: each("similarities"),
  };
}

/** The user's equations, one set per sample. */
function systemsOf(model: FactorModel, rated: RatedPairs, parts: readonly MeanPart[]): UserEquations[] {
  const { hyperparameters: h, parameters } = model;
  const definition = definitionOf(model.model);
  const { newRows } = definition;
  if (newRows.by === "descent") return [optimumEquations(model, newRows, rated)];
  const { K, S } = samplesOf(parameters);
  const items = rowState(rowsOf(parameters, "items"), parameters.factors, parameters.posterior?.family ?? "none");
  const { value } = definition.rows?.(h, rowOf(rated)) ?? {};
  const given: RatedPairs = value ? rated.map(([n, , weight], at) => [n, value[at], weight]) : rated;
  return newRows
    .systems(h, "users", parameters)
    .map((system, s) =>
      equationsFor(
        system,
        sampleState(items, "items", K, S, s, parameters.drawnBiases?.items),
        K,
        given,
        parameters.globalMean,
        meansAt(parts, s),
        model.foldInGram,
      ),
    );
}

const rowOf = (rated: RatedPairs): Csr => ({ count: 1, start: Uint32Array.of(0, rated.length), ...fewOf(rated) });

const fewOf = (rated: RatedPairs): FewRatings => ({
  index: Uint32Array.from(rated, ([n]) => n),
  value: Float32Array.from(rated, ([, rating]) => rating),
  weight: Float32Array.from(rated, ([, , weight]) => weight),
});

const meansAt = (parts: readonly MeanPart[], s: number): Float64Array[] => parts.map(({ means }) => means[s]);

/** The normal equations of a user, and what each rating adds to their right-hand side. */
function equationsFor(
  system: System,
  items: RowState,
  K: number,
  rated: RatedPairs,
  globalMean: number,
  means: readonly Float64Array[],
  gram?: Float64Array,
): UserEquations {
  const equations = equationsOf(K + 1);
  const total = rated.length === 0 ? 1 : rated.reduce((sum, [, , weight]) => sum + weight, 0);
  const pulls = means.map((mean) => pullsTowards(system, mean, K + 1));
  const all = pulls.reduce((sum, pull) => sum.map((value, k) => value + pull[k]), new Float64Array(K + 1));
  addPrior(equations, system, total, all, gram);
  const prior = equations.rhs.slice();
  for (const [n, rating, weight] of rated) addRating(equations, system, items, n, rating, globalMean, weight);
  const hasBias = system.kind === "drawn" || (system.kind !== "confident" && system.biases);
  const vectorOf = extended(items.factors, K, hasBias);
  const rights = rated.map(([n, rating, weight]) => {
    const one = equationsOf(K + 1);
    addRating(one, system, items, n, rating, globalMean, weight);
    return one.rhs;
  });
  const scale = system.kind === "confident" ? 1 : system.lambda;
  const slopes = rated.map(([n, , weight]) => vectorOf(n).map((value) => weight * scale * value));
  return { matrix: equations.matrix, prior, pulls, rights, slopes, vectorOf };
}

/** A = diag(τ…, γ), right-hand sides force ỹ: minus the derivatives of the ratings' losses at the solution. */
function optimumEquations(model: FactorModel, newRows: ConvexRows<Hyperparameters>, rated: RatedPairs): UserEquations {
  const { hyperparameters: h, parameters } = model;
  newRows.checkExplained?.(h);
  const { factors: K, itemFactors, itemBiases, globalMean } = parameters;
  const hasBias = definitionOf(model.model).hasBiases?.(h) ?? true;
  const vectorOf = extended(itemFactors, K, hasBias);
  const { factors, bias } = foldIn(fewOf(rated), "users", parameters, model);
  const slopes = rated.map(([n, , weight]) => vectorOf(n).map((value) => weight * value));
  const rights = rated.map(([n, rating], at) => {
    const sum = vectorOf(n).reduce((total, value, k) => total + value * (k < K ? factors[k] : bias), globalMean + itemBiases[n]);
    const { force } = newRows.pull(h, rating, sum);
    return slopes[at].map((value) => force * value);
  });
  const matrix = diagonal(newRows.precisions(h, "users").map((precision, k) => (k < K || hasBias ? precision : 1)));
  return { matrix, prior: new Float64Array(K + 1), pulls: [], rights, slopes, vectorOf };
}

/** ỹ = (v, 1), or (v, 0) where there are no biases. */
function extended(
  factors: ArrayLike<number> & { subarray(from: number, to: number): ArrayLike<number> },
  K: number,
  biases: boolean,
): (n: number) => Float64Array {
  return (n) => {
    const y = new Float64Array(K + 1);
    y.set(factors.subarray(n * K, (n + 1) * K));
    y[K] = Number(biases);
    return y;
  };
}

function diagonal(values: readonly number[]): Float64Array {
  const D = values.length;
  const matrix = new Float64Array(D * D);
  values.forEach((value, k) => (matrix[k * D + k] = value));
  return matrix;
}

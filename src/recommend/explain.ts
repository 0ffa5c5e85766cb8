// Explanations: a prediction taken apart into what each of the user's ratings adds to it.
// Hu, Koren and Volinsky 2008, §5.

import type { System } from "../engine/engine.js";
import { solveCholesky } from "../engine/reference/cholesky.js";
import { addPrior, addRating, equationsOf, pullsTowards } from "../engine/reference/normal-equations.js";
import { type RowState, rowState } from "../engine/reference/rows.js";
import { NotPositiveDefiniteError, OptionsError, RatingsError } from "../errors.js";
import { checkOptions, namesOf } from "../options.js";
import type { FactorModel } from "../models/factor-model.js";
import { countedFeedback } from "../models/implicit.js";
import type { LogisticHyperparameters } from "../models/logistic.js";
import { predictRating, rowsOf, sampleOf } from "../models/parameters.js";
import { knownIndex, type RawId } from "../ratings/ids.js";
import { sigmoid } from "../sigmoid.js";
import { foldIn, foldInSystem } from "./fold-in.js";
import { type MeanPart, meanParts } from "./prior-means.js";

/** What one rating of the user has to do with a prediction. */
export interface Contribution {
  readonly id: RawId;
  readonly title: string;
  readonly rating: number;
  /** What the rating adds to the prediction; negative when it speaks against the item. */
  readonly contribution: number;
  /**
   * How alike the two items are in the eyes of this user: s_nj of the formulas at `explain`.
   * For models of ratings, what the prediction gains when the rating is one higher.
   */
  readonly similarity: number;
}

/**
 * predicted = mean + itemBias + prior + Σ contributions + remainder, in rating units;
 * of `implicit` in those of its preference, of `logistic` in log-odds.
 */
export interface Explanation {
  readonly id: RawId;
  readonly title: string;
  readonly predicted: number;
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
   * What the model's own prediction has beyond the rest. Of a model that has converged it is near 0: a user's row was
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
 * @param rated the user's ratings, which the model does not keep: raw item ids and values (`ratings.ratedBy(user)`);
 *   of an item rated twice, the last rating counts.
 * @throws UnknownIdError; RatingsError for a rating that is not finite; NotPositiveDefiniteError when τ or γ
 *   is 0 and the ratings are too few; OptionsError for `logistic` without precisions or with sampled
 *   negatives, and for `gibbs` without samples.
 */
export function explain(
  model: FactorModel,
  item: RawId,
  rated: Iterable<readonly [item: RawId, rating: number]>,
  options: ExplainOptions = {},
): Explanation {
  checkOptions("explain", options, EXPLAIN_NAMES);
  const { user } = options;
  const n = knownIndex(model.items, item, "item");
  const m = user === undefined ? undefined : knownIndex(model.users, user, "user");
  const values = new Map<number, number>();
  for (const [id, rating] of rated) {
    if (!Number.isFinite(rating)) throw new RatingsError(`the rating of item ${id} is ${rating}, not a number`);
    values.set(knownIndex(model.items, id, "item"), rating);
  }
  const featured = { id: m === undefined ? undefined : model.users.rawAt(m), rated: [...values.keys()] };
  const parts = meanParts(model.parameters, model.features, "users", featured);
  const terms = combined(systemsOf(model, [...values], parts).map((system) => termsOf(system, n)));
  const { globalMean, itemBiases } = model.parameters;
  const contributions = [...values].map(([index, rating], at): Contribution => {
    const id = model.items.rawAt(index);
    return {
      id,
      title: model.catalogue.title(id),
      rating,
      contribution: terms.contributions[at],
      similarity: terms.similarities[at],
    };
  });
  const sum = globalMean + itemBiases[n] + terms.prior + terms.contributions.reduce((total, value) => total + value, 0);
  const predicted = m === undefined ? sum : predictRating(model.parameters, m, n);
  return {
    id: model.items.rawAt(n),
    title: model.catalogue.title(model.items.rawAt(n)),
    predicted,
    mean: globalMean,
    itemBias: itemBiases[n],
    prior: terms.prior,
    features: parts.map(({ name }, at) => ({ name, contribution: terms.features[at] })),
    contributions: contributions.sort((a, b) => b.contribution - a.contribution),
    remainder: predicted - sum,
  };
}

type Rated = readonly (readonly [n: number, rating: number])[];

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
function systemsOf(model: FactorModel, rated: Rated, parts: readonly MeanPart[]): UserEquations[] {
  const { hyperparameters: h, parameters } = model;
  if ("burnIn" in h) return gibbsEquations(model, rated, parts);
  if ("positiveThreshold" in h) return [logisticEquations(model, rated, h)];
  const { factors: K, globalMean, posterior } = parameters;
  const items = rowState(rowsOf(parameters, "items"), K, posterior?.family ?? "none");
  const gram = model.model === "implicit" ? model.itemGram : undefined;
  const given: Rated = "counts" in h ? rated.map(([n, rating]) => [n, countedFeedback(h, Float32Array.of(rating))[0]]) : rated;
  return [equationsFor(foldInSystem("users", parameters, h)!, items, K, given, globalMean, meansAt(parts, 0), gram)];
}

const meansAt = (parts: readonly MeanPart[], s: number): Float64Array[] => parts.map(({ means }) => means[s]);

/** The normal equations of a user, and what each rating adds to their right-hand side. */
function equationsFor(
  system: System,
  items: RowState,
  K: number,
  rated: Rated,
  globalMean: number,
  means: readonly Float64Array[],
  gram?: Float64Array,
): UserEquations {
  const equations = equationsOf(K + 1);
  const weight = Math.max(1, rated.length);
  const pulls = means.map((mean) => pullsTowards(system, mean, K + 1));
  const all = pulls.reduce((sum, pull) => sum.map((value, k) => value + pull[k]), new Float64Array(K + 1));
  addPrior(equations, system, weight, all, gram);
  const prior = equations.rhs.slice();
  for (const [n, rating] of rated) addRating(equations, system, items, n, rating, globalMean);
  const hasBias = system.kind === "drawn" || (system.kind !== "confident" && system.biases);
  const vectorOf = extended(items.factors, K, hasBias);
  const rights = rated.map(([n, rating]) => {
    const one = equationsOf(K + 1);
    addRating(one, system, items, n, rating, globalMean);
    return one.rhs;
  });
  const scale = system.kind === "confident" ? 1 : system.lambda;
  const slopes = rated.map(([n]) => vectorOf(n).map((value) => scale * value));
  return { matrix: equations.matrix, prior, pulls, rights, slopes, vectorOf };
}

/** One set of equations a kept sample, each with the prior that its users were drawn from. */
function gibbsEquations({ parameters }: FactorModel, rated: Rated, parts: readonly MeanPart[]): UserEquations[] {
  const { draws, drawnBiases, itemFactors, itemBiases, globalMean } = parameters;
  if (!draws || !drawnBiases)
    throw new OptionsError("this gibbs model keeps no sample to explain by", { remedy: "train for more sweeps than the burn-in" });
  const S = draws.length;
  return draws.map(({ lambda, users }, s) => {
    const K = users.mean.length - 1;
    const factors = sampleOf(itemFactors, K, S, s);
    const biases = Float64Array.from(itemBiases, (bias, n) => bias + drawnBiases.items[n * S + s]);
    return equationsFor({ kind: "drawn", lambda, prior: users }, { factors, biases }, K, rated, globalMean, meansAt(parts, s));
  });
}

/** A = diag(τ…, γ), right-hand sides (d − p) ỹ with p at the solution. */
function logisticEquations({ parameters }: FactorModel, rated: Rated, h: LogisticHyperparameters): UserEquations {
  if (h.negatives > 0) {
    throw new OptionsError("the negatives that this logistic model was trained on were drawn, and are not kept to explain by", {
      remedy: "explain a model of implicit, or of logistic without sampled negatives",
    });
  }
  if (h.tauUsers === 0 || (h.biases && h.gammaUsers === 0)) {
    throw new OptionsError("a logistic model is explained by its precisions, and tauUsers or gammaUsers is 0", {
      remedy: "train with greater ones",
    });
  }
  const { factors: K, itemFactors, itemBiases, globalMean } = parameters;
  const vectorOf = extended(itemFactors, K, h.biases);
  const few = { index: Uint32Array.from(rated, ([n]) => n), value: Float32Array.from(rated, ([, rating]) => rating) };
  const { factors, bias } = foldIn(few, "users", parameters, h);
  const slopes = rated.map(([n]) => vectorOf(n));
  const rights = rated.map(([n, rating], at) => {
    const score = slopes[at].reduce((sum, value, k) => sum + value * (k < K ? factors[k] : bias), globalMean + itemBiases[n]);
    const d = Number(h.positiveThreshold === null ? rating > 0 : rating >= h.positiveThreshold);
    return slopes[at].map((value) => (d - sigmoid(score)) * value);
  });
  const matrix = diagonal([...Array<number>(K).fill(h.tauUsers), h.biases ? h.gammaUsers : 1]);
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

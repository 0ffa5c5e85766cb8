// Explanations: a prediction taken apart into what each of the user's ratings adds to it. Hu, Koren and Volinsky 2008, §5.

import { solveCholesky } from "../engine/reference/cholesky.js";
import { NotPositiveDefiniteError, OptionsError, RatingsError } from "../errors.js";
import { ALS_DEFAULTS, type AlsHyperparameters } from "../models/als.js";
import type { FactorModel } from "../models/factor-model.js";
import { priorRhs } from "../models/gibbs.js";
import { type LogisticHyperparameters, sigmoid } from "../models/gradient.js";
import { predictRating } from "../models/parameters.js";
import { triangle } from "../models/vb.js";
import { knownIndex, type RawId } from "../ratings/ids.js";
import { foldIn } from "./fold-in.js";
import { covarianceAt } from "./posterior.js";

/** What one rating of the user has to do with a prediction. */
export interface Contribution {
  readonly id: RawId;
  readonly title: string;
  readonly rating: number;
  /** What the rating adds to the prediction; negative when it speaks against the item. */
  readonly contribution: number;
  /**
   * How alike the two items are in the eyes of this user: s_nj of the formulas at `explain`. For models of ratings, what the prediction
   * gains when the rating is one higher.
   */
  readonly similarity: number;
}

/**
 * predicted = mean + itemBias + prior + Σ contributions + remainder, in rating units; of `implicit` in those of its preference, of
 * `logistic` in log-odds.
 */
export interface Explanation {
  readonly id: RawId;
  readonly title: string;
  readonly predicted: number;
  /** μ. */
  readonly mean: number;
  /** b_n. */
  readonly itemBias: number;
  /** What the user's prior mean adds: its features' (`als`), or the drawn one (`gibbs`); else 0. */
  readonly prior: number;
  /** Those that speak most for the item first. */
  readonly contributions: readonly Contribution[];
  /**
   * What the model's own prediction has beyond the rest. Of a model that has converged it is near 0: a user's row was solved against the
   * items as they stood before the last half-sweep. It grows when the ratings are not those that the user was trained on. Of `gibbs` it
   * holds the noise of the draws. 0 for someone new.
   */
  readonly remainder: number;
}

/**
 * Takes a prediction apart: the user's factors solve normal equations whose right-hand side is a sum over the user's ratings, so the
 * prediction is one too. For `als` r̂ = μ + b_n + Σ_j s_nj (r_j − μ − b_j) with s_nj = λ ỹ_nᵀ A⁻¹ ỹ_j, A = λ Σ ỹ ỹᵀ + diag(τ…, γ), ỹ = (v, 1).
 * `vb` puts its covariances into A, `gibbs` averages over its samples, `implicit` has Σ_j s_nj c_j with s_nj = v_nᵀ A⁻¹ v_j. The equations of
 * `logistic` are not linear, but at their solution x = diag(τ…, γ)⁻¹ Σ_j (d_j − p_j) ỹ_j, a sum again: Σ_j s_nj (d_j − p_j) with
 * s_nj = ỹ_nᵀ diag(τ…, γ)⁻¹ ỹ_j.
 *
 * @param rated the user's ratings, which the model does not keep: raw item ids and values (`ratings.ratedBy(user)`); of an item rated
 *   twice, the last rating counts.
 * @param options.user the user of the model whose prediction is explained. Default: someone new with these ratings.
 * @throws UnknownIdError; RatingsError for a rating that is not finite; NotPositiveDefiniteError when τ or γ is 0 and the ratings are too
 *   few; OptionsError for `logistic` without precisions or with sampled negatives, and for `gibbs` without samples.
 */
export function explain(
  model: FactorModel,
  item: RawId,
  rated: Iterable<readonly [item: RawId, rating: number]>,
  options: { user?: RawId | undefined } = {},
): Explanation {
  const { user } = options;
  const n = knownIndex(model.items, item, "item");
  const m = user === undefined ? undefined : knownIndex(model.users, user, "user");
  const values = new Map<number, number>();
  for (const [id, rating] of rated) {
    if (!Number.isFinite(rating)) throw new RatingsError(`the rating of item ${id} is ${rating}, not a number`);
    values.set(knownIndex(model.items, id, "item"), rating);
  }
  const terms = combined(systemsOf(model, [...values], m).map((system) => termsOf(system, n)));
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
    contributions: contributions.sort((a, b) => b.contribution - a.contribution),
    remainder: predicted - sum,
  };
}

type Rated = readonly (readonly [n: number, rating: number])[];

/** Equations A x = prior + Σ_j rights_j of a user's x = (u, b), and the vectors ỹ that x is multiplied with. D = K + 1. */
interface System {
  /** A, [D, D] row-major, the lower triangle. */
  readonly matrix: Float64Array;
  readonly prior: Float64Array;
  readonly rights: readonly Float64Array[];
  /** What a unit of each rating adds to the right-hand side. */
  readonly slopes: readonly Float64Array[];
  readonly vectorOf: (n: number) => Float64Array;
}

interface Terms {
  readonly prior: number;
  readonly contributions: readonly number[];
  readonly similarities: readonly number[];
}

/** The terms of ỹ_n · x: with z = A⁻¹ ỹ_n, each is z times its part of the right-hand side. */
function termsOf({ matrix, prior, rights, slopes, vectorOf }: System, n: number): Terms {
  const z = vectorOf(n);
  if (solveCholesky(matrix, z, z.length) >= 0) throw new NotPositiveDefiniteError("users", 0);
  const along = (right: Float64Array): number => right.reduce((sum, value, k) => sum + value * z[k], 0);
  return { prior: along(prior), contributions: rights.map(along), similarities: slopes.map(along) };
}

/** The mean over systems. */
function combined(all: readonly Terms[]): Terms {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const each = (name: "contributions" | "similarities"): number[] => all[0][name].map((_, at) => mean(all.map((terms) => terms[name][at])));
  return { prior: mean(all.map(({ prior }) => prior)), contributions: each("contributions"), similarities: each("similarities") };
}

/** The user's equations, one system a sample. */
function systemsOf(model: FactorModel, rated: Rated, m: number | undefined): System[] {
  const { hyperparameters: h, parameters } = model;
  if ("burnIn" in h) return gibbsSystems(model, rated);
  if ("confidence" in h) return [implicitSystem(model, rated, h.confidence, h.tauUsers)];
  if ("positiveThreshold" in h) return [logisticSystem(model, rated, h)];
  const { factors: K, itemFactors, posterior } = parameters;
  const vectorOf = extended(itemFactors, K, !("biases" in h) || h.biases);
  if (posterior) {
    const spreadOf = (n: number): Float64Array => covarianceAt(posterior, "items", n, K + 1);
    const { lambda, users } = posterior.precisions;
    return [ratingSystem(model, rated, lambda, diagonal(users), new Float64Array(K + 1), vectorOf, spreadOf)];
  }
  const { lambda, tauUsers, gammaUsers, biases, regularization } = { ...ALS_DEFAULTS, ...(h as AlsHyperparameters) };
  const weight = regularization === "weighted" ? Math.max(1, rated.length) : 1;
  // Without biases the last coordinate of ỹ is 0, and any precision leaves that of x at 0.
  const precisions = [...Array<number>(K).fill(tauUsers * weight), biases ? gammaUsers * weight : 1];
  const prior = new Float64Array(K + 1);
  const featureFactors = parameters.features?.users;
  const mean = m !== undefined && featureFactors && model.features?.users?.meanOf(model.users.rawAt(m), featureFactors, K);
  if (mean) mean.forEach((value, k) => (prior[k] = tauUsers * weight * value));
  return [ratingSystem(model, rated, lambda, diagonal(precisions), prior, vectorOf)];
}

/** A = base + λ Σ (ỹ ỹᵀ + Γ_vv), right-hand sides λ ((r − μ − b) ỹ − Γ_vb). Spec §2, §5. */
function ratingSystem(
  { parameters }: FactorModel,
  rated: Rated,
  lambda: number,
  base: Float64Array,
  prior: Float64Array,
  vectorOf: (n: number) => Float64Array,
  spreadOf?: (n: number) => Float64Array,
): System {
  const D = prior.length;
  const K = D - 1;
  const { globalMean, itemBiases } = parameters;
  const slopes = rated.map(([n]) => vectorOf(n).map((value) => lambda * value));
  const rights = rated.map(([n, rating], at) => {
    const y = vectorOf(n);
    const spread = spreadOf?.(n);
    for (let i = 0; i < D; i++)
      for (let j = 0; j <= i; j++) base[i * D + j] += lambda * (y[i] * y[j] + (spread && i < K ? spread[triangle(i) + j] : 0));
    const residual = rating - globalMean - itemBiases[n];
    return slopes[at].map((slope, k) => residual * slope - (spread && k < K ? lambda * spread[triangle(K) + k] : 0));
  });
  return { matrix: base, prior, rights, slopes, vectorOf };
}

/** One system a kept sample, each with the prior that its users were drawn from. */
function gibbsSystems(model: FactorModel, rated: Rated): System[] {
  const { draws, itemFactors } = model.parameters;
  if (!draws)
    throw new OptionsError("this gibbs model keeps no sample to explain by", { remedy: "train for more sweeps than the burn-in" });
  const S = draws.length;
  return draws.map(({ lambda, users }, s) => {
    const D = users.mean.length;
    const K = D - 1;
    const base = new Float64Array(D * D);
    for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) base[i * D + j] = users.precision[triangle(i) + j];
    const vectorOf = (n: number): Float64Array => extended(itemFactors.subarray((n * S + s) * K), K, true)(0);
    return ratingSystem(model, rated, lambda, base, Float64Array.from(priorRhs(users)), vectorOf);
  });
}

/** A = VᵀV + τI + Σ (c − 1) v vᵀ, right-hand sides c p v, c = 1 + α|r|, p = 1 where r > 0, else 0. Hu, Koren and Volinsky 2008, equation 4. */
function implicitSystem({ parameters, itemGram }: FactorModel, rated: Rated, confidence: number, tau: number): System {
  const { factors: K, itemFactors } = parameters;
  const vectorOf = (n: number): Float64Array => Float64Array.from(itemFactors.subarray(n * K, (n + 1) * K));
  const matrix = itemGram.slice();
  for (let k = 0; k < K; k++) matrix[k * K + k] += tau;
  const slopes = rated.map(([n]) => vectorOf(n));
  const rights = rated.map(([, rating], at) => {
    const v = slopes[at];
    const excess = confidence * Math.abs(rating);
    for (let i = 0; i < K; i++) for (let j = 0; j <= i; j++) matrix[i * K + j] += excess * v[i] * v[j];
    return v.map((value) => (rating > 0 ? (1 + excess) * value : 0));
  });
  return { matrix, prior: new Float64Array(K), rights, slopes, vectorOf };
}

/** A = diag(τ…, γ), right-hand sides (d − p) ỹ with p at the solution. Spec §6. */
function logisticSystem({ parameters }: FactorModel, rated: Rated, h: LogisticHyperparameters): System {
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
  return { matrix, prior: new Float64Array(K + 1), rights, slopes, vectorOf };
}

/** ỹ = (v, 1), or (v, 0) where there are no biases. */
function extended(factors: Float32Array, K: number, biases: boolean): (n: number) => Float64Array {
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

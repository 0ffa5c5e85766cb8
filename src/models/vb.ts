// Mean-field variational Bayes (`vb`): the posterior of every entity in turn, the evidence lower bound (ELBO),
// and the precisions that maximise it. docs/models.md, "Variational Bayes".

import {
  type CovarianceFamily,
  type PointSystem,
  type PosteriorSums,
  type RowSlice,
  type Session,
  type Side,
  SIDES,
  type Which,
} from "../engine/engine.js";
import { triangle } from "../engine/reference/cholesky.js";
import { OptionsError } from "../errors.js";
import { type Figures, heldOutErrors } from "./figures.js";
import {
  biasPrecisions,
  choice,
  completed,
  defaultsOf,
  factorPrecisions,
  FACTORS,
  LAMBDA,
  MEAN,
  onOff,
  positive,
  type TableOf,
  whole,
} from "./hyperparameters.js";
import { linearRows } from "./new-rows.js";
import { type Parameters, parametersOf, type Posterior, type Precisions } from "./parameters.js";
import { RATINGS } from "./predictions.js";
import { columnSums, STEPS_A_SWEEP } from "./side-information.js";
import { AlternatingTraining, type ModelDefinition, type ModelState, type TrainingProblem } from "./training.js";
import type { RatingStatistics } from "../ratings/ratings.js";
import { isPrecisions } from "./parameter-shapes.js";
import { isNumber, object, optional } from "../shapes.js";

/** Of `vb`. The precisions are where learning starts from, or stays with `learn` off. */
export interface VbHyperparameters {
  /** K, from 0 (biases only) to 128. Default 10. */
  readonly factors: number;
  /** λ to start from, noise precision, > 0. Default 1. */
  readonly lambda: number;
  /**
   * τ_u and τ_v to start from, precisions of the factors, > 0. Default 10, and less where entities have few
   * ratings: docs/models.md, "Variational Bayes". τ_v is never learned: the scale of U against V is free.
   */
  readonly tauUsers: number;
  readonly tauItems: number;
  /** γ_u and γ_v to start from, precisions of the biases, > 0. Default 5. */
  readonly gammaUsers: number;
  readonly gammaItems: number;
  /** Whether μ is the training mean (default) or 0. */
  readonly mean: boolean;
  /** Default "full". "diagonal" needs K + 1 numbers per entity beside its factors instead of (K + 1)(K + 2)/2. */
  readonly covariance: CovarianceFamily;
  /** Whether λ, τ_u (one per factor) and γ are learned. Default true. */
  readonly learn: boolean;
  /**
   * Sweeps at the starting precisions before they are learned:
   * learned from a cold start, λ falls into the noise. Default 5.
   */
  readonly warmUp: number;
  /**
   * ρ, > 0, where there are features: the precision of their weights, relative to that of what they shape. It is never
   * learned: a posterior in which rows and weights are apart thinks the weights smaller than they are. Default 8.
   */
  readonly featurePrecision: number;
}

const MOST_TAU = 10;
/** Of the largest singular value of noise. */
const SHARE_OF_NOISE = 0.8;

/**
 * τ to start from, in standard units, L ratings, or weights of ratings, of M users and N items: a share of √(L/M) +
 * √(L/N), about the largest singular value of a matrix of which L entries are noise of variance 1. Where τ is greater
 * than that of the taste in the ratings, factors shrink to nothing before they have learned, and are pruned for good.
 */
const startingTau = ({ users, items, ratings, weight = ratings }: RatingStatistics): number =>
  Math.min(MOST_TAU, SHARE_OF_NOISE * (Math.sqrt(weight / users) + Math.sqrt(weight / items)));

export const VB_TABLE: TableOf<VbHyperparameters> = {
  factors: FACTORS,
  lambda: LAMBDA,
  ...factorPrecisions(MOST_TAU, positive, { taken: "10, less where ratings are few" }),
  ...biasPrecisions(5, positive),
  mean: MEAN,
  covariance: choice("full", ["diagonal", "full"], { placeholder: "family", about: "what is kept of a posterior" }),
  learn: onOff(true, { about: "keep λ, τ and γ as they are" }),
  warmUp: whole(5, { placeholder: "n", about: "sweeps before λ, τ and γ are learned", least: 0 }),
  featurePrecision: positive(8, { symbol: "ρ", about: "precision of the weights of features, relative to what they shape" }),
};

/** Of `vb`, where nothing is given and no ratings are there to decide τ. */
export const VB_DEFAULTS: VbHyperparameters = defaultsOf(VB_TABLE);

/** @throws OptionsError naming the hyperparameter and its value. */
export const vbHyperparameters = (given: Partial<VbHyperparameters> = {}): VbHyperparameters => completed(VB_TABLE, given);

/** Standard deviation of every coordinate before the first sweep: that of the random starting means. */
const INITIAL_DEVIATION = 0.1;

/** The posterior's covariances that training starts from, around the means given. */
export function initialPosterior(
  h: VbHyperparameters,
  { userBiases, itemBiases }: Pick<Parameters, "userBiases" | "itemBiases">,
): Posterior {
  const D = h.factors + 1;
  const side = (count: number): Float32Array => {
    if (h.covariance === "diagonal") return new Float32Array(count * D).fill(INITIAL_DEVIATION ** 2);
    const values = new Float32Array(count * triangle(D));
    for (let row = 0; row < count; row++) for (let k = 0; k < D; k++) values[row * triangle(D) + triangle(k) + k] = INITIAL_DEVIATION ** 2;
    return values;
  };
  return { family: h.covariance, precisions: initialPrecisions(h), users: side(userBiases.length), items: side(itemBiases.length) };
}

/** The precisions that training starts from. */
function initialPrecisions(h: VbHyperparameters): Precisions {
  const side = (tau: number, gamma: number): number[] => [...Array<number>(h.factors).fill(tau), gamma];
  return { lambda: h.lambda, users: side(h.tauUsers, h.gammaUsers), items: side(h.tauItems, h.gammaItems) };
}

/** Sums over ratings and entities from which ELBO, errors and precisions are put together in float64. */
interface VbSums {
  /** L, ratings trained on, or Σ w, their weights together; sums over Ω are weighted. */
  readonly ratings: number;
  /** Σ_Ω (r − E r̂)² + Var r̂. */
  readonly expectedSquares: number;
  /** Σ_Ω (r − E r̂)². */
  readonly trainSquares: number;
  /**
   * Of a side with features, moments are around the prior means, with ρ times those of the weights, and log|Γ| is less
   * what the posterior of the weights costs.
   */
  readonly users: PosteriorSums;
  readonly items: PosteriorSums;
}

/**
 * The evidence lower bound with its constants, a bound on log p(R) that can be compared between K, λ and τ:
 * Σ_Ω [½ log(λ/2π) − ½λ((r − E r̂)² + Var r̂)] − Σ KL(q ‖ prior).
 */
export function elbo(precisions: Precisions, sums: VbSums): number {
  const { lambda } = precisions;
  const fit = 0.5 * sums.ratings * Math.log(lambda / (2 * Math.PI)) - 0.5 * lambda * sums.expectedSquares;
  return fit - divergence(precisions.users, sums.users) - divergence(precisions.items, sums.items);
}

/** Σ KL(N(m, Γ) ‖ N(0, T⁻¹)) = ½ Σ [tr(TΓ) + mᵀTm − d − log|Γ| − log|T|]. */
function divergence(precisions: readonly number[], { count, secondMoments, logDeterminants }: PosteriorSums): number {
  let sum = -logDeterminants;
  precisions.forEach((precision, k) => (sum += precision * secondMoments[k] - count * (1 + Math.log(precision))));
  return 0.5 * sum;
}

/**
 * The precisions at which the ELBO is largest for the posterior as it is: 1/λ = Σ E[(r − r̂)²] / L, τ_u,k = M / Σ_m
 * E[u_mk²] (automatic relevance determination: factors that explain nothing are pruned), γ alike; τ_v is kept.
 */
function learnedPrecisions(before: Precisions, sums: VbSums): Precisions {
  const { users, items } = sums;
  const K = before.users.length - 1;
  return {
    lambda: sums.ratings / sums.expectedSquares,
    users: users.secondMoments.map((moment) => users.count / moment),
    items: before.items.map((precision, k) => (k < K ? precision : items.count / items.secondMoments[K])),
  };
}

/**
 * Σ_f log((s_f + ρ)/ρ), s_f the diagonal of SᵀS: twice what the posterior of a column of weights costs in nats, beyond
 * ρ T|B|². It is normal with the variances 1/(T (s_f + ρ)), the optimum of its family as those of "diagonal" are.
 */
const spentOnWeights = (squares: Float64Array, ratio: number): number =>
  squares.reduce((sum, square) => sum + Math.log1p(square / ratio), 0);

/** What a measurement gives: sums, the precisions they were taken at, and the ELBO. */
export interface VbMeasurement extends VbSums {
  readonly precisions: Precisions;
  readonly elbo: number;
  /** Σ (r − E r̂)² and Σ log N(r; E r̂, 1/λ + Var r̂) over the held-out ratings; 0 when there are none. */
  readonly heldOutSquares: number;
  /** The same of predictions clipped to the scale. */
  readonly heldOutClippedSquares: number;
  readonly heldOutLogDensity: number;
}

/** The equations of a side's posteriors. */
export const vbSystem = ({ lambda, ...sides }: Precisions, side: Side): PointSystem => ({
  kind: "joint",
  lambda,
  precisions: sides[side],
  weighted: false,
  biases: true,
});

/** Everything that training starts from, the posterior included. */
const vbInitial = ({ hyperparameters, initial }: TrainingProblem<VbHyperparameters>): Parameters & { readonly posterior: Posterior } => ({
  ...initial,
  posterior: initial.posterior ?? initialPosterior(hyperparameters, initial),
});

export class VbTraining extends AlternatingTraining<VbHyperparameters, VbMeasurement> {
  #precisions: Precisions;
  #keptPrecisions: Precisions;
  /** The last measurement, while nothing has been solved since. */
  #measured: VbMeasurement | undefined;

  constructor(session: Session, problem: TrainingProblem<VbHyperparameters>) {
    super(session, problem);
    this.#precisions = this.#keptPrecisions = vbInitial(problem).posterior.precisions;
  }

  async sweep(number: number): Promise<void> {
    const { learn, warmUp } = this.problem.hyperparameters;
    if (learn && number > warmUp) this.learn(this.#measured ?? (await this.measure()));
    for (const side of SIDES) {
      await this.solve(side);
      await this.solveFeatures(side);
    }
  }

  async solve(side: Side, slice?: RowSlice): Promise<void> {
    this.#measured = undefined;
    await this.solveRows(side, vbSystem(this.#precisions, side), slice);
  }

  /** The mean weights of a side's features. Nothing happens when the side has no features. */
  async solveFeatures(side: Side): Promise<void> {
    this.#measured = undefined;
    this.features[side]?.fit(await this.rowsAt(side), this.problem.hyperparameters.featurePrecision, { steps: STEPS_A_SWEEP });
  }

  /** Sets the precisions that maximise the ELBO at the posterior measured. */
  learn(measured: VbMeasurement): void {
    this.#measured = undefined;
    this.#precisions = learnedPrecisions(this.#precisions, measured);
  }

  /** The sums of a side as `VbSums` has them. */
  async #around(side: Side, sums: PosteriorSums): Promise<PosteriorSums> {
    const known = this.features[side];
    if (!known) return sums;
    const rows = await this.rowsAt(side);
    const [own, apart, norms] = [columnSums(rows, rows, known.D), known.deviations(rows), known.norms()];
    const ratio = this.problem.hyperparameters.featurePrecision;
    return {
      count: sums.count,
      secondMoments: sums.secondMoments.map((moment, k) => moment - own[k] + apart[k] + ratio * norms[k]),
      logDeterminants: sums.logDeterminants - known.D * spentOnWeights(known.squares, ratio),
    };
  }

  async measure(): Promise<VbMeasurement> {
    const { lambda } = this.#precisions;
    const { train, heldOut, clipped, users, items } = await this.session.sums({
      train: { of: "expectedSquares", lambda },
      users: { of: "posteriorSums", side: "users" },
      items: { of: "posteriorSums", side: "items" },
      heldOut: { of: "expectedErrors", over: "heldOut", lambda },
      clipped: { of: "squaredErrors", over: "heldOut", clip: this.problem.scale },
    });
    const [aroundUsers, aroundItems] = [await this.#around("users", users), await this.#around("items", items)];
    const sums = {
      ratings: this.weight,
      expectedSquares: train.squares + train.variances,
      trainSquares: train.squares,
      users: aroundUsers,
      items: aroundItems,
    };
    return (this.#measured = {
      ...sums,
      precisions: this.#precisions,
      elbo: elbo(this.#precisions, sums),
      heldOutSquares: heldOut.squares,
      heldOutClippedSquares: clipped,
      heldOutLogDensity: heldOut.logDensity,
    });
  }

  override keep(): void {
    super.keep();
    this.#keptPrecisions = this.#precisions;
  }

  override async read(which: Which = "current"): Promise<Parameters> {
    const [users, items] = await Promise.all([this.session.readRows("users", which), this.session.readRows("items", which)]);
    const precisions = which === "kept" ? this.#keptPrecisions : this.#precisions;
    const { covariance: family } = this.problem.hyperparameters;
    return {
      ...parametersOf(this.problem.initial, users, items),
      features: this.weights(which),
      posterior: { family, precisions, users: users.covariances!, items: items.covariances! },
    };
  }

  protected override modelState(): ModelState {
    return { values: { precisions: this.#precisions, kept: this.#keptPrecisions, measured: this.#measured ?? null }, arrays: {} };
  }

  protected override takeModelState({ values }: ModelState): void {
    const known = isPrecisions(this.problem.hyperparameters.factors);
    const isState = object({ precisions: known, kept: known, measured: optional(object({ precisions: known, elbo: isNumber })) });
    if (!isState(values)) throw new OptionsError("the state of vb is not what it should be: it is another training's, or damaged");
    const taken = values as { precisions: Precisions; kept: Precisions; measured: VbMeasurement | null };
    this.#precisions = taken.precisions;
    this.#keptPrecisions = taken.kept;
    this.#measured = taken.measured ?? undefined;
  }
}

/** ELBO, errors and predictive density from one measurement. */
function vbFigures(_h: VbHyperparameters, sums: VbMeasurement, { ratings, heldOut }: { ratings: number; heldOut: number }): Figures {
  return {
    objective: -sums.elbo,
    elbo: sums.elbo,
    trainRmse: Math.sqrt(sums.trainSquares / ratings),
    ...heldOutErrors(sums, heldOut),
    heldOutLogDensity: heldOut > 0 ? sums.heldOutLogDensity / heldOut : null,
    lambda: sums.precisions.lambda,
  };
}

export const vb: ModelDefinition<VbHyperparameters, VbMeasurement, VbTraining> = {
  table: VB_TABLE,
  complete: vbHyperparameters,
  defaultsFor(statistics) {
    const tau = startingTau(statistics);
    return { tauUsers: tau, tauItems: tau };
  },
  predicts: RATINGS,
  newRows: linearRows((_h, side, { posterior }) => vbSystem(posterior!.precisions, side)),
  hasMean: ({ mean }) => mean,
  takesFeatures: true,
  settling: ({ learn, warmUp }) => (learn ? warmUp : 0),
  spread: ({ covariance }) => covariance,
  posterior: initialPosterior,
  operations: () => ({ solve: "joint", sums: ["squaredErrors", "expectedSquares", "expectedErrors", "posteriorSums"] }),
  initial: vbInitial,
  train: (session, problem) => new VbTraining(session, problem),
  figures: vbFigures,
};

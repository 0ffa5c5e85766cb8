// Bayesian matrix factorization by Gibbs sampling (`gibbs`). Salakhutdinov and Mnih, "Bayesian Probabilistic
// Matrix Factorization using Markov Chain Monte Carlo", 2008, with the bias as one more coordinate of each
// entity and the noise precision drawn too.

import { type Moments, type Prior, type Session, type Side, SIDES, type System, type Which } from "../engine/engine.js";
import { choleskyFactor, solveUpper, symmetricInverse, triangle, unpackedTriangle } from "../engine/reference/cholesky.js";
import { rowGram } from "../engine/reference/normal-equations.js";
import { type Random, seededRandom } from "../random.js";
import { mixedWords } from "../random-counter.js";
import { type Figures, heldOutErrors } from "./figures.js";
import { completed, defaultsOf, FACTORS, MEAN, positive, type TableOf, whole } from "./hyperparameters.js";
import { type GibbsDraw, type Parameters, sampleShare } from "./parameters.js";
import { RATINGS } from "./predictions.js";
import type { SideInformation } from "./side-information.js";
import { type ModelDefinition, type ModelState, Training, type TrainingProblem, type TrainingState } from "./training.js";
import { OptionsError } from "../errors.js";
import { isDraw } from "./parameter-shapes.js";
import { isNumber, isWhole, listOf, object, optional, recordOf, type Shape } from "../shapes.js";

/** Of `gibbs`: the priors of the precisions, and which draws are kept. */
export interface GibbsHyperparameters {
  /** K, from 0 (biases only) to 128. Default 10. */
  readonly factors: number;
  /** Whether μ is the training mean (default) or 0. */
  readonly mean: boolean;
  /** Sweeps whose draws are thrown away. Default 20. */
  readonly burnIn: number;
  /**
   * Most draws that the model keeps, evenly spaced; predictions are averaged over them. Draws so large that as many
   * would be more than 2²⁷ numbers are fewer. Default 128.
   */
  readonly samples: number;
  /** β₀, how many entities the prior of an entity's mean, 0, counts for. Default 2. */
  readonly meanStrength: number;
  /** s of the Wishart prior W(I / s, K + 1) of entities' precision: the larger, the wider they spread. Default 5. */
  readonly scale: number;
}

export const GIBBS_TABLE: TableOf<GibbsHyperparameters> = {
  factors: FACTORS,
  mean: MEAN,
  burnIn: whole(20, { placeholder: "n", about: "sweeps whose draws are thrown away", least: 0 }),
  samples: whole(128, { placeholder: "n", about: "most draws that the model keeps and averages", least: 1 }),
  meanStrength: positive(2, { symbol: "β₀", about: "how many entities the prior of a side's mean counts for" }),
  scale: positive(5, { symbol: "s", about: "scale of the prior of a side's precision: the larger, the wider", flag: "priorScale" }),
};

/** Of `gibbs`, where nothing is given. */
export const GIBBS_DEFAULTS: GibbsHyperparameters = defaultsOf(GIBBS_TABLE);

/** @throws OptionsError naming the hyperparameter and its value. */
export const gibbsHyperparameters = (given: Partial<GibbsHyperparameters> = {}): GibbsHyperparameters => completed(GIBBS_TABLE, given);

/** What the weights B [F, D] of a side's features add to the posterior of its mean and precision. */
interface WeightMoments {
  readonly count: number;
  /** λ_B BᵀB, the lower triangle, [D, D] row-major. */
  readonly gram: ArrayLike<number>;
}

/**
 * Draws a side's mean and precision from their normal-Wishart posterior given its entities: with W₀⁻¹ = s I, ν₀ = D,
 * μ₀ = 0, W⁻¹ = W₀⁻¹ + Σ (x − x̄)(x − x̄)ᵀ + β₀ N/(β₀ + N) x̄ x̄ᵀ, Λ ~ W(W, ν₀ + N), μ ~ N(N x̄ / (β₀ + N),
 * ((β₀ + N) Λ)⁻¹). Ibid., equation 14. Weights of features, N(0, (λ_B Λ)⁻¹) each, count as F more entities around 0.
 */
export function drawPrior(h: GibbsHyperparameters, { count: N, sums, gram }: Moments, random: Random, weights?: WeightMoments): Prior {
  const D = h.factors + 1;
  const strength = h.meanStrength + N;
  const average = Array.from(sums, (sum) => sum / N);
  const scatter = new Float64Array(D * D);
  for (let i = 0; i < D; i++) {
    for (let j = 0; j <= i; j++) {
      const around = gram[i * D + j] - N * average[i] * average[j];
      const shift = ((h.meanStrength * N) / strength) * average[i] * average[j];
      scatter[i * D + j] = scatter[j * D + i] = around + shift + (i === j ? h.scale : 0) + (weights?.gram[i * D + j] ?? 0);
    }
  }
  // Bartlett's decomposition: Λ = (L A)(L A)ᵀ with W = L Lᵀ and A lower triangular, √χ² on its diagonal, normal below.
  const L = choleskyFactor(symmetricInverse(scatter, D), D);
  const A = new Float64Array(D * D);
  for (let i = 0; i < D; i++) {
    A[i * D + i] = Math.sqrt(2 * random.gamma((D + N + (weights?.count ?? 0) - i) / 2));
    for (let j = 0; j < i; j++) A[i * D + j] = random.normal();
  }
  // Innermost loops go along rows, and no sum waits for its last term: with many factors that is most of a sweep's host time.
  const root = new Float64Array(D * D);
  for (let i = 0; i < D; i++) {
    const to = i * D;
    for (let k = 0; k <= i; k++) {
      const [factor, from] = [L[to + k], k * D];
      for (let j = 0; j <= k; j++) root[to + j] += factor * A[from + j];
    }
  }
  const columns = transposed(root, D);
  const precision = new Float64Array(triangle(D));
  for (let i = 0; i < D; i++) {
    const to = triangle(i);
    for (let k = 0; k <= i; k++) {
      const [factor, from] = [root[i * D + k], k * D];
      for (let j = k; j <= i; j++) precision[to + j] += factor * columns[from + j];
    }
  }
  // (L A)⁻ᵀ z has covariance Λ⁻¹.
  const z = Float64Array.from({ length: D }, () => random.normal());
  for (let i = D - 1; i >= 0; i--) {
    for (let j = i + 1; j < D; j++) z[i] -= root[j * D + i] * z[j];
    z[i] /= root[i * D + i];
  }
  const mean = average.map((value, i) => (N * value) / strength + z[i] / Math.sqrt(strength));
  return { mean, precision: Array.from(precision) };
}

function transposed(matrix: Float64Array, D: number): Float64Array {
  const columns = new Float64Array(D * D);
  for (let i = 0; i < D; i++) for (let j = 0; j < D; j++) columns[j * D + i] = matrix[i * D + j];
  return columns;
}

/**
 * Draws the weights of a side's features given its rows, mean and precision:
 * (SᵀS + λ_B I) B = Sᵀ (X − 1mᵀ + E₁) + √λ_B E₂, rows of E₁ and E₂ from N(0, Λ⁻¹). Simm and others, "Macau", 2017.
 *
 * @param rows X, [count, D] row-major.
 */
export function drawWeights(features: SideInformation, rows: Float64Array, prior: Prior, ratio: number, random: Random): void {
  const { D } = features;
  const root = choleskyFactor(unpackedTriangle(prior.precision, D), D);
  const noisy = (to: Float64Array, scale: number): void => {
    const z = new Float64Array(D);
    for (let at = 0; at < to.length; at += D) {
      for (let k = 0; k < D; k++) z[k] = random.normal();
      solveUpper(root, z, D);
      for (let k = 0; k < D; k++) to[at + k] += scale * z[k];
    }
  };
  const targets = rows.map((value, at) => value - prior.mean[at % D]);
  noisy(targets, 1);
  const more = new Float64Array(features.weights.length);
  noisy(more, Math.sqrt(ratio));
  features.fit(targets, ratio, { more });
}

/** Draws λ_B from its gamma posterior given the weights, under the prior Gamma(½, ½). */
export function drawRatio(features: SideInformation, { precision }: Prior, random: Random): number {
  const { D, weights } = features;
  const gram = rowGram(weights, D);
  let trace = 0;
  for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) trace += (i === j ? 1 : 2) * precision[triangle(i) + j] * gram[i * D + j];
  return random.gamma((1 + weights.length) / 2) / ((1 + trace) / 2);
}

/** Draws λ from its gamma posterior given L or Σ w and the squared errors, under the prior Gamma(1, 1). */
function drawLambda(ratings: number, squares: number, random: Random): number {
  return random.gamma(1 + ratings / 2) / (1 + squares / 2);
}

/**
 * Evenly spaced draws of a chain of unknown length: when there are too many,
 * every other one is dropped and the spacing doubled.
 */
export class Thinning<Draw> {
  readonly #most: number;
  #kept: Draw[] = [];
  #spacing = 1;
  #seen = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Whether the next draw is one to keep; call `keep` then. */
  wants(): boolean {
    return this.#seen++ % this.#spacing === 0;
  }

  keep(draw: Draw): void {
    this.#kept.push(draw);
    if (this.#kept.length <= this.#most) return;
    this.#kept = this.#kept.filter((_, at) => at % 2 === 0);
    this.#spacing *= 2;
  }

  get kept(): readonly Draw[] {
    return this.#kept;
  }

  /** Where the chain is, beside the draws kept. */
  get place(): { readonly spacing: number; readonly seen: number } {
    return { spacing: this.#spacing, seen: this.#seen };
  }

  /** Goes on from a place. */
  resume(kept: readonly Draw[], { spacing, seen }: { readonly spacing: number; readonly seen: number }): void {
    this.#kept = [...kept];
    this.#spacing = spacing;
    this.#seen = seen;
  }
}

/** One draw of all parameters with the precisions it was drawn at. */
export interface Sample {
  readonly parameters: Parameters;
  readonly draw: GibbsDraw;
}

/**
 * The average of the predictions of S samples, as parameters: factors side by side, [M, S K] and [N, S K],
 * the users' divided by S, so that u·v is the mean of the samples' u·v; biases averaged, and how far each sample's are
 * from that.
 */
function averageOf(samples: readonly Sample[]): Parameters {
  const S = samples.length;
  const [{ parameters: first }] = samples;
  const K = first.factors;
  const side = (count: number, factors: "userFactors" | "itemFactors", biases: "userBiases" | "itemBiases", share: number) => {
    const wide = new Float32Array(count * S * K);
    const mean = new Float64Array(count);
    const drawn = new Float32Array(count * S);
    samples.forEach(({ parameters }, s) => {
      for (let row = 0; row < count; row++) {
        mean[row] += parameters[biases][row] / S;
        for (let k = 0; k < K; k++) wide[(row * S + s) * K + k] = parameters[factors][row * K + k] * share;
      }
    });
    const biasesOf = Float32Array.from(mean);
    samples.forEach(({ parameters }, s) => biasesOf.forEach((bias, row) => (drawn[row * S + s] = parameters[biases][row] - bias)));
    return { factors: wide, biases: biasesOf, drawn };
  };
  const users = side(first.userBiases.length, "userFactors", "userBiases", sampleShare("users", S));
  const items = side(first.itemBiases.length, "itemFactors", "itemBiases", sampleShare("items", S));
  return {
    factors: S * K,
    userFactors: users.factors,
    userBiases: users.biases,
    itemFactors: items.factors,
    itemBiases: items.biases,
    globalMean: first.globalMean,
    features: first.features && { users: weightsOf(samples, "users"), items: weightsOf(samples, "items") },
    draws: samples.map(({ draw }) => draw),
    drawnBiases: { users: users.drawn, items: items.drawn },
  };
}

/** The weights of every sample, one after the other. */
function weightsOf(samples: readonly Sample[], side: Side): Float32Array | undefined {
  const all = samples.flatMap(({ parameters: { features } }) => (features?.[side] ? [features[side]] : []));
  if (all.length === 0) return undefined;
  const weights = new Float32Array(all.length * all[0].length);
  all.forEach((values, s) => weights.set(values, s * values.length));
  return weights;
}

export interface GibbsSums {
  readonly lambda: number;
  /** Σ (r − r̂)² over the training ratings, at the present draw. */
  readonly trainSquares: number;
  /**
   * Σ (r − r̂)² over the held-out ratings with r̂ averaged over the draws since the burn-in (during it,
   * at the present draw).
   */
  readonly heldOutSquares: number;
  /** The same of predictions clipped to the scale. */
  readonly heldOutClippedSquares: number;
  /** Σ log of the averaged predictive density over the held-out ratings. */
  readonly heldOutLogDensity: number;
}

/** Numbers of the draws: users before items in every sweep. They count the noise, so that every draw has its own. */
const drawNumber = (sweep: number, side: Side): number => 2 * sweep + (side === "items" ? 1 : 0);

/** The stream that priors and λ are drawn from: one for every draw, so that a chain can go on from any sweep. */
const hostRandom = (seed: number, draw: number): Random => seededRandom(mixedWords(seed >>> 0, draw, 0x6b1bb5, 0)[0]);

/** What a chain holds beside its rows. */
interface ChainState {
  readonly lambda: number;
  readonly draws: number;
  readonly measured: GibbsSums | null;
  readonly place: { readonly spacing: number; readonly seen: number };
  readonly kept: readonly GibbsDraw[];
  /** λ_B of each side. */
  readonly ratios: Readonly<Record<Side, number>>;
}

const isChain = (K: number): Shape =>
  object({
    lambda: isNumber,
    draws: isWhole,
    measured: optional(recordOf(isNumber)),
    place: object({ spacing: (value) => isWhole(value) && (value as number) > 0, seen: isWhole }),
    kept: listOf(isDraw(K)),
    ratios: object({ users: isNumber, items: isNumber }),
  });

/** An answer that is waited for later: what goes wrong is thrown there, and not missed before. */
function handled<T>(answer: Promise<T>): Promise<T> {
  answer.catch(() => {});
  return answer;
}

/** Of all draws that are kept. */
const MOST_NUMBERS = 2 ** 27;

const ROWS = ["userFactors", "userBiases", "itemFactors", "itemBiases"] as const;

export class GibbsTraining extends Training<GibbsHyperparameters, GibbsSums> {
  readonly #samples: Thinning<Sample>;
  #lambda: number;
  /** λ_B of each side's features. */
  #ratios: Readonly<Record<Side, number>> = { users: 1, items: 1 };
  /** Draws that predictions are averaged over. */
  #draws = 0;
  #measured: GibbsSums | undefined;
  /** Of sides that have not moved since they were asked for. */
  #moments: Partial<Record<Side, Promise<Moments>>> = {};
  /** The users' prior of a sweep that has not begun. */
  #ahead: { readonly sweep: number; readonly users: Promise<Prior> } | undefined;

  constructor(session: Session, problem: TrainingProblem<GibbsHyperparameters>) {
    super(session, problem);
    this.#lambda = problem.initial.draws?.[0].lambda ?? 1;
    this.#samples = new Thinning(Math.max(1, Math.min(problem.hyperparameters.samples, Math.floor(MOST_NUMBERS / this.#drawSize()))));
  }

  /** Numbers of a draw. */
  #drawSize(): number {
    const { userFactors, itemFactors, userBiases, itemBiases } = this.problem.initial;
    const rows = userFactors.length + itemFactors.length + userBiases.length + itemBiases.length;
    return SIDES.reduce((sum, side) => sum + (this.features[side]?.weights.length ?? 0), rows);
  }

  async sweep(number: number): Promise<void> {
    const { seed, hyperparameters: h } = this.problem;
    const priorOf = (side: Side, sweep: number): Promise<Prior> => this.drawPrior(side, hostRandom(seed, drawNumber(sweep, side)));
    // Answers are asked for before they are needed, so that the host draws while the device is at work.
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const users = await (ahead?.sweep === number ? ahead.users : priorOf("users", number));
    await this.draw("users", users, this.#lambda, drawNumber(number, "users"));
    // Moments of what has features are the host's to take, around the means that they give.
    if (!this.features.users) void this.moments("users");
    const items = await priorOf("items", number);
    await this.draw("items", items, this.#lambda, drawNumber(number, "items"));
    const drawnAt = { lambda: this.#lambda, users, items };
    const errors = this.#errorsAndMoments();
    // The users stay as they are until the next sweep, which is the one that fails if their prior cannot be drawn.
    if (!this.features.users) this.#ahead = { sweep: number + 1, users: handled(priorOf("users", number + 1)) };
    const squares = await errors;
    this.#lambda = drawLambda(this.weight, squares, hostRandom(seed, -number >>> 0));
    const isAveraged = number > h.burnIn;
    if (isAveraged) this.#draws++;
    const wanted = isAveraged && this.#samples.wants();
    const [measured, parameters] = await Promise.all([this.#average(squares), wanted ? super.read() : undefined]);
    if (parameters) this.#samples.keep({ parameters, draw: drawnAt });
    this.#measured = measured;
  }

  /** Σ (r − r̂)² over the training ratings, and in the same answer the items' moments, for the next sweep. */
  #errorsAndMoments(): Promise<number> {
    const squares = { of: "squaredErrors", over: "training" } as const;
    if (this.features.items) return handled(this.session.sums({ squares }).then((sums) => sums.squares));
    const both = this.session.sums({ squares, moments: { of: "moments", side: "items" } });
    void this.#asked(
      "items",
      both.then(({ moments }) => moments),
    );
    return handled(both.then((sums) => sums.squares));
  }

  /** Draws mean and precision of a side's entities and, where it has features, their weights and λ_B. */
  async drawPrior(side: Side, random: Random): Promise<Prior> {
    const { hyperparameters: h } = this.problem;
    const features = this.features[side];
    if (!features) return drawPrior(h, await this.moments(side), random);
    const { D, weights } = features;
    const rows = await this.rowsAt(side);
    const apart = features.apart(rows);
    const sums = new Float64Array(D);
    for (let at = 0; at < apart.length; at++) sums[at % D] += apart[at];
    const ratio = this.#ratios[side];
    const prior = drawPrior(h, { count: rows.length / D, sums, gram: rowGram(apart, D) }, random, {
      count: weights.length / D,
      gram: rowGram(weights, D).map((value) => ratio * value),
    });
    drawWeights(features, rows, prior, ratio, random);
    this.#ratios = { ...this.#ratios, [side]: drawRatio(features, prior, random) };
    return prior;
  }

  /** Draws every entity of a side given the other, a prior and λ; `draw` counts the draws, for the noise. */
  async draw(side: Side, prior: Prior, lambda: number, draw: number): Promise<void> {
    delete this.#moments[side];
    if (side === "users") this.#ahead = undefined;
    await this.solveRows(side, { kind: "drawn", lambda, prior, noise: { seed: this.problem.seed >>> 0, draw } });
  }

  /** Moments of a side as it is. */
  moments(side: Side): Promise<Moments> {
    return (
      this.#moments[side] ??
      this.#asked(
        side,
        this.session.sums({ moments: { of: "moments", side } }).then(({ moments }) => moments),
      )
    );
  }

  /** Keeps an answer until the side moves; one that failed is asked for again. */
  #asked(side: Side, answer: Promise<Moments>): Promise<Moments> {
    this.#moments[side] = answer;
    answer.catch(() => {
      if (this.#moments[side] === answer) delete this.#moments[side];
    });
    return answer;
  }

  async measure(): Promise<GibbsSums> {
    if (this.#measured) return this.#measured;
    const { squares } = await this.session.sums({ squares: { of: "squaredErrors", over: "training" } });
    return (this.#measured = await this.#average(squares));
  }

  /** The model is the average of the draws: none is set aside. */
  override keep(): void {}

  override async read(which: Which = "current"): Promise<Parameters> {
    return which === "kept" && this.#samples.kept.length > 0 ? averageOf(this.#samples.kept) : await super.read();
  }

  /** Once a draw, for the held-out predictions are added up. */
  async #average(trainSquares: number): Promise<GibbsSums> {
    const lambda = this.#lambda;
    const { heldOut } = await this.session.sums({
      heldOut: { of: "averagedErrors", lambda, draws: this.#draws, clip: this.problem.scale },
    });
    const { squares: heldOutSquares, clippedSquares: heldOutClippedSquares, logDensity: heldOutLogDensity } = heldOut;
    return { lambda, trainSquares, heldOutSquares, heldOutClippedSquares, heldOutLogDensity };
  }

  override async restore(state: TrainingState): Promise<void> {
    // Nothing of the rows that are overwritten outlasts a restoring that fails half-way.
    this.#moments = {};
    this.#ahead = this.#measured = undefined;
    await super.restore(state);
  }

  protected override modelState(): ModelState {
    const { kept, place } = this.#samples;
    const values: ChainState = {
      lambda: this.#lambda,
      draws: this.#draws,
      measured: this.#measured ?? null,
      place,
      kept: kept.map(({ draw }) => draw),
      ratios: this.#ratios,
    };
    const arrays = kept.flatMap(({ parameters }, s) => [
      ...ROWS.map((name) => [`${name} of sample ${s}`, parameters[name]] as const),
      ...SIDES.flatMap((side) =>
        parameters.features?.[side] ? [[`weights of ${side} of sample ${s}`, parameters.features[side]] as const] : [],
      ),
    ]);
    return { values, arrays: Object.fromEntries(arrays) };
  }

  protected override takeModelState({ values, arrays }: ModelState): void {
    const { factors, globalMean, userBiases, itemBiases } = this.problem.initial;
    if (!isChain(factors)(values))
      throw new OptionsError("the state of the chain is not what it should be: it is another training's, or damaged");
    const { lambda, draws, measured, place, kept, ratios } = values as ChainState;
    const [M, N] = [userBiases.length, itemBiases.length];
    const lengths = { userFactors: M * factors, userBiases: M, itemFactors: N * factors, itemBiases: N };
    const array = (name: string, length: number): Float32Array => {
      const found = arrays[name];
      if (found instanceof Float32Array && found.length === length) return found;
      throw new OptionsError(`the state has no ${name}: it is another training's, or damaged`);
    };
    const sample = (s: number): Parameters => {
      const rows = Object.fromEntries(ROWS.map((name) => [name, array(`${name} of sample ${s}`, lengths[name])]));
      const weights = SIDES.flatMap((side) => {
        const length = this.features[side]?.weights.length;
        return length === undefined ? [] : [[side, array(`weights of ${side} of sample ${s}`, length)] as const];
      });
      const features = weights.length > 0 ? Object.fromEntries(weights) : undefined;
      return { factors, globalMean, ...(rows as Record<(typeof ROWS)[number], Float32Array>), features };
    };
    this.#lambda = lambda;
    this.#draws = draws;
    this.#ratios = ratios;
    this.#measured = measured ?? undefined;
    this.#samples.resume(
      kept.map((draw, s) => ({ parameters: sample(s), draw })),
      place,
    );
  }
}

/** Objective: the negative log-likelihood of the training ratings at the present draw. It wanders, as it should. */
function gibbsFigures(
  _h: GibbsHyperparameters,
  { lambda, trainSquares, heldOutLogDensity, ...sums }: GibbsSums,
  { ratings, heldOut }: { ratings: number; heldOut: number },
): Figures {
  return {
    objective: 0.5 * (lambda * trainSquares - ratings * Math.log(lambda / (2 * Math.PI))),
    trainRmse: Math.sqrt(trainSquares / ratings),
    ...heldOutErrors(sums, heldOut),
    heldOutLogDensity: heldOut > 0 ? heldOutLogDensity / heldOut : null,
    lambda,
  };
}

/** The equations of a new row's posterior mean at each of the samples. @throws OptionsError where there are none. */
function samplesSystems(_h: GibbsHyperparameters, side: Side, { draws }: Parameters): System[] {
  if (!draws) throw new OptionsError("this gibbs model keeps no sample", { remedy: "train for more sweeps than the burn-in" });
  return draws.map(({ lambda, ...priors }) => ({ kind: "drawn", lambda, prior: priors[side] }));
}

/** A chain does not converge to a point, and its model is the average over the draws, not the best of them. */
export const gibbs: ModelDefinition<GibbsHyperparameters, GibbsSums, GibbsTraining> = {
  table: GIBBS_TABLE,
  complete: gibbsHyperparameters,
  predicts: RATINGS,
  newRows: { by: "equations", systems: samplesSystems },
  hasMean: ({ mean }) => mean,
  takesFeatures: true,
  sweeps: 100,
  earlyStop: false,
  keeps: "last",
  settling: ({ burnIn }) => burnIn,
  keepsFrom: ({ burnIn }) => burnIn + 1,
  operations: () => ({ solve: "drawn", sums: ["moments", "squaredErrors", "averagedErrors"] }),
  train: (session, problem) => new GibbsTraining(session, problem),
  figures: gibbsFigures,
};

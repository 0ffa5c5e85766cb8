// Bayesian matrix factorization by Gibbs sampling (`gibbs`). Salakhutdinov and Mnih, "Bayesian Probabilistic
// Matrix Factorization using Markov Chain Monte Carlo", 2008, with the bias as one more coordinate of each
// entity and the noise precision drawn too.

import { type Moments, type Prior, ratingsOf, type Session, type Side, SIDES, type Which } from "../engine/engine.js";
import { choleskyFactor, symmetricInverse } from "../engine/reference/cholesky.js";
import { type Random, seededRandom } from "../random.js";
import { mixedWords } from "../random-counter.js";
import { type Figures, heldOutErrors } from "./figures.js";
import { checkFactors, checkPositive, checkWhole, completed } from "./hyperparameters.js";
import type { GibbsDraw, Parameters } from "./parameters.js";
import { type ModelDefinition, type ModelState, Training, type TrainingProblem } from "./training.js";
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
  /** Most draws that the model keeps, evenly spaced; predictions are averaged over them. Default 32. */
  readonly samples: number;
  /** β₀, how many entities the prior of an entity's mean, 0, counts for. Default 2. */
  readonly meanStrength: number;
  /** s of the Wishart prior W(I / s, K + 1) of entities' precision: the larger, the wider they spread. Default 5. */
  readonly scale: number;
}

/** Of `gibbs`, where nothing is given. */
export const GIBBS_DEFAULTS: GibbsHyperparameters = { factors: 10, mean: true, burnIn: 20, samples: 32, meanStrength: 2, scale: 5 };

/** @throws OptionsError naming the hyperparameter and its value. */
export function gibbsHyperparameters(given: Partial<GibbsHyperparameters> = {}): GibbsHyperparameters {
  const h = completed(GIBBS_DEFAULTS, given);
  checkFactors(h.factors);
  checkPositive(h, "meanStrength", "scale");
  checkWhole(h, 0, "burnIn");
  checkWhole(h, 1, "samples");
  return h;
}

/**
 * Draws a side's mean and precision from their normal-Wishart posterior given its entities: with W₀⁻¹ = s I, ν₀ = D,
 * μ₀ = 0, W⁻¹ = W₀⁻¹ + Σ (x − x̄)(x − x̄)ᵀ + β₀ N/(β₀ + N) x̄ x̄ᵀ, Λ ~ W(W, ν₀ + N), μ ~ N(N x̄ / (β₀ + N),
 * ((β₀ + N) Λ)⁻¹). Ibid., equation 14.
 */
export function drawPrior(h: GibbsHyperparameters, { count: N, sums, gram }: Moments, random: Random): Prior {
  const D = h.factors + 1;
  const strength = h.meanStrength + N;
  const average = Array.from(sums, (sum) => sum / N);
  const scatter = new Float64Array(D * D);
  for (let i = 0; i < D; i++) {
    for (let j = 0; j <= i; j++) {
      const around = gram[i * D + j] - N * average[i] * average[j];
      const shift = ((h.meanStrength * N) / strength) * average[i] * average[j];
      scatter[i * D + j] = scatter[j * D + i] = around + shift + (i === j ? h.scale : 0);
    }
  }
  // Bartlett's decomposition: Λ = (L A)(L A)ᵀ with W = L Lᵀ and A lower triangular, √χ² on its diagonal, normal below.
  const L = choleskyFactor(symmetricInverse(scatter, D), D);
  const A = new Float64Array(D * D);
  for (let i = 0; i < D; i++) {
    A[i * D + i] = Math.sqrt(2 * random.gamma((D + N - i) / 2));
    for (let j = 0; j < i; j++) A[i * D + j] = random.normal();
  }
  const root = new Float64Array(D * D);
  for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) for (let k = j; k <= i; k++) root[i * D + j] += L[i * D + k] * A[k * D + j];
  const precision = new Float64Array(D * D);
  for (let i = 0; i < D; i++)
    for (let j = 0; j < D; j++) for (let k = 0; k <= Math.min(i, j); k++) precision[i * D + j] += root[i * D + k] * root[j * D + k];
  // (L A)⁻ᵀ z has covariance Λ⁻¹.
  const z = Float64Array.from({ length: D }, () => random.normal());
  for (let i = D - 1; i >= 0; i--) {
    for (let j = i + 1; j < D; j++) z[i] -= root[j * D + i] * z[j];
    z[i] /= root[i * D + i];
  }
  const mean = average.map((value, i) => (N * value) / strength + z[i] / Math.sqrt(strength));
  const packed: number[] = [];
  for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) packed.push(precision[i * D + j]);
  return { mean, precision: packed };
}

/** Draws λ from its gamma posterior given the squared errors, under the prior Gamma(1, 1). */
export function drawLambda(ratings: number, squares: number, random: Random): number {
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
 * the users' divided by S, so that u·v is the mean of the samples' u·v; biases averaged.
 */
export function averageOf(samples: readonly Sample[]): Parameters {
  const S = samples.length;
  const [{ parameters: first }] = samples;
  const K = first.factors;
  const side = (count: number, factors: "userFactors" | "itemFactors", biases: "userBiases" | "itemBiases", share: number) => {
    const wide = new Float32Array(count * S * K);
    const mean = new Float64Array(count);
    samples.forEach(({ parameters }, s) => {
      for (let row = 0; row < count; row++) {
        mean[row] += parameters[biases][row] / S;
        for (let k = 0; k < K; k++) wide[(row * S + s) * K + k] = parameters[factors][row * K + k] * share;
      }
    });
    return { factors: wide, biases: Float32Array.from(mean) };
  };
  const users = side(first.userBiases.length, "userFactors", "userBiases", 1 / S);
  const items = side(first.itemBiases.length, "itemFactors", "itemBiases", 1);
  return {
    factors: S * K,
    userFactors: users.factors,
    userBiases: users.biases,
    itemFactors: items.factors,
    itemBiases: items.biases,
    globalMean: first.globalMean,
    draws: samples.map(({ draw }) => draw),
  };
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
}

const isChain = (K: number): Shape =>
  object({
    lambda: isNumber,
    draws: isWhole,
    measured: optional(recordOf(isNumber)),
    place: object({ spacing: (value) => isWhole(value) && (value as number) > 0, seen: isWhole }),
    kept: listOf(isDraw(K)),
  });

const ROWS = ["userFactors", "userBiases", "itemFactors", "itemBiases"] as const;

export class GibbsTraining extends Training<GibbsHyperparameters, GibbsSums> {
  readonly #samples: Thinning<Sample>;
  #lambda: number;
  /** Draws that predictions are averaged over. */
  #draws = 0;
  #measured: GibbsSums | undefined;

  constructor(session: Session, problem: TrainingProblem<GibbsHyperparameters>) {
    super(session, problem);
    this.#lambda = problem.initial.draws?.[0].lambda ?? 1;
    this.#samples = new Thinning(problem.hyperparameters.samples);
  }

  async sweep(number: number): Promise<void> {
    const { seed, hyperparameters: h } = this.problem;
    const priors = {} as Record<Side, Prior>;
    for (const side of SIDES) {
      priors[side] = drawPrior(h, await this.moments(side), hostRandom(seed, drawNumber(number, side)));
      await this.draw(side, priors[side], this.#lambda, drawNumber(number, side));
    }
    const drawnAt = { lambda: this.#lambda, ...priors };
    const { squares } = await this.session.sums({ squares: { of: "squaredErrors", over: "training" } });
    this.#lambda = drawLambda(ratingsOf(this.problem), squares, hostRandom(seed, -number >>> 0));
    if (number > h.burnIn) {
      this.#draws++;
      if (this.#samples.wants()) this.#samples.keep({ parameters: await super.read(), draw: drawnAt });
    }
    this.#measured = await this.#average(squares);
  }

  /** Draws every entity of a side given the other, a prior and λ; `draw` counts the draws, for the noise. */
  async draw(side: Side, prior: Prior, lambda: number, draw: number): Promise<void> {
    await this.session.solve(side, { kind: "drawn", lambda, prior, noise: { seed: this.problem.seed >>> 0, draw } });
  }

  /** Moments of a side as it is. */
  async moments(side: Side): Promise<Moments> {
    return (await this.session.sums({ moments: { of: "moments", side } })).moments;
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

  protected override modelState(): ModelState {
    const { kept, place } = this.#samples;
    const values: ChainState = {
      lambda: this.#lambda,
      draws: this.#draws,
      measured: this.#measured ?? null,
      place,
      kept: kept.map(({ draw }) => draw),
    };
    const arrays = kept.flatMap(({ parameters }, s) => ROWS.map((name) => [`${name} of sample ${s}`, parameters[name]] as const));
    return { values, arrays: Object.fromEntries(arrays) };
  }

  protected override takeModelState({ values, arrays }: ModelState): void {
    const { factors, globalMean, userBiases, itemBiases } = this.problem.initial;
    if (!isChain(factors)(values))
      throw new OptionsError("the state of the chain is not what it should be: it is another training's, or damaged");
    const { lambda, draws, measured, place, kept } = values as ChainState;
    const [M, N] = [userBiases.length, itemBiases.length];
    const lengths = { userFactors: M * factors, userBiases: M, itemFactors: N * factors, itemBiases: N };
    const sample = (s: number): Parameters => {
      const rows = Object.fromEntries(ROWS.map((name) => [name, arrays[`${name} of sample ${s}`]]));
      for (const name of ROWS) {
        if (rows[name] instanceof Float32Array && rows[name].length === lengths[name]) continue;
        throw new OptionsError(`the state has no ${name} of sample ${s}: it is another training's, or damaged`);
      }
      return { factors, globalMean, ...(rows as Record<(typeof ROWS)[number], Float32Array>) };
    };
    this.#lambda = lambda;
    this.#draws = draws;
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

/** A chain does not converge to a point, and its model is the average over the draws, not the best of them. */
export const gibbs: ModelDefinition<GibbsHyperparameters, GibbsSums, GibbsTraining> = {
  defaults: GIBBS_DEFAULTS,
  complete: gibbsHyperparameters,
  units: {},
  sweeps: 100,
  earlyStop: false,
  keeps: "last",
  settling: ({ burnIn }) => burnIn,
  operations: () => ({ solve: "drawn", sums: ["moments", "squaredErrors", "averagedErrors"] }),
  train: (session, problem) => new GibbsTraining(session, problem),
  figures: gibbsFigures,
};

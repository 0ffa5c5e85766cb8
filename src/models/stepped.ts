// What models trained by steps of a size have in common: hyperparameters, the step of a sweep, the objective of `als`.

import { rowLengths } from "../ratings/csr.js";
import { ALS_DEFAULTS, alsFigures, alsRows, type Measurement } from "./als.js";
import type { Figures } from "./figures.js";
import type { Epoch, Spread } from "../engine/engine.js";
import {
  BIASES,
  biasPrecisions,
  choice,
  type ChoiceOf,
  factorPrecisions,
  FACTORS,
  LAMBDA,
  MEAN,
  notNegative,
  positive,
} from "./hyperparameters.js";
import type { Parameters } from "./parameters.js";
import { RATINGS } from "./predictions.js";
import type { TrainingProblem } from "./training.js";

/** What all trained by steps have in common. */
export interface SteppedHyperparameters {
  /** K, from 0 to 128. Default 10. */
  readonly factors: number;
  /** Precisions of factors and biases, as in `als`. Defaults 10 and 5 (`gd`, `sgd`), 8 and 1 (`logistic`). */
  readonly tauUsers: number;
  readonly tauItems: number;
  readonly gammaUsers: number;
  readonly gammaItems: number;
  /** Whether μ is the training mean (default) or 0. */
  readonly mean: boolean;
  /** Whether users and items have biases. Default true. */
  readonly biases: boolean;
  /** η, > 0. Default 0.3 (`gd`), 0.15 (`sgd`), 0.2 (`logistic`); with the rate "shared" 0.05. */
  readonly stepSize: number;
  /**
   * δ: the step of sweep t is η / (1 + δ (t − 1)). Default 0; with the rate "shared" 0.02 (`sgd`), 0.05 (`logistic`).
   */
  readonly decay: number;
}

/** Of gradient descent on the objective of `als`. */
export interface GradientHyperparameters extends SteppedHyperparameters {
  /** λ, noise precision, > 0. Default 1. */
  readonly lambda: number;
}

/**
 * By which step stochastic gradient descent goes: "adagrad", every row and every bias by one of its own, which falls
 * with the squared slopes that it has met (Chin, Zhuang, Juan and Lin 2015); "shared", all by the same.
 */
export type Rate = "adagrad" | "shared";

/** Of stochastic gradient descent. */
export interface StochasticHyperparameters {
  /** Whether rows have steps of their own. Default "adagrad". */
  readonly rate: Rate;
}

/** Of stochastic gradient descent on the objective of `als`. */
export interface SgdHyperparameters extends GradientHyperparameters, StochasticHyperparameters {}

/** The table of models trained by steps. */
export const steppedTable = (tau: number, gamma: number, stepSize: number, decay: number) => ({
  factors: FACTORS,
  ...factorPrecisions(tau),
  ...biasPrecisions(gamma),
  mean: MEAN,
  biases: BIASES,
  stepSize: positive(stepSize, { symbol: "η", about: "step size" }),
  decay: notNegative(decay, { symbol: "δ", about: "sweep t steps by η / (1 + δ (t − 1))" }),
});

/** η and δ of each rate, where none are given. */
type Steps = Readonly<Record<Rate, { readonly stepSize: number; readonly decay: number }>>;

/** That of stochastic gradient descent. */
export function stochasticTable(tau: number, gamma: number, { adagrad, shared }: Steps) {
  const { stepSize, decay, ...others } = steppedTable(tau, gamma, adagrad.stepSize, adagrad.decay);
  const rate: ChoiceOf<Rate> = choice("adagrad", ["adagrad", "shared"], {
    placeholder: "how",
    about: "adagrad: rows have steps of their own, which fall with their slopes; shared: all have the same",
  });
  const taken = (of: "stepSize" | "decay"): string => `${adagrad[of]}, shared ${shared[of]}`;
  return { ...others, rate, stepSize: { ...stepSize, taken: taken("stepSize") }, decay: { ...decay, taken: taken("decay") } };
}

/** What is given, with the η and δ of its rate where they are not. */
export const withSteps = <H extends SteppedHyperparameters & StochasticHyperparameters>(given: Partial<H>, steps: Steps): Partial<H> => {
  const own = steps[Object.hasOwn(steps, given.rate ?? "") ? given.rate! : "adagrad"];
  return { ...given, stepSize: given.stepSize ?? own.stepSize, decay: given.decay ?? own.decay };
};

/** What the rows of stochastic gradient descent carry. */
export const stochasticSpread = ({ rate }: StochasticHyperparameters): Spread => (rate === "adagrad" ? "squares" : "none");

/**
 * An epoch. Steps of their own do not depend on how the objective is scaled, so that of `als` is divided by λ for them:
 * what ratings are measured in, and the λ that suits it, leave them as they are.
 */
export function epochOf(h: SteppedHyperparameters & StochasticHyperparameters, lambda: number, link: Epoch["link"], number: number): Epoch {
  const by = h.rate === "adagrad" ? lambda : 1;
  return { number, link, lambda: lambda / by, biases: h.biases, precisions: stepPrecisions(h, by), step: stepOf(h, number) };
}

/** That of gradient descent on the objective of `als`. */
export const gradientTable = (stepSize: number, decay: number) => ({ ...steppedTable(10, 5, stepSize, decay), lambda: LAMBDA });

/** The step of a sweep. */
export const stepOf = (h: SteppedHyperparameters, sweep: number): number => h.stepSize / (1 + h.decay * (sweep - 1));

/** What all trained by steps answer alike. */
export const STEPPED = {
  stepped: true,
  hasMean: ({ mean }: SteppedHyperparameters): boolean => mean,
  hasBiases: ({ biases }: SteppedHyperparameters): boolean => biases,
} as const;

/** What those answer that descend the objective of `als`. */
export const GRADIENT = { ...STEPPED, predicts: RATINGS, newRows: alsRows } as const;

/** Objective and errors: those of `als`. */
export const gradientFigures = (h: GradientHyperparameters, sums: Measurement, counts: { ratings: number; heldOut: number }): Figures =>
  alsFigures({ ...ALS_DEFAULTS, ...h }, sums, counts);

/** The parameters with zeros for entities without ratings: no stochastic step would ever reach them. */
export function withoutUnrated(
  parameters: Parameters,
  { byUser, byItem, share }: Pick<TrainingProblem<unknown>, "byUser" | "byItem" | "share">,
): Parameters {
  const K = parameters.factors;
  const side = (lengths: Uint32Array, factors: Float32Array, biases: Float32Array) => {
    const cleared = { factors: factors.slice(), biases: biases.slice() };
    for (let row = 0; row < lengths.length; row++) {
      if (lengths[row] > 0) continue;
      cleared.factors.fill(0, row * K, (row + 1) * K);
      cleared.biases[row] = 0;
    }
    return cleared;
  };
  const lengths = share?.lengths ?? { users: rowLengths(byUser), items: rowLengths(byItem) };
  const users = side(lengths.users, parameters.userFactors, parameters.userBiases);
  const items = side(lengths.items, parameters.itemFactors, parameters.itemBiases);
  return { ...parameters, userFactors: users.factors, userBiases: users.biases, itemFactors: items.factors, itemBiases: items.biases };
}

/** The precisions of factors and biases, side by side. @param by what the objective is divided by. Default 1. */
export const stepPrecisions = ({ tauUsers, tauItems, gammaUsers, gammaItems }: SteppedHyperparameters, by = 1) => ({
  users: { factors: tauUsers / by, biases: gammaUsers / by },
  items: { factors: tauItems / by, biases: gammaItems / by },
});

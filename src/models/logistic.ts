// Logistic factorization of 0/1 data, by stochastic gradient descent (`logistic`). docs/models.md, "Binary data".

import { OptionsError, RatingsError } from "../errors.js";
import { sigmoid } from "../sigmoid.js";
import { ALS_DEFAULTS, alsObjective, checkSomething, type Measurement } from "./als.js";
import { binaryRatings } from "./binary-ratings.js";
import type { Figures } from "./figures.js";
import { completed, defaultsOf, numeric, type TableOf, whole } from "./hyperparameters.js";
import type { ConvexRows } from "./new-rows.js";
import { isPositive, PROBABILITIES, type Relevance } from "./predictions.js";
import {
  epochOf,
  STEPPED,
  type SteppedHyperparameters,
  stepPrecisions,
  type StochasticHyperparameters,
  stochasticSpread,
  stochasticTable,
  withoutUnrated,
  withSteps,
} from "./stepped.js";
import { type ModelDefinition, Training } from "./training.js";

/** Of logistic factorization of 0/1 data. */
export interface LogisticHyperparameters extends SteppedHyperparameters, StochasticHyperparameters {
  /** Ratings of at least this are positive, others negative. Default: none, for data of 0 and 1. */
  readonly positiveThreshold: number | null;
  /**
   * Negatives drawn for every positive, for data of positives only;
   * ratings that are not positive are then left out. Default 0: none.
   */
  readonly negatives: number;
}

const STEPS = { adagrad: { stepSize: 0.2, decay: 0 }, shared: { stepSize: 0.05, decay: 0.05 } };

export const LOGISTIC_TABLE: TableOf<LogisticHyperparameters> = {
  ...stochasticTable(8, 1, STEPS),
  positiveThreshold: numeric(null, { placeholder: "rating", about: "ratings from this on are positive" }),
  negatives: whole(0, { placeholder: "k", about: "draw k unrated pairs as negatives for each positive", least: 0 }),
};

/** Of `logistic`, where nothing is given. */
export const LOGISTIC_DEFAULTS: LogisticHyperparameters = defaultsOf(LOGISTIC_TABLE);

/** @throws OptionsError naming the hyperparameter and its value. */
export function logisticHyperparameters(given: Partial<LogisticHyperparameters> = {}): LogisticHyperparameters {
  const h = completed(LOGISTIC_TABLE, withSteps(given, STEPS));
  checkSomething(h);
  return h;
}

/** Sums from which objective and log-losses are put together. */
export interface LogisticSums extends Pick<Measurement, "userFactors" | "itemFactors" | "userBiases" | "itemBiases"> {
  /** Σ −log p over the training ratings, and over the held-out ones; 0 when there are none. */
  readonly trainLosses: number;
  readonly heldOutLosses: number;
}

/** −Σ [d log σ + (1 − d) log(1 − σ)] + ½ Σ precisions · squares. */
function logisticFigures(
  h: LogisticHyperparameters,
  { trainLosses, heldOutLosses, ...norms }: LogisticSums,
  { ratings, heldOut }: { ratings: number; heldOut: number },
): Figures {
  const penalty = alsObjective({ ...ALS_DEFAULTS, ...h }, { ...norms, featureFactors: 0, trainSquares: 0 });
  return {
    objective: trainLosses + penalty,
    trainRmse: null,
    heldOutRmse: null,
    trainLogLoss: trainLosses / ratings,
    heldOutLogLoss: heldOut > 0 ? heldOutLosses / heldOut : null,
  };
}

export class LogisticTraining extends Training<LogisticHyperparameters, LogisticSums> {
  async sweep(number: number): Promise<void> {
    await this.session.runEpoch(epochOf(this.problem.hyperparameters, 1, "logistic", number));
  }

  async measure(): Promise<LogisticSums> {
    const { train, heldOut, users, items } = await this.session.sums({
      users: { of: "squaredNorms", side: "users", weighted: false },
      items: { of: "squaredNorms", side: "items", weighted: false },
      train: { of: "logLosses", over: "training" },
      heldOut: { of: "logLosses", over: "heldOut" },
    });
    return {
      trainLosses: train,
      heldOutLosses: heldOut,
      userFactors: users.factors,
      userBiases: users.biases,
      itemFactors: items.factors,
      itemBiases: items.biases,
    };
  }
}

const positives = ({ positiveThreshold: atLeast }: LogisticHyperparameters): Relevance => (atLeast === null ? { above: 0 } : { atLeast });

/** The optimum of a row's own convex objective; ratings count as they do in training. */
const LOGISTIC_ROWS: ConvexRows<LogisticHyperparameters> = {
  by: "descent",
  precisions(h, side) {
    const { factors, biases } = stepPrecisions(h)[side];
    return [...Array<number>(h.factors).fill(factors), biases];
  },
  pull(h, rating, sum) {
    const p = sigmoid(sum);
    return { force: Number(isPositive(positives(h), rating)) - p, curvature: p * (1 - p) };
  },
  checkExplained(h) {
    if (h.negatives > 0) {
      throw new OptionsError("the negatives that this logistic model was trained on were drawn, and are not kept to explain by", {
        remedy: "explain a model of implicit, or of logistic without sampled negatives",
      });
    }
    if (h.tauUsers > 0 && (!h.biases || h.gammaUsers > 0)) return;
    throw new OptionsError("a logistic model is explained by its precisions, and tauUsers or gammaUsers is 0", {
      remedy: "train with greater ones",
    });
  },
};

/** @throws OptionsError where new rows would rest on positives alone; RatingsError for what is neither 0 nor 1. */
function checkNewRatings(h: LogisticHyperparameters, values: Float32Array): void {
  if (h.negatives > 0) {
    throw new OptionsError("a logistic model with sampled negatives takes no new rows: they would rest on positives alone", {
      remedy: "train again, with init set to the model",
    });
  }
  const wrong = h.positiveThreshold === null ? values.find((rating) => rating !== 0 && rating !== 1) : undefined;
  if (wrong !== undefined)
    throw new RatingsError(`rating ${wrong} is neither 0 nor 1, as the model was trained on`, {
      remedy: "give 1 for what is liked and 0 for what is not, or train with positiveThreshold",
    });
}

export const logistic: ModelDefinition<LogisticHyperparameters, LogisticSums, LogisticTraining> = {
  table: LOGISTIC_TABLE,
  complete: logisticHyperparameters,
  predicts: PROBABILITIES,
  newRows: LOGISTIC_ROWS,
  checkNewRatings,
  positives,
  ...STEPPED,
  learnsFromOnes: ({ negatives }) => negatives > 0,
  binary: binaryRatings,
  sweeps: 50,
  patience: 5,
  spread: stochasticSpread,
  operations: (_h, seed) => ({ epochs: { seed, link: "logistic" }, sums: ["logLosses", "squaredNorms"] }),
  initial: (problem) => withoutUnrated(problem.initial, problem),
  train: (session, problem) => new LogisticTraining(session, problem),
  figures: logisticFigures,
};

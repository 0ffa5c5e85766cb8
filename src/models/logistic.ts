// Logistic factorization of 0/1 data, by stochastic gradient descent (`logistic`). docs/models.md, "Binary data".

import { OptionsError } from "../errors.js";
import { ALS_DEFAULTS, alsObjective, type Measurement } from "./als.js";
import type { Figures } from "./figures.js";
import { checkWhole, completed, shown } from "./hyperparameters.js";
import { checkedSteps, STEPPED_DEFAULTS, type SteppedHyperparameters, stepOf, stepPrecisions, withoutUnrated } from "./stepped.js";
import { type ModelDefinition, Training } from "./training.js";

/** Of logistic factorization of 0/1 data. */
export interface LogisticHyperparameters extends SteppedHyperparameters {
  /** Ratings of at least this are positive, others negative. Default: none, for data of 0 and 1. */
  readonly positiveThreshold: number | null;
  /**
   * Negatives drawn for every positive, for data of positives only;
   * ratings that are not positive are then left out. Default 0: none.
   */
  readonly negatives: number;
}

/** Of `logistic`, where nothing is given. */
export const LOGISTIC_DEFAULTS: LogisticHyperparameters = {
  ...STEPPED_DEFAULTS,
  tauUsers: 8,
  tauItems: 8,
  gammaUsers: 1,
  gammaItems: 1,
  stepSize: 0.05,
  decay: 0.05,
  positiveThreshold: null,
  negatives: 0,
};

/** @throws OptionsError naming the hyperparameter and its value. */
export function logisticHyperparameters(given: Partial<LogisticHyperparameters> = {}): LogisticHyperparameters {
  const h = checkedSteps(completed(LOGISTIC_DEFAULTS, given));
  checkWhole(h, 0, "negatives");
  if (h.positiveThreshold !== null && !Number.isFinite(h.positiveThreshold))
    throw new OptionsError(`positiveThreshold is ${shown(h.positiveThreshold)}: it must be a number`);
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
    const { hyperparameters: h } = this.problem;
    const { biases } = h;
    await this.session.runEpoch({ number, link: "logistic", lambda: 1, biases, precisions: stepPrecisions(h), step: stepOf(h, number) });
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

export const logistic: ModelDefinition<LogisticHyperparameters, LogisticSums, LogisticTraining> = {
  defaults: LOGISTIC_DEFAULTS,
  complete: logisticHyperparameters,
  sweeps: 50,
  binary: true,
  operations: (_h, seed) => ({ epochs: { seed, link: "logistic" }, sums: ["logLosses", "squaredNorms"] }),
  initial: ({ initial, byUser, byItem }) => withoutUnrated(initial, byUser, byItem),
  train: (session, problem) => new LogisticTraining(session, problem),
  figures: logisticFigures,
};

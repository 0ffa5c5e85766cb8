// Stochastic gradient descent on the objective of `als`, over conflict-free blocks of ratings (`sgd`).
// docs/models.md, "Gradient descent".

import { checkSomething, type Measurement, measureErrors } from "./als.js";
import { completed, defaultsOf, LAMBDA, type TableOf } from "./hyperparameters.js";
import {
  epochOf,
  GRADIENT,
  gradientFigures,
  type SgdHyperparameters,
  stochasticSpread,
  stochasticTable,
  withoutUnrated,
  withSteps,
} from "./stepped.js";
import { type ModelDefinition, Training } from "./training.js";

const STEPS = { adagrad: { stepSize: 0.15, decay: 0 }, shared: { stepSize: 0.05, decay: 0.02 } };

export const SGD_TABLE: TableOf<SgdHyperparameters> = { ...stochasticTable(10, 5, STEPS), lambda: LAMBDA };

/** Of `sgd`, where nothing is given. */
export const SGD_DEFAULTS: SgdHyperparameters = defaultsOf(SGD_TABLE);

/** @throws OptionsError naming the hyperparameter and its value. */
export function sgdHyperparameters(given: Partial<SgdHyperparameters> = {}): SgdHyperparameters {
  const h = completed(SGD_TABLE, withSteps(given, STEPS));
  checkSomething(h);
  return h;
}

export class SgdTraining extends Training<SgdHyperparameters, Measurement> {
  async sweep(number: number): Promise<void> {
    const { hyperparameters: h } = this.problem;
    await this.session.runEpoch(epochOf(h, h.lambda, "identity", number));
  }

  async measure(): Promise<Measurement> {
    return await measureErrors(this.session, this.problem.scale);
  }
}

export const sgd: ModelDefinition<SgdHyperparameters, Measurement, SgdTraining> = {
  table: SGD_TABLE,
  complete: sgdHyperparameters,
  ...GRADIENT,
  sweeps: 100,
  patience: 5,
  spread: stochasticSpread,
  operations: (_h, seed) => ({ epochs: { seed, link: "identity" }, sums: ["squaredErrors", "squaredNorms"] }),
  initial: (problem) => withoutUnrated(problem.initial, problem),
  train: (session, problem) => new SgdTraining(session, problem),
  figures: gradientFigures,
};

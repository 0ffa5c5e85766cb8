// Stochastic gradient descent on the objective of `als`, over conflict-free blocks of ratings (`sgd`).
// docs/models.md, "Gradient descent".

import { checkSomething, type Measurement, measureErrors } from "./als.js";
import { completed, defaultsOf, type TableOf } from "./hyperparameters.js";
import {
  GRADIENT,
  gradientFigures,
  type GradientHyperparameters,
  gradientTable,
  stepOf,
  stepPrecisions,
  withoutUnrated,
} from "./stepped.js";
import { type ModelDefinition, Training } from "./training.js";

export const SGD_TABLE: TableOf<GradientHyperparameters> = gradientTable(0.05, 0.02);

/** Of `sgd`, where nothing is given. */
export const SGD_DEFAULTS: GradientHyperparameters = defaultsOf(SGD_TABLE);

/** @throws OptionsError naming the hyperparameter and its value. */
export function sgdHyperparameters(given: Partial<GradientHyperparameters> = {}): GradientHyperparameters {
  const h = completed(SGD_TABLE, given);
  checkSomething(h);
  return h;
}

export class SgdTraining extends Training<GradientHyperparameters, Measurement> {
  async sweep(number: number): Promise<void> {
    const { hyperparameters: h } = this.problem;
    const { lambda, biases } = h;
    await this.session.runEpoch({ number, link: "identity", lambda, biases, precisions: stepPrecisions(h), step: stepOf(h, number) });
  }

  async measure(): Promise<Measurement> {
    return await measureErrors(this.session, this.problem.scale);
  }
}

export const sgd: ModelDefinition<GradientHyperparameters, Measurement, SgdTraining> = {
  table: SGD_TABLE,
  complete: sgdHyperparameters,
  ...GRADIENT,
  sweeps: 100,
  patience: 5,
  operations: (_h, seed) => ({ epochs: { seed, link: "identity" }, sums: ["squaredErrors", "squaredNorms"] }),
  initial: (problem) => withoutUnrated(problem.initial, problem),
  train: (session, problem) => new SgdTraining(session, problem),
  figures: gradientFigures,
};

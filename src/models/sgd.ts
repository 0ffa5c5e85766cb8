// Stochastic gradient descent on the objective of `als`, over conflict-free blocks of ratings (`sgd`).
// docs/models.md, "Gradient descent".

import { type Measurement, measureErrors } from "./als.js";
import { completed } from "./hyperparameters.js";
import {
  checkedSteps,
  GRADIENT_DEFAULTS,
  gradientFigures,
  type GradientHyperparameters,
  stepOf,
  stepPrecisions,
  withoutUnrated,
} from "./stepped.js";
import { type ModelDefinition, Training } from "./training.js";

/** Of `sgd`, where nothing is given. */
export const SGD_DEFAULTS: GradientHyperparameters = { ...GRADIENT_DEFAULTS, stepSize: 0.05, decay: 0.02 };

/** @throws OptionsError naming the hyperparameter and its value. */
export const sgdHyperparameters = (given: Partial<GradientHyperparameters> = {}): GradientHyperparameters =>
  checkedSteps(completed(SGD_DEFAULTS, given));

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
  defaults: SGD_DEFAULTS,
  complete: sgdHyperparameters,
  units: { lambda: 2, tauUsers: 1, tauItems: 1, gammaUsers: 2, gammaItems: 2 },
  sweeps: 100,
  patience: 5,
  operations: (_h, seed) => ({ epochs: { seed, link: "identity" }, sums: ["squaredErrors", "squaredNorms"] }),
  initial: (problem) => withoutUnrated(problem.initial, problem),
  train: (session, problem) => new SgdTraining(session, problem),
  figures: gradientFigures,
};

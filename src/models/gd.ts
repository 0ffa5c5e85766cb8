// Gradient descent in batches, with momentum, on the objective of `als` (`gd`). docs/models.md, "Gradient descent".

import type { Side } from "../engine/engine.js";
import { OptionsError } from "../errors.js";
import { type Measurement, measureErrors } from "./als.js";
import { checkNotNegative, completed } from "./hyperparameters.js";
import { checkedSteps, GRADIENT_DEFAULTS, gradientFigures, type GradientHyperparameters, stepOf, stepPrecisions } from "./stepped.js";
import { type ModelDefinition, Training } from "./training.js";

/** Of gradient descent in batches, with momentum. */
export interface GdHyperparameters extends GradientHyperparameters {
  /** Share of the last step that is taken again (heavy ball), from 0 to below 1. Default 0.8. */
  readonly momentum: number;
}

/** Of `gd`, where nothing is given. */
export const GD_DEFAULTS: GdHyperparameters = { ...GRADIENT_DEFAULTS, stepSize: 0.3, decay: 0, momentum: 0.8 };

/** @throws OptionsError naming the hyperparameter and its value. */
export function gdHyperparameters(given: Partial<GdHyperparameters> = {}): GdHyperparameters {
  const h = checkedSteps(completed(GD_DEFAULTS, given));
  checkNotNegative(h, "momentum");
  if (h.momentum >= 1) throw new OptionsError(`momentum is ${h.momentum}: it must be below 1`);
  return h;
}

export class GdTraining extends Training<GdHyperparameters, Measurement> {
  async sweep(number: number): Promise<void> {
    const { hyperparameters: h } = this.problem;
    const each = stepPrecisions(h);
    const precisions = (side: Side): number[] => [...Array<number>(h.factors).fill(each[side].factors), each[side].biases];
    await this.session.batchStep({
      lambda: h.lambda,
      precisions: { users: precisions("users"), items: precisions("items") },
      biases: h.biases,
      step: stepOf(h, number),
      momentum: h.momentum,
    });
  }

  async measure(): Promise<Measurement> {
    return await measureErrors(this.session, this.problem.scale);
  }
}

export const gd: ModelDefinition<GdHyperparameters, Measurement, GdTraining> = {
  defaults: GD_DEFAULTS,
  complete: gdHyperparameters,
  units: { lambda: 2, tauUsers: 1, tauItems: 1, gammaUsers: 2, gammaItems: 2 },
  sweeps: 200,
  patience: 20,
  spread: () => "velocity",
  operations: () => ({ batchStep: true, sums: ["squaredErrors", "squaredNorms"] }),
  train: (session, problem) => new GdTraining(session, problem),
  figures: gradientFigures,
};

// Gradient descent in batches, with momentum, on the objective of `als` (`gd`). docs/models.md, "Gradient descent".

import type { Side } from "../engine/engine.js";
import { checkSomething, type Measurement, measureErrors, momentum } from "./als.js";
import { completed, defaultsOf, type TableOf } from "./hyperparameters.js";
import { GRADIENT, gradientFigures, type GradientHyperparameters, gradientTable, stepOf, stepPrecisions } from "./stepped.js";
import { type ModelDefinition, Training } from "./training.js";

/** Of gradient descent in batches, with momentum. */
export interface GdHyperparameters extends GradientHyperparameters {
  /** Share of the last step that is taken again (heavy ball), from 0 to below 1. Default 0.8. */
  readonly momentum: number;
}

export const GD_TABLE: TableOf<GdHyperparameters> = {
  ...gradientTable(0.3, 0),
  momentum: momentum(0.8, "share of the last step taken again"),
};

/** Of `gd`, where nothing is given. */
export const GD_DEFAULTS: GdHyperparameters = defaultsOf(GD_TABLE);

/** @throws OptionsError naming the hyperparameter and its value. */
export function gdHyperparameters(given: Partial<GdHyperparameters> = {}): GdHyperparameters {
  const h = completed(GD_TABLE, given);
  checkSomething(h);
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
  table: GD_TABLE,
  complete: gdHyperparameters,
  ...GRADIENT,
  sweeps: 200,
  patience: 20,
  spread: () => "velocity",
  operations: () => ({ batchStep: true, sums: ["squaredErrors", "squaredNorms"] }),
  train: (session, problem) => new GdTraining(session, problem),
  figures: gradientFigures,
};

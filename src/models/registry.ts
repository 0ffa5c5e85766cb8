// Every model by name: its hyperparameters, their checks, and how figures come out of a measurement. A new model adds a line.

import type { SessionOf } from "../engine/engine.js";
import { OptionsError } from "../errors.js";
import { ALS_DEFAULTS, alsFigures, type AlsHyperparameters, alsHyperparameters } from "./als.js";
import type { Figures } from "./figures.js";
import { GIBBS_DEFAULTS, gibbsFigures, type GibbsHyperparameters, gibbsHyperparameters } from "./gibbs.js";
import {
  GD_DEFAULTS,
  type GdHyperparameters,
  gdHyperparameters,
  gradientFigures,
  type GradientHyperparameters,
  LOGISTIC_DEFAULTS,
  logisticFigures,
  type LogisticHyperparameters,
  logisticHyperparameters,
  SGD_DEFAULTS,
  sgdHyperparameters,
} from "./gradient.js";
import { IMPLICIT_DEFAULTS, implicitFigures, type ImplicitHyperparameters, implicitHyperparameters } from "./implicit.js";
import { VB_DEFAULTS, vbFigures, type VbHyperparameters, vbHyperparameters } from "./vb.js";

/** The hyperparameters of each model. */
export interface HyperparametersOf {
  readonly als: AlsHyperparameters;
  readonly vb: VbHyperparameters;
  readonly gibbs: GibbsHyperparameters;
  readonly implicit: ImplicitHyperparameters;
  readonly gd: GdHyperparameters;
  readonly sgd: GradientHyperparameters;
  readonly logistic: LogisticHyperparameters;
}

/** A model, by its name in options, on the command line and in files. */
export type ModelName = keyof HyperparametersOf;
/** The hyperparameters of any model. */
export type Hyperparameters = HyperparametersOf[ModelName];

/** What a session of a model measures. */
export type SumsOf<M extends ModelName> = Awaited<ReturnType<SessionOf[M]["measure"]>>;

export interface ModelDefinition<M extends ModelName> {
  readonly defaults: HyperparametersOf[M];
  /** Completes partial hyperparameters and checks them. @throws OptionsError */
  complete(given: Partial<HyperparametersOf[M]>): HyperparametersOf[M];
  /** Most sweeps, whether to stop before, and after how many without a new best, unless options say otherwise. Default 20, true, 3. */
  readonly sweeps?: number;
  readonly earlyStop?: boolean;
  readonly patience?: number;
  /** Which sweep the model is of: the best by the held-out ratings (default), or the last. */
  readonly keeps?: "best" | "last";
  /** Whether it is trained on 0/1 data, made of the ratings by `binaryRatings`. */
  readonly binary?: boolean;
  figures(h: HyperparametersOf[M], sums: SumsOf<M>, counts: { readonly ratings: number; readonly heldOut: number }): Figures;
}

export const MODELS: { readonly [M in ModelName]: ModelDefinition<M> } = {
  als: { defaults: ALS_DEFAULTS, complete: alsHyperparameters, figures: alsFigures },
  vb: { defaults: VB_DEFAULTS, complete: vbHyperparameters, figures: vbFigures },
  // A chain does not converge to a point, and its model is the average over the draws, not the best of them.
  gibbs: {
    defaults: GIBBS_DEFAULTS,
    complete: gibbsHyperparameters,
    figures: gibbsFigures,
    sweeps: 100,
    earlyStop: false,
    keeps: "last",
  },
  gd: { defaults: GD_DEFAULTS, complete: gdHyperparameters, figures: gradientFigures, sweeps: 200, patience: 20 },
  sgd: { defaults: SGD_DEFAULTS, complete: sgdHyperparameters, figures: gradientFigures, sweeps: 100, patience: 5 },
  logistic: { defaults: LOGISTIC_DEFAULTS, complete: logisticHyperparameters, figures: logisticFigures, sweeps: 50, binary: true },
  implicit: { defaults: IMPLICIT_DEFAULTS, complete: implicitHyperparameters, figures: implicitFigures },
};

/** The hyperparameters of all models. */
export const HYPERPARAMETER_NAMES: ReadonlySet<string> = new Set(Object.values(MODELS).flatMap(({ defaults }) => Object.keys(defaults)));

/** The names of all models. */
export const MODEL_NAMES = Object.keys(MODELS) as ModelName[];

/** @throws OptionsError when no model has this name. */
export function checkModel(name: string): ModelName {
  if (!(name in MODELS)) throw new OptionsError(`model is "${name}": it must be one of ${MODEL_NAMES.join(", ")}`);
  return name as ModelName;
}

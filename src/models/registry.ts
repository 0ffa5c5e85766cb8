// Every model by name: its hyperparameters and their checks, what it asks of an engine, its training, and how figures come out of a
// measurement. A new model adds a line.

import type { Engine, Operations, Session, Spread } from "../engine/engine.js";
import { OptionsError } from "../errors.js";
import { ALS_DEFAULTS, alsFigures, type AlsHyperparameters, alsHyperparameters, alsOperations, AlsTraining } from "./als.js";
import type { Figures } from "./figures.js";
import { GD_DEFAULTS, type GdHyperparameters, gdHyperparameters, gdOperations, GdTraining } from "./gd.js";
import { GIBBS_DEFAULTS, gibbsFigures, type GibbsHyperparameters, gibbsHyperparameters, gibbsOperations, GibbsTraining } from "./gibbs.js";
import {
  IMPLICIT_DEFAULTS,
  implicitFigures,
  type ImplicitHyperparameters,
  implicitHyperparameters,
  implicitOperations,
  ImplicitTraining,
} from "./implicit.js";
import {
  LOGISTIC_DEFAULTS,
  logisticFigures,
  type LogisticHyperparameters,
  logisticHyperparameters,
  logisticOperations,
  LogisticTraining,
} from "./logistic.js";
import type { Parameters } from "./parameters.js";
import { SGD_DEFAULTS, sgdHyperparameters, sgdOperations, SgdTraining } from "./sgd.js";
import { gradientFigures, type GradientHyperparameters, withoutUnrated } from "./stepped.js";
import { type Problem, workloadOf } from "./training.js";
import { VB_DEFAULTS, vbFigures, type VbHyperparameters, vbHyperparameters, vbInitial, vbOperations, VbTraining } from "./vb.js";

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

/** The training of each model. */
export interface TrainingOf {
  readonly als: AlsTraining;
  readonly vb: VbTraining;
  readonly gibbs: GibbsTraining;
  readonly implicit: ImplicitTraining;
  readonly gd: GdTraining;
  readonly sgd: SgdTraining;
  readonly logistic: LogisticTraining;
}

/** A model, by its name in options, on the command line and in files. */
export type ModelName = keyof HyperparametersOf;
/** The hyperparameters of any model. */
export type Hyperparameters = HyperparametersOf[ModelName];

/** What a training of a model measures. */
export type SumsOf<M extends ModelName> = Awaited<ReturnType<TrainingOf[M]["measure"]>>;

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
  /** What rows carry. Default: prior means where there are features, else nothing. */
  spread?(h: HyperparametersOf[M]): Spread;
  /** What a training asks of an engine. */
  operations(h: HyperparametersOf[M], seed: number): Operations;
  /** The parameters that rows start from. Default: the problem's. */
  initial?(problem: Problem<M>): Parameters;
  train(session: Session, problem: Problem<M>): TrainingOf[M];
  figures(h: HyperparametersOf[M], sums: SumsOf<M>, counts: { readonly ratings: number; readonly heldOut: number }): Figures;
}

export const MODELS: { readonly [M in ModelName]: ModelDefinition<M> } = {
  als: {
    defaults: ALS_DEFAULTS,
    complete: alsHyperparameters,
    operations: alsOperations,
    train: (session, problem) => new AlsTraining(session, problem),
    figures: alsFigures,
  },
  vb: {
    defaults: VB_DEFAULTS,
    complete: vbHyperparameters,
    spread: ({ covariance }) => covariance,
    operations: vbOperations,
    initial: vbInitial,
    train: (session, problem) => new VbTraining(session, problem),
    figures: vbFigures,
  },
  gibbs: {
    defaults: GIBBS_DEFAULTS,
    complete: gibbsHyperparameters,
    operations: gibbsOperations,
    train: (session, problem) => new GibbsTraining(session, problem),
    figures: gibbsFigures,
    // A chain does not converge to a point, and its model is the average over the draws, not the best of them.
    sweeps: 100,
    earlyStop: false,
    keeps: "last",
  },
  gd: {
    defaults: GD_DEFAULTS,
    complete: gdHyperparameters,
    spread: () => "velocity",
    operations: gdOperations,
    train: (session, problem) => new GdTraining(session, problem),
    figures: gradientFigures,
    sweeps: 200,
    patience: 20,
  },
  sgd: {
    defaults: SGD_DEFAULTS,
    complete: sgdHyperparameters,
    operations: (_h, seed) => sgdOperations(seed),
    initial: ({ initial, byUser, byItem }) => withoutUnrated(initial, byUser, byItem),
    train: (session, problem) => new SgdTraining(session, problem),
    figures: gradientFigures,
    sweeps: 100,
    patience: 5,
  },
  logistic: {
    defaults: LOGISTIC_DEFAULTS,
    complete: logisticHyperparameters,
    operations: (_h, seed) => logisticOperations(seed),
    initial: ({ initial, byUser, byItem }) => withoutUnrated(initial, byUser, byItem),
    train: (session, problem) => new LogisticTraining(session, problem),
    figures: logisticFigures,
    sweeps: 50,
    binary: true,
  },
  implicit: {
    defaults: IMPLICIT_DEFAULTS,
    complete: implicitHyperparameters,
    operations: implicitOperations,
    train: (session, problem) => new ImplicitTraining(session, problem),
    figures: implicitFigures,
  },
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

/** What the rows of a training carry. */
export const spreadOf = <M extends ModelName>(model: M, h: HyperparametersOf[M], features: boolean): Spread =>
  MODELS[model].spread?.(h) ?? (features ? "means" : "none");

/** Loads a problem into an engine. @throws DeviceError when it does not fit, or the engine lacks an operation. */
export async function openTraining<M extends ModelName>(engine: Engine, problem: Problem<M>): Promise<TrainingOf[M]> {
  const { model, hyperparameters: h, features, seed } = problem;
  const definition: ModelDefinition<M> = MODELS[model];
  const initial = definition.initial?.(problem) ?? problem.initial;
  const spread = spreadOf(model, h, features?.users !== undefined || features?.items !== undefined);
  const session = await engine.open(workloadOf(problem, initial, spread, definition.operations(h, seed)));
  return definition.train(session, problem);
}

// Every model by name. A new model adds a line.

import type { DeviceInfo, Engine, Spread } from "../engine/engine.js";
import { OptionsError } from "../errors.js";
import { shown } from "../shown.js";
import type { Csr } from "../ratings/csr.js";
import { als } from "./als.js";
import { gd } from "./gd.js";
import { gibbs } from "./gibbs.js";
import type { Hyperparameter } from "./hyperparameters.js";
import { implicit } from "./implicit.js";
import { logistic } from "./logistic.js";
import { sgd } from "./sgd.js";
import { type ModelDefinition, type TrainingProblem, workloadOf } from "./training.js";
import { vb } from "./vb.js";

const DEFINITIONS = { als, vb, gibbs, gd, sgd, logistic, implicit };

/** A model, by its name in options, on the command line and in files. */
export type ModelName = keyof typeof DEFINITIONS;

/** The hyperparameters of each model. */
export type HyperparametersOf = { readonly [M in ModelName]: ReturnType<(typeof DEFINITIONS)[M]["complete"]> };
/** The hyperparameters of any model. */
export type Hyperparameters = HyperparametersOf[ModelName];

/** The training of each model. */
export type TrainingOf = { readonly [M in ModelName]: ReturnType<(typeof DEFINITIONS)[M]["train"]> };
/** What a training of a model measures. */
export type SumsOf<M extends ModelName> = Awaited<ReturnType<TrainingOf[M]["measure"]>>;

/** A problem of one model. */
export interface Problem<M extends ModelName = "als"> extends TrainingProblem<HyperparametersOf[M]> {
  readonly model: M;
}

export const MODELS = DEFINITIONS as unknown as { readonly [M in ModelName]: ModelDefinition<HyperparametersOf[M], SumsOf<M>> };

/** A model with hyperparameters of its own, as every trained one has. */
export interface Configured {
  readonly model: ModelName;
  readonly hyperparameters: Hyperparameters;
}

/** The definition of a model, to be asked with hyperparameters of its own. */
export const definitionOf = (model: ModelName): ModelDefinition<Hyperparameters, unknown> => MODELS[model] as never;

/** What a model says of each of its hyperparameters. */
export const tableOf = (model: ModelName): Readonly<Record<string, Hyperparameter>> => MODELS[model].table as never;

/** What each model that has a hyperparameter of this name says of it. */
export const entriesOf = (name: string): { readonly model: ModelName; readonly entry: Hyperparameter }[] =>
  MODEL_NAMES.flatMap((model) => (Object.hasOwn(tableOf(model), name) ? [{ model, entry: tableOf(model)[name] }] : []));

/** The hyperparameters of all models. */
export const HYPERPARAMETER_NAMES: ReadonlySet<string> = new Set(Object.values(MODELS).flatMap(({ table }) => Object.keys(table)));

/** The names of all models. */
export const MODEL_NAMES = Object.keys(MODELS) as ModelName[];

const FEATURED = MODEL_NAMES.filter((model) => MODELS[model].takesFeatures);

/** The models whose rows features shape: "als, vb, gibbs", or with a word before the last. */
export const featuredModels = (last = ","): string => `${FEATURED.slice(0, -1).join(", ")}${last} ${FEATURED.at(-1)}`;

/** @throws OptionsError when no model has this name. */
export function checkModel(name: string): ModelName {
  if (!Object.hasOwn(MODELS, name)) throw new OptionsError(`model is ${shown(name)}: it must be one of ${MODEL_NAMES.join(", ")}`);
  return name as ModelName;
}

/** Completed hyperparameters as an engine trains by them, of which some were given. */
export const hyperparametersOn = <M extends ModelName>(
  model: M,
  h: HyperparametersOf[M],
  given: Partial<HyperparametersOf[M]>,
  device: DeviceInfo,
): HyperparametersOf[M] => MODELS[model].on?.(h, given, device) ?? h;

/** What the rows of a training carry. */
export const spreadOf = (model: ModelName, h: Hyperparameters): Spread => definitionOf(model).spread?.(h) ?? "none";

/** The same problem on other rows. */
function withRows<M extends ModelName>(problem: Problem<M>, rowsOf: (given: Csr) => Csr): Problem<M> {
  const { model, hyperparameters, heldOut, scale, initial, features, seed, share } = problem;
  const byUser = rowsOf(problem.byUser);
  return {
    model,
    hyperparameters,
    byUser,
    heldOut,
    scale,
    initial,
    features,
    seed,
    share,
    // Sorted when the engine asks, by when the users' side is on its way to a device.
    get byItem() {
      return rowsOf(problem.byItem);
    },
  };
}

/** Loads a problem into an engine. @throws DeviceError when it does not fit, or the engine lacks an operation. */
export async function openTraining<M extends ModelName>(engine: Engine, given: Problem<M>): Promise<TrainingOf[M]> {
  const { model, hyperparameters: h, seed } = given;
  const definition = MODELS[model];
  const problem = definition.rows ? withRows(given, (rows) => definition.rows!(h, rows)) : given;
  const initial = definition.initial?.(problem) ?? problem.initial;
  const session = await engine.open(workloadOf(problem, initial, spreadOf(model, h), definition.operations(h, seed)));
  return definition.train(session, problem) as TrainingOf[M];
}

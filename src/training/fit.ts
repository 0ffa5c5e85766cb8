// Fitting: checks what is asked for, opens an engine, trains, and makes a model of what was kept.

import { csrOf, rowLengths } from "../ratings/csr.js";
import { DivergedError, OptionsError, RatingsError } from "../errors.js";
import type { DeviceInfo, Engine, Side } from "../engine/engine.js";
import { DEVICE_KIND, type DeviceChoice, openEngine } from "../engine/open-engine.js";
import { relevanceOf } from "../metrics/ranking.js";
import { trainedPairs } from "../metrics/trained-pairs.js";
import { FactorModel, MODEL_KIND } from "../models/factor-model.js";
import { roundedToHalves } from "../half.js";
import { type Figures, heldOutFigure, type RankingMeasure } from "../models/figures.js";
import type { Relevance } from "../models/predictions.js";
import { LARGEST, type UnitPowers, unitsOf } from "../models/hyperparameters.js";
import type { Parameters } from "../models/parameters.js";
import {
  checkModel,
  definitionOf,
  featuredModels,
  HYPERPARAMETER_NAMES,
  hyperparametersOn,
  type Hyperparameters,
  type HyperparametersOf,
  type ModelName,
  MODEL_NAMES,
  MODELS,
  openTraining,
  type Problem,
  type SumsOf,
  tableOf,
} from "../models/registry.js";
import type { Training } from "../models/training.js";
import {
  checkArguments,
  checkObject,
  checkOptions,
  checkUsed,
  FUNCTION,
  nameHere,
  namesOf,
  namesTogether,
  numberAbove,
  numberFrom,
  oneOf,
  SIGNAL,
  SWITCH,
  switchOr,
  WHOLE,
  wholeFrom,
} from "../options.js";
import { type FeatureTable, FEATURES_KIND, type FeatureTables } from "../ratings/features.js";
import { LEAST_DEVIATION } from "../ratings/largest-rating.js";
import { checkTellable } from "../ratings/rounding.js";
import { HELD_OUT_KIND, type Ratings, RATINGS_KIND } from "../ratings/ratings.js";
import { seenItems } from "../ratings/seen.js";
import { wholeOf } from "../ratings/share.js";
import { ratingsThatCount, weightOfAll } from "../ratings/weights.js";
import { type Checkpoint, CHECKPOINT_KIND, checkSame, featureNames, identityOf, type TrainingIdentity } from "./checkpoint.js";
import { remedyForRow } from "./far-apart.js";
import type { HistoryEntry, Stop } from "./history.js";
import { checkKnownIds } from "./known-ids.js";
import { type OnOpened, outlivingDevices } from "./lost-devices.js";
import { grouped, howMany, shown } from "../shown.js";
import { checkMeasure, checkMeasureUsed, MEASURE_KINDS, type MeasureOptions, rankingMeasure } from "./ranking-measure.js";
import { meanOf, parametersFrom, randomParameters } from "./start.js";
import { DEFAULT_SWEEPS, stoppingRule, type StoppingOptions } from "./stopping.js";
import { stopwatch, sweepUntilStop } from "./sweeps.js";
import {
  figuresFromStandard,
  hyperparametersFromStandard,
  hyperparametersToStandard,
  parametersTo,
  scaleOf,
  standardColumns,
  standardCsr,
  unitOf,
} from "./units.js";

/** Sweeps between checkpoints, where nothing is said. */
const CHECKPOINT_EVERY = 5;

/** How to train, whichever model. */
export interface TrainingOptions extends StoppingOptions, MeasureOptions {
  /** The model to train. Default "als". */
  readonly model?: ModelName | undefined;
  /** Ratings to measure by, with the same users and items as the training ratings. Errors are weighted as they are. */
  readonly heldOut?: Ratings | undefined;
  /**
   * Features of the items, of the users (`als`, `vb`, `gibbs`, `implicit`), rated sets among them: they shape factors
   * and biases, and entities without ratings are scored by them. docs/models.md, "Side information".
   */
  readonly itemFeatures?: FeatureTable | undefined;
  readonly userFeatures?: FeatureTable | undefined;
  /** Seed of the starting factors. Default 1. */
  readonly seed?: number | undefined;
  /**
   * Parameters to start from instead: a model trained before, matched by raw ids. What it was trained on must not be
   * held out: `splitRatings` with the same `init` keeps that in training.
   */
  readonly init?: FactorModel | undefined;
  /** Whether held-out ratings may be such as `init` was trained on, whose errors are no predictions. Default false. */
  readonly allowTrained?: boolean | undefined;
  /** Where to compute: a choice, or an engine of the caller's own, which is left open. Default "auto". */
  readonly device?: DeviceChoice | Engine | undefined;
  /**
   * Bytes that the training may take on the GPU: ratings beyond it are streamed from the host's memory, sweep by sweep.
   * Default: no limit.
   */
  readonly memoryBytes?: number | undefined;
  /** Which sweep the model is of: the best by the held-out ratings (default), or the last. */
  readonly keeps?: "best" | "last" | undefined;
  /**
   * Called after every sweep, and once before the first with sweep 0. Training waits for the promise that
   * it may return, which is how a caller pauses it, or lets other events in when the CPU trains; the
   * history's seconds leave the wait out.
   */
  readonly onSweep?: ((entry: HistoryEntry) => unknown) | undefined;
  /**
   * Called every `checkpointEvery` sweeps, and after the last, with all that the training then is; awaited. Resumed
   * from it, a training ends with the same bytes as one that was never stopped. `encodeCheckpoint` makes a file of it.
   * A training whose device is lost goes on from the last one by itself, or begins again, up to three times.
   */
  readonly onCheckpoint?: ((checkpoint: Checkpoint) => void | Promise<void>) | undefined;
  /** Default 5. */
  readonly checkpointEvery?: number | undefined;
  /**
   * Where to go on from. The model, its hyperparameters, the seed, the ratings and the
   * engine must be those of the checkpoint.
   */
  readonly resume?: Checkpoint | undefined;
  /** Called with what a person should know: a fallback to the CPU, a software adapter. */
  readonly onNotice?: ((notice: string) => void) | undefined;
  /**
   * Ends training after the sweep under way, or in it where the engine throws the signal's reason;
   * the best model so far is returned.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether the model remembers which items each user rated in training, which `recommend` leaves out. "all": in
   * `heldOut` too, for a model that is to be used: its lists then cannot be measured by those. Default true.
   */
  readonly keepSeen?: boolean | "all" | undefined;
}

/** The options that trainings of all models have in common with searches. */
export const SHARED_KINDS = {
  sweeps: wholeFrom(0),
  tolerance: numberFrom(0),
  patience: wholeFrom(1),
  ...MEASURE_KINDS,
  itemFeatures: FEATURES_KIND,
  userFeatures: FEATURES_KIND,
  seed: WHOLE,
  device: DEVICE_KIND,
  onNotice: FUNCTION,
  signal: SIGNAL,
} as const;
const TRAINING_NAMES = namesOf<TrainingOptions>({
  model: true,
  heldOut: HELD_OUT_KIND,
  earlyStop: SWITCH,
  init: MODEL_KIND,
  allowTrained: SWITCH,
  memoryBytes: numberAbove(0),
  keeps: oneOf("best", "last"),
  onSweep: FUNCTION,
  onCheckpoint: FUNCTION,
  checkpointEvery: wholeFrom(1),
  resume: CHECKPOINT_KIND,
  keepSeen: switchOr("all"),
  ...SHARED_KINDS,
});

/** How to train one model: its own hyperparameters and no others. Those that are left out have the model's defaults. */
export type FitOptionsOf<M extends ModelName> = TrainingOptions &
  (M extends "als" ? { readonly model?: M | undefined } : { readonly model: M }) & {
    readonly [N in keyof HyperparametersOf[M]]?: HyperparametersOf[M][N] | undefined;
  };

/** How to train, and the hyperparameters of the model that is named. */
export type FitOptions = { readonly [M in ModelName]: FitOptionsOf<M> }[ModelName];

/** A training: the model, what was measured on the way, why it ended and where it ran. */
export interface FitResult<M extends ModelName = ModelName> {
  readonly model: FactorModel<M>;
  readonly history: readonly HistoryEntry[];
  readonly stop: Stop;
  readonly device: DeviceInfo;
  /** Seconds spent indexing the ratings, opening the device and uploading to it, and sweeping. */
  readonly seconds: { readonly index: number; readonly upload: number; readonly train: number };
}

/**
 * Trains a model, sweep by sweep, until the stopping rule says so.
 *
 * @throws OptionsError, RatingsError when there is nothing to train on, DeviceError,
 *   NotPositiveDefiniteError, DivergedError.
 */
export async function fit<M extends ModelName = "als">(ratings: Ratings, options?: FitOptionsOf<M>): Promise<FitResult<M>>;
export async function fit(ratings: Ratings, options: FitOptions = {}): Promise<FitResult> {
  checkArguments("fit", { ratings: [ratings, RATINGS_KIND] });
  const model = checkFitOptions("fit", options);
  checkSweeps(model, options);
  return await fitBriefly(model, ratings, options);
}

/** The same, of however few sweeps: they may leave nothing in the model. */
export const fitBriefly = async (model: ModelName, ratings: Ratings, options: FitOptions): Promise<FitResult> =>
  await outlivingDevices(options, (again, opened) => fitModel(model, ratings, again, opened));

/** @throws OptionsError where a training would end before a sweep that leaves something in the model. */
export function checkSweeps(model: ModelName, options: FitOptions): void {
  const h = definitionOf(model).complete(hyperparametersOf(model, options));
  const first = definitionOf(model).keepsFrom?.(h) ?? 0;
  const asked = options.sweeps ?? MODELS[model].sweeps ?? DEFAULT_SWEEPS;
  const sweeps = Math.max(asked, options.resume?.history.at(-1)?.sweep ?? 0);
  // Of no sweeps the untrained model is asked for.
  if (sweeps >= first || (sweeps === 0 && !options.init)) return;
  throw new OptionsError(`sweeps is ${sweeps} and burnIn ${first - 1}: the model would keep no sample`, {
    remedy: `give sweeps: ${first} or more, or a shorter burnIn`,
  });
}

/**
 * The model asked for.
 *
 * @throws OptionsError for one that is not known, and for an option that is not, or that only other models have.
 */
export function checkFitOptions(where: string, options: FitOptions): ModelName {
  checkObject(where, options, TRAINING_NAMES);
  const model = checkModel(options.model ?? "als");
  hyperparametersOf(model, options);
  checkOptions(where, options, namesTogether(new Set(Object.keys(MODELS[model].table)), TRAINING_NAMES), (name) => {
    if (name === "threads") return 'openEngine, whose engines device takes: await openEngine("cpu", undefined, { threads: … })';
    const others = MODEL_NAMES.filter((other) => Object.hasOwn(MODELS[other].table, name));
    return others.length > 0 ? `the model ${others.join(", ")}` : undefined;
  });
  return model;
}

async function fitModel<M extends ModelName>(model: M, all: Ratings, asGiven: FitOptions, opened: OnOpened): Promise<FitResult> {
  const given = ratingsThatCount(all);
  const options = { ...asGiven, heldOut: asGiven.heldOut && ratingsThatCount(asGiven.heldOut) };
  const asked = hyperparametersOf(model, options);
  const { sweeps, earlyStop, patience, keeps = options.keeps, predicts } = MODELS[model];
  const ofRatings = predicts.of === "rating";
  const units = ofRatings ? unitsOf(MODELS[model].table) : {};
  // Checked as they are written; what follows from them is worked out when the ratings are known.
  const tables = featuresOf(model, MODELS[model].complete(asked), options);
  const stopping = stoppingRule({
    ...options,
    sweeps: options.sweeps ?? sweeps,
    earlyStop: options.earlyStop ?? earlyStop,
    patience: options.patience ?? patience,
    keeps,
    settling: MODELS[model].settling?.(MODELS[model].complete(asked)),
  });
  const done = options.resume?.history.at(-1)?.sweep ?? 0;
  if (done > stopping.sweeps)
    options.onNotice?.(`the checkpoint is of sweep ${done}, beyond the ${howMany(stopping.sweeps, "sweep")} asked for: no sweep is added`);
  if (!tables) noticeIdle(model, asked, options.onNotice);
  if (stopping.sweeps === 0 && !options.init && !options.resume)
    options.onNotice?.("sweeps is 0, so the model is the untrained one: its factors are random");
  checkRatings(given, options.heldOut, all);
  checkKnownIds(given, { heldOut: options.heldOut, features: tables, init: options.init }, (text) => options.onNotice?.(text));
  checkInitTrained(options);
  checkMeasure(options, options.heldOut);
  checkCheckpoints(options);
  checkEffects(model, options);
  MODELS[model].checkRatings?.(given);
  if (ofRatings) checkTellable(given.statistics().minimum, given.statistics().maximum);
  const s = ofRatings ? unitOf(given) : 1;
  checkDeviation(s);
  checkUnits(asked, units, s);
  const standard = MODELS[model].complete(hyperparametersToStandard(asked, units, s, MODELS[model].defaultsFor?.(given.statistics())));
  const completed = hyperparametersFromStandard(standard, units, s, asked);
  const seed = options.seed ?? 1;
  if (ofRatings && areCounts(given))
    options.onNotice?.(`${LIKE_COUNTS}; ${model} takes them for ratings, and implicit is the model of counts`);
  const clock = stopwatch();
  const { train: ratings, heldOut } = MODELS[model].binary?.(given, options.heldOut, completed, seed) ?? {
    train: given,
    heldOut: options.heldOut,
  };

  const whole = wholeOf(ratings);
  if (whole && measuresLists(model, options))
    throw new OptionsError("lists are measured where all ratings are", { remedy: "measure by loss, or read the whole file on every rank" });
  const configured = { model, hyperparameters: completed };
  const globalMean = meanOf(ratings, configured);
  const initial = options.init
    ? parametersTo({ ...parametersFrom(options.init, ratings, configured, tables), globalMean }, s)
    : { ...randomParameters(ratings, standard, seed), globalMean: globalMean / s };
  const byUser = csrOf(ratings, "users");
  const index = clock();

  const { device = "auto" } = options;
  const engine = typeof device === "string" ? await openEngine(device, options.onNotice, { memoryBytes: options.memoryBytes }) : device;
  const hyperparameters = hyperparametersOn(model, completed, asked, engine.info);
  let training: Training<HyperparametersOf[M], SumsOf<M>> | undefined;
  try {
    opened(engine.info.kind);
    const problem: Problem<M> = {
      model,
      hyperparameters: hyperparametersOn(model, standard, asked, engine.info),
      byUser: standardCsr(byUser, s),
      // Sorted when the engine asks, by when the users' side is on its way to the device.
      get byItem() {
        return standardCsr(whole?.byItem ?? csrOf(ratings, "items"), s);
      },
      heldOut: heldOut && standardColumns(heldOut, s),
      scale: ofRatings ? scaleOf(given, s) : undefined,
      initial,
      features: tables && {
        users: tables.users?.rowsFor(ratings.users, { rows: byUser, others: ratings.items.size }),
        items: tables.items?.rowsFor(ratings.items, { rows: csrOf(ratings, "items"), others: ratings.users.size }),
      },
      seed,
      share: whole?.share,
    };
    training = (await openTraining(engine, problem)) as unknown as Training<HyperparametersOf[M], SumsOf<M>>;
    const itemCounts = whole?.share.lengths.items ?? rowLengths(csrOf(given, "items"));
    const own = options.keepSeen === false ? undefined : seenItems(given);
    const statistics = given.statistics();
    const upload = clock();
    const heldOutCount = whole?.heldOut.count ?? heldOut?.count ?? 0;
    const counts = {
      // Figures are means by weight: by number, where there are no weights.
      ratings: whole ? (whole.statistics.weight ?? whole.statistics.ratings) : weightOfAll(ratings),
      heldOut: whole?.heldOut.weight ?? whole?.heldOut.count ?? (heldOut ? weightOfAll(heldOut) : 0),
    };
    const ranking = rankingOf(engine, model, given, hyperparameters, options);
    const { resume, onCheckpoint } = options;
    const identity = (): TrainingIdentity => {
      const features = { users: featureNames(tables?.users), items: featureNames(tables?.items) };
      const told = { ...hyperparameters } as Record<string, unknown>;
      const which = keeps ?? "best";
      const held = whole && (whole.heldOut.count > 0 ? whole.heldOut.fingerprint : null);
      return identityOf(
        {
          model,
          hyperparameters: told,
          seed,
          engine: engine.info.kind,
          wire: engine.info.wire,
          features,
          keeps: which,
          measure: ranking ? { by: ranking.by, relevance: ranking.relevance } : null,
        },
        given,
        options.heldOut,
        held,
      );
    };
    if (resume) {
      checkSame(resume.identity, identity());
      await training.restore(resume.state);
    }
    const running = training;
    const { history, stop } = await sweepUntilStop<SumsOf<M>>({
      training,
      stopping,
      stepped: MODELS[model].stepped ?? false,
      figures: async (sums, sweep) => ({
        ...figuresFromStandard(MODELS[model].figures(standard, sums, counts), s, counts.ratings),
        ...(await ranking?.measured(running, sweep)),
      }),
      before: resume?.history,
      onSweep: options.onSweep,
      onCheckpoint: onCheckpoint && ((entries, state) => onCheckpoint({ identity: identity(), history: entries, state })),
      checkpointEvery: options.checkpointEvery ?? CHECKPOINT_EVERY,
      signal: options.signal,
      anyOf: engine.anyOf && ((said) => engine.anyOf!(said)),
      idOf: (side, row) => ratings[side].rawAt(row),
      remedyFor: (side) => remedyForRow(model, hyperparameters, given, side),
    });
    if (stop.reason === "aborted" && stop.sweep === 0 && !options.init)
      options.onNotice?.("the training was ended before its first sweep, so the model is the untrained one: its factors are random");
    const kept = definitionOf(model).keepsFrom?.(hyperparameters) ?? 0;
    if (stop.reason === "aborted" && stop.sweep > 0 && stop.sweep < kept)
      options.onNotice?.(
        `the training was ended after sweep ${stop.sweep} of the ${kept - 1} of burnIn, so the model keeps no sample: ` +
          "it predicts by one draw, does not know how sure it is, and takes no one in by ratings",
      );
    if (stop.bestSweep === 0 && stop.sweep > 0 && !stopping.keepsLast)
      options.onNotice?.(untrained(stop, history, heldOutCount, options.init === undefined && resume === undefined));
    const seen = whole && own ? await whole.seen(own) : own;
    const held = options.keepSeen === "all" ? options.heldOut : undefined;
    const trained = new FactorModel({
      model,
      hyperparameters,
      parameters: asKept(finite({ ...parametersTo(await training.read("kept"), 1 / s), globalMean })),
      features: tables,
      users: ratings.users,
      items: ratings.items,
      catalogue: ratings.catalogue,
      statistics,
      itemCounts,
      seen,
      heldOut: held && (whole ? await whole.seenHeldOut(held) : seenItems(held)),
    });
    return { model: trained, history, stop, device: engine.info, seconds: { index, upload, train: clock() } };
  } finally {
    training?.destroy();
    if (typeof device === "string") engine.destroy();
  }
}

const LIKE_COUNTS = "the ratings are whole numbers into the thousands, like counts of plays or visits";
const LARGEST_SCALE = 1000;

/** Whether ratings look like counts: whole numbers from above 0 to beyond any scale that people rate on. */
function areCounts(ratings: Ratings): boolean {
  const { minimum, maximum } = ratings.statistics();
  return minimum > 0 && maximum > LARGEST_SCALE && ratings.value.every(Number.isInteger);
}

/** Draws are kept in half precision: many of them are better than fewer with more digits. */
function asKept(parameters: Parameters): Parameters {
  const { draws, drawnBiases, features, userFactors, itemFactors } = parameters;
  if (!draws || !drawnBiases) return parameters;
  const halves = {
    userFactors: roundedToHalves(userFactors),
    itemFactors: roundedToHalves(itemFactors),
    drawnBiases: { users: roundedToHalves(drawnBiases.users), items: roundedToHalves(drawnBiases.items) },
  };
  const weights = (side: Side): Float32Array | undefined => features?.[side] && roundedToHalves(features[side]);
  return { ...parameters, ...halves, features: features && { users: weights("users"), items: weights("items") } };
}

/** @throws DivergedError when a parameter is no finite number in the unit of the ratings. */
function finite(parameters: Parameters): Parameters {
  for (const name of ["userFactors", "itemFactors", "userBiases", "itemBiases"] as const) {
    const at = parameters[name].findIndex((value) => !Number.isFinite(value));
    if (at < 0) continue;
    throw new DivergedError(`${name} holds ${parameters[name][at]} at ${at}: the ratings are beyond what float32 holds`, {
      remedy: "give ratings of a smaller scale",
    });
  }
  return parameters;
}

/**
 * Says that no sweep was better than none.
 *
 * @param isRandom whether the training began with random factors, not with a model.
 */
function untrained({ sweep }: Stop, history: readonly HistoryEntry[], heldOut: number, isRandom: boolean): string {
  const { name, value } = heldOutFigure(history[0]);
  const by = howMany(heldOut, "held-out rating");
  const later = sweep === 1 ? "the one sweep after it was no better than" : `none of the ${grouped(sweep)} sweeps after it was better than`;
  const which = isRandom ? "the untrained one of sweep 0" : "the one of sweep 0, from which it started, and has learned nothing new";
  return (
    `the model is ${which}: by ${by} ${later} its ${name} of ${value?.toFixed(4)}; ` +
    "hold out more, train with other hyperparameters, or keep the last sweep"
  );
}

/**
 * Whether lists are measured after sweeps: where options ask for it, and of models without a loss unless they do not.
 */
const measuresLists = (model: ModelName, { heldOut, measureBy = MODELS[model].measureBy ?? "loss" }: TrainingOptions): boolean =>
  heldOut !== undefined && measureBy !== "loss";

/** What of lists is measured after a sweep, by which items are relevant. */
interface ListMeasure {
  readonly by: RankingMeasure;
  readonly relevance: Relevance;
  measured(training: Training<unknown, unknown>, sweep: number): Promise<Partial<Figures>>;
}

/** What lists are measured by after a sweep, where the options, or the model, ask for it. */
function rankingOf(
  engine: Engine,
  model: ModelName,
  train: Ratings,
  hyperparameters: Hyperparameters,
  options: TrainingOptions,
): ListMeasure | undefined {
  const { heldOut, measureBy = MODELS[model].measureBy ?? "loss", measureEvery = 1, relevanceThreshold } = options;
  if (measureBy === "loss" || !heldOut) return undefined;
  const relevance = relevanceOf({ model, hyperparameters, statistics: train.statistics() }, relevanceThreshold);
  let measure: ReturnType<typeof rankingMeasure>;
  try {
    measure = rankingMeasure(engine, train, heldOut, relevance, hyperparameters.factors, { auc: measureBy === "auc" });
  } catch (error) {
    // What nobody asked for need not be there.
    if (options.measureBy !== undefined || !(error instanceof RatingsError)) throw error;
    options.onNotice?.(`nothing is measured between sweeps: ${error.message}`);
    return undefined;
  }
  const last = options.sweeps ?? MODELS[model].sweeps ?? DEFAULT_SWEEPS;
  const measured: ListMeasure["measured"] = async (training, sweep) => {
    if (sweep % measureEvery !== 0 && sweep !== last) return { measuredBy: measureBy };
    // `gibbs` is the average of its samples, which is what it keeps.
    return { measuredBy: measureBy, ...(await measure(await training.read(MODELS[model].keeps === "last" ? "kept" : "current"))) };
  };
  return { by: measureBy, relevance, measured };
}

/** The hyperparameters among the options. @throws OptionsError for one that only other models have. */
export function hyperparametersOf<M extends ModelName>(model: M, options: FitOptions): Partial<HyperparametersOf[M]> {
  const given = Object.entries(options).filter(([name, value]) => HYPERPARAMETER_NAMES.has(name) && value !== undefined);
  const own = Object.keys(MODELS[model].table);
  const foreign = given.find(([name]) => !own.includes(name));
  if (foreign) {
    throw new OptionsError(`${model} has no hyperparameter "${foreign[0]}"`, {
      remedy: nameHere(foreign[0], new Set(own)) ?? `it has ${own.join(", ")}`,
    });
  }
  return Object.fromEntries(given) as Partial<HyperparametersOf[M]>;
}

/** Says which hyperparameters of features are given to no effect, other than their defaults. */
function noticeIdle<M extends ModelName>(model: M, asked: Partial<HyperparametersOf[M]>, onNotice: TrainingOptions["onNotice"]): void {
  for (const [name, value] of Object.entries(asked)) {
    if (!OF_FEATURES.has(name) || value === tableOf(model)[name]?.default) continue;
    onNotice?.(`${name} is ${shown(value)} to no effect, since there are no features: give itemFeatures or userFeatures`);
  }
}

/** Hyperparameters that mean nothing without features. */
const OF_FEATURES: ReadonlySet<string> = new Set(["tauFeatures"]);

/** @throws OptionsError for a model without features. */
export function checkTakesFeatures(model: ModelName): void {
  if (MODELS[model].takesFeatures) return;
  throw new OptionsError(`${model} takes no features`, { remedy: `train a model of ${featuredModels(" or")}` });
}

/** The features of both sides. @throws OptionsError when the model, or its hyperparameters, have no use for them. */
function featuresOf<M extends ModelName>(
  model: M,
  h: HyperparametersOf[M],
  { itemFeatures, userFeatures }: TrainingOptions,
): FeatureTables | undefined {
  if (!itemFeatures && !userFeatures) return undefined;
  checkTakesFeatures(model);
  if (h.factors === 0) throw new OptionsError("features shape factors, and factors is 0");
  if (itemFeatures) MODELS[model].checkFeatures?.(h, "items");
  if (userFeatures) MODELS[model].checkFeatures?.(h, "users");
  return { users: userFeatures, items: itemFeatures };
}

/** @throws OptionsError for an option that has no effect as others are. */
export function checkEffects(model: ModelName, options: TrainingOptions): void {
  const { measureBy = MODELS[model].measureBy ?? "loss", device, memoryBytes } = options;
  checkMeasureUsed(options, measureBy);
  const opens = device === undefined || typeof device === "string";
  const { init, allowTrained } = options;
  checkUsed("allowTrained", allowTrained, init !== undefined, "there is no model to start from", "give init, or leave allowTrained out");
  checkUsed("memoryBytes", memoryBytes, opens, "device is an engine, which has its memory", "give it to openEngine");
  checkUsed("checkpointEvery", options.checkpointEvery, options.onCheckpoint !== undefined, "there is no onCheckpoint", "give both");
}

function checkCheckpoints({ resume, init }: TrainingOptions): void {
  if (resume && init) {
    throw new OptionsError("init and resume are both given", {
      remedy: "resume goes on with a training as it was; init starts a new one from a model",
    });
  }
}

/** @throws RatingsError for ratings whose standard deviation is less than models can be of. */
function checkDeviation(s: number): void {
  if (s >= LEAST_DEVIATION) return;
  throw new RatingsError(`the ratings have a standard deviation of ${s.toPrecision(3)}: it must be ${LEAST_DEVIATION} or greater`, {
    remedy: `give ratings in a smaller unit: multiply all by the same number, such as ${10 ** -Math.floor(Math.log10(s))}`,
  });
}

/**
 * What a model to start from was trained on is known to it: errors of it say nothing, and no sweep would be better.
 *
 * @throws OptionsError where some of it is held out and that is not allowed.
 */
function checkInitTrained({ init, heldOut, allowTrained = false, onNotice }: TrainingOptions): void {
  if (!init || !heldOut || heldOut.count === 0) return;
  const trained = trainedPairs(init, heldOut);
  if (trained === undefined)
    return onNotice?.("the model to start from does not hold what it was trained on: that nothing of it is held out cannot be checked");
  if (trained === 0) return;
  const told = `the model to start from was trained on ${grouped(trained)} of the ${howMany(heldOut.count, "rating")} to measure by`;
  if (allowTrained) return onNotice?.(told);
  throw new OptionsError(told, {
    remedy: "hold out others, as splitRatings does with init, or give allowTrained: true to measure by these all the same",
  });
}

/** @throws OptionsError for a hyperparameter that is too large for the unit of the ratings. */
function checkUnits<H extends object>(asked: Partial<H>, units: UnitPowers<H>, s: number): void {
  for (const [name, value] of Object.entries(asked)) {
    const most = LARGEST / s ** (units[name as keyof H] ?? 0);
    if (typeof value === "number" && value > most)
      throw new OptionsError(`${name} is ${value}: of ratings as large as these it must be ${most.toPrecision(3)} or less`);
  }
}

/** @param all those of weight 0 too, which do not count. */
function checkRatings(ratings: Ratings, heldOut: Ratings | undefined, all: Ratings): void {
  if (ratings.statistics().ratings === 0) {
    const told = "there are no ratings to train on";
    if (all.count > 0)
      throw new RatingsError(`${told}: ${all.count === 1 ? "the one that there is has" : `all ${grouped(all.count)} have`} weight 0`, {
        remedy: "give weights above 0, or none; a weight says how often a rating counts",
      });
    const isHeldOut = heldOut !== undefined && heldOut.count > 0;
    throw new RatingsError(told, {
      remedy: isHeldOut ? "hold out a smaller share" : "Ratings.from(rows) makes them of rows, readPath(path) reads a file",
    });
  }
  if (heldOut && (heldOut.users !== ratings.users || heldOut.items !== ratings.items)) {
    throw new RatingsError("the held-out ratings have other ids than the training ratings", {
      remedy: "split one set of ratings with splitRatings",
    });
  }
}

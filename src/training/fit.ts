// The sweep loop: opens an engine, alternates half-sweeps, measures, and keeps the best parameters.

import { csrOf, rowLengths } from "../ratings/csr.js";
import { DivergedError, OptionsError, RatingsError } from "../errors.js";
import type { DeviceInfo, Engine } from "../engine/engine.js";
import { type DeviceChoice, openEngine } from "../engine/open-engine.js";
import { triangle } from "../engine/reference/cholesky.js";
import { relevanceOf } from "../metrics/ranking.js";
import { FactorModel, type FeatureTables } from "../models/factor-model.js";
import { binaryRatings } from "../models/binary-ratings.js";
import type { Figures } from "../models/figures.js";
import type { LogisticHyperparameters } from "../models/logistic.js";
import type { Parameters } from "../models/parameters.js";
import {
  checkModel,
  HYPERPARAMETER_NAMES,
  type Hyperparameters,
  type HyperparametersOf,
  type ModelName,
  MODELS,
  openTraining,
  type Problem,
  type SumsOf,
} from "../models/registry.js";
import type { Training } from "../models/training.js";
import { initialPosterior } from "../models/vb.js";
import { seededRandom } from "../random.js";
import type { FeatureTable } from "../ratings/features.js";
import type { Ratings } from "../ratings/ratings.js";
import { seenItems } from "../ratings/seen.js";
import type { HistoryEntry, Stop } from "./history.js";
import { checkMeasure, type MeasureOptions, rankingMeasure } from "./ranking-measure.js";
import { DEFAULT_SWEEPS, stoppingRule, type StoppingOptions } from "./stopping.js";

/** How to train, whichever model. */
export interface TrainingOptions extends StoppingOptions, MeasureOptions {
  /** The model to train. Default "als". */
  readonly model?: ModelName | undefined;
  /** Ratings to measure by, with the same users and items as the training ratings. */
  readonly heldOut?: Ratings | undefined;
  /** Features of the items, of the users (`als`): entities without ratings are then scored by them. Spec §4. */
  readonly itemFeatures?: FeatureTable | undefined;
  readonly userFeatures?: FeatureTable | undefined;
  /** Seed of the starting factors. Default 1. */
  readonly seed?: number | undefined;
  /** Parameters to start from instead: a model trained before, matched by raw ids. */
  readonly init?: FactorModel | undefined;
  /** Where to compute: a choice, or an engine of the caller's own, which is left open. Default "auto". */
  readonly device?: DeviceChoice | Engine | undefined;
  /** Bytes that the training may take on the GPU: ratings beyond it are streamed from the host's memory, sweep by sweep. Default: no limit. */
  readonly deviceMemory?: number | undefined;
  /** Which sweep the model is of: the best by the held-out ratings (default), or the last. */
  readonly keeps?: "best" | "last" | undefined;
  /**
   * Called after every sweep, and once before the first with sweep 0. Training waits for the promise that it may return, which is how a
   * caller pauses it, or lets other events in when the CPU trains; the history's seconds leave the wait out.
   */
  readonly onSweep?: ((entry: HistoryEntry) => unknown) | undefined;
  /** Called every `checkpointEvery` sweeps with the model so far; awaited. */
  readonly onCheckpoint?: ((model: FactorModel, history: readonly HistoryEntry[]) => void | Promise<void>) | undefined;
  /** Default 5. */
  readonly checkpointEvery?: number | undefined;
  /** History of the interrupted training that `init` comes from: sweeps are counted on from its last. */
  readonly resumed?: readonly HistoryEntry[] | undefined;
  /** Called with what a person should know: a fallback to the CPU, a software adapter. */
  readonly onNotice?: ((notice: string) => void) | undefined;
  /** Ends training after the sweep under way; the best model so far is returned. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the model remembers which items each user rated, which `recommend` leaves out. Default true. */
  readonly keepSeen?: boolean | undefined;
}

/** How to train, and the hyperparameters of the model: those that are left out have the model's defaults. */
export type FitOptions = TrainingOptions &
  Partial<
    HyperparametersOf["als"] &
      HyperparametersOf["vb"] &
      HyperparametersOf["gibbs"] &
      HyperparametersOf["implicit"] &
      HyperparametersOf["gd"] &
      HyperparametersOf["logistic"]
  >;

/** A training: the model, what was measured on the way, why it ended and where it ran. */
export interface FitResult {
  readonly model: FactorModel;
  readonly history: readonly HistoryEntry[];
  readonly stop: Stop;
  readonly device: DeviceInfo;
  /** Seconds spent indexing the ratings, opening the device and uploading to it, and sweeping. */
  readonly seconds: { readonly index: number; readonly upload: number; readonly train: number };
}

/**
 * Trains a model, sweep by sweep, until the stopping rule says so.
 *
 * @throws OptionsError, RatingsError when there is nothing to train on, DeviceError, NotPositiveDefiniteError, DivergedError.
 */
export async function fit(ratings: Ratings, options: FitOptions = {}): Promise<FitResult> {
  return await fitModel(checkModel(options.model ?? "als"), ratings, options);
}

async function fitModel<M extends ModelName>(model: M, given: Ratings, options: FitOptions): Promise<FitResult> {
  const hyperparameters = MODELS[model].complete(hyperparametersOf(model, options));
  const { sweeps, earlyStop, patience, keeps = options.keeps } = MODELS[model];
  const tables = featuresOf(model, hyperparameters, options);
  const stopping = stoppingRule({
    ...options,
    sweeps: options.sweeps ?? sweeps,
    earlyStop: options.earlyStop ?? earlyStop,
    patience: options.patience ?? patience,
    keeps,
  });
  checkRatings(given, options.heldOut);
  checkMeasure(options, options.heldOut);
  const seed = options.seed ?? 1;
  if (!Number.isSafeInteger(seed)) throw new OptionsError(`seed is ${seed}: it must be a whole number`);
  const clock = stopwatch();
  const { train: ratings, heldOut } = MODELS[model].binary
    ? binaryRatings(given, options.heldOut, hyperparameters as LogisticHyperparameters, seed)
    : { train: given, heldOut: options.heldOut };

  const initial = options.init
    ? parametersFrom(options.init, ratings, hyperparameters, tables)
    : randomParameters(ratings, hyperparameters, seed);
  const byUser = csrOf(ratings, "users");
  const index = clock();

  const { device = "auto" } = options;
  const engine = typeof device === "string" ? await openEngine(device, options.onNotice, { memoryBytes: options.deviceMemory }) : device;
  let training: Training<HyperparametersOf[M], SumsOf<M>> | undefined;
  try {
    const problem: Problem<M> = {
      model,
      hyperparameters,
      byUser,
      // Sorted when the engine asks, by when the users' side is on its way to the device.
      get byItem() {
        return csrOf(ratings, "items");
      },
      heldOut,
      initial,
      features: tables && {
        users: tables.users?.rowsFor(ratings.users),
        items: tables.items?.rowsFor(ratings.items),
      },
      seed,
    };
    training = (await openTraining(engine, problem)) as unknown as Training<HyperparametersOf[M], SumsOf<M>>;
    const itemCounts = rowLengths(csrOf(given, "items"));
    const seen = options.keepSeen === false ? undefined : seenItems(given);
    const statistics = given.statistics();
    const upload = clock();
    const modelOf = (parameters: Parameters): FactorModel =>
      new FactorModel({
        model,
        hyperparameters,
        parameters,
        features: tables,
        users: ratings.users,
        items: ratings.items,
        catalogue: ratings.catalogue,
        statistics,
        itemCounts,
        seen,
      });
    const counts = { ratings: ratings.count, heldOut: heldOut?.count ?? 0 };
    const figures = (sums: SumsOf<M>): Figures => MODELS[model].figures(hyperparameters, sums, counts);
    const ranking = rankingOf(model, given, hyperparameters, options);
    const { history, stop } = await train(training, figures, ranking, stopping, options, modelOf, "stepSize" in hyperparameters);
    const trained = modelOf(await training.read("kept"));
    return { model: trained, history, stop, device: engine.info, seconds: { index, upload, train: clock() } };
  } finally {
    training?.destroy();
    if (typeof device === "string") engine.destroy();
  }
}

/** What lists are measured by after a sweep, where the options, or the model, ask for it. */
function rankingOf(
  model: ModelName,
  train: Ratings,
  hyperparameters: Hyperparameters,
  options: TrainingOptions,
): ((training: Training<unknown, unknown>, sweep: number) => Promise<Partial<Figures>>) | undefined {
  const { heldOut, measureBy = model === "implicit" ? "ndcg" : "loss", measureEvery = 1, measureThreshold } = options;
  if (measureBy === "loss" || !heldOut) return undefined;
  const relevance = relevanceOf({ hyperparameters, statistics: train.statistics() }, measureThreshold);
  let measure: ReturnType<typeof rankingMeasure>;
  try {
    measure = rankingMeasure(train, heldOut, relevance, hyperparameters.factors);
  } catch (error) {
    // What nobody asked for need not be there.
    if (options.measureBy !== undefined || !(error instanceof RatingsError)) throw error;
    options.onNotice?.(`nothing is measured between sweeps: ${error.message}`);
    return undefined;
  }
  const last = options.sweeps ?? MODELS[model].sweeps ?? DEFAULT_SWEEPS;
  return async (training, sweep) => {
    if (sweep % measureEvery !== 0 && sweep !== last) return { measuredBy: measureBy };
    // `gibbs` is the average of its samples, which is what it keeps.
    return { measuredBy: measureBy, ...measure(await training.read(MODELS[model].keeps === "last" ? "kept" : "current")) };
  };
}

/** Gradient descent whose objective has grown so many times over will not come back. */
const DIVERGED_TIMES = 10;

/** @param stepped whether the model is trained by steps of a size that may be too large. */
async function train<Sums>(
  training: Training<unknown, Sums>,
  figures: (sums: Sums) => Figures,
  ranking: ((training: Training<unknown, Sums>, sweep: number) => Promise<Partial<Figures>>) | undefined,
  stopping: ReturnType<typeof stoppingRule>,
  options: TrainingOptions,
  modelOf: (parameters: Parameters) => FactorModel,
  stepped: boolean,
): Promise<{ history: HistoryEntry[]; stop: Stop }> {
  const clock = stopwatch();
  const before = options.resumed?.at(-1)?.seconds ?? 0;
  let elapsed = before;
  const history: HistoryEntry[] = options.resumed ? [...options.resumed] : [];
  const measure = async (sweep: number): Promise<HistoryEntry> => {
    const measured = { ...figures(await training.measure()), ...(await ranking?.(training, sweep)) };
    elapsed += clock();
    const first = history[0]?.objective;
    const grown = stepped && first !== undefined && measured.objective > DIVERGED_TIMES * Math.abs(first);
    if (!Number.isFinite(measured.objective) || grown) {
      throw new DivergedError(`the objective is ${measured.objective} after sweep ${sweep}: training diverges`, {
        remedy: stepped ? "give stepSize a smaller value" : "give tau and gamma a larger value",
      });
    }
    return { sweep, ...measured, seconds: elapsed };
  };

  if (!options.resumed) history.push(await measure(0));
  training.keep();
  const report = async (entry: HistoryEntry): Promise<void> => {
    await options.onSweep?.(entry);
    clock();
  };
  if (!options.resumed) await report(history[0]);
  const checkpointEvery = options.checkpointEvery ?? 5;
  for (;;) {
    const last = history[history.length - 1];
    const reason = options.signal?.aborted ? "aborted" : stopping.reached(history);
    if (reason) return { history, stop: { reason, sweep: last.sweep, bestSweep: stopping.best(history) } };
    await training.sweep(last.sweep + 1);
    const entry = await measure(last.sweep + 1);
    history.push(entry);
    if (stopping.best(history) === entry.sweep) training.keep();
    await report(entry);
    if (options.onCheckpoint && entry.sweep % checkpointEvery === 0)
      await options.onCheckpoint(modelOf(await training.read(stopping.keepsLast ? "kept" : "current")), history);
  }
}

/** The hyperparameters among the options. @throws OptionsError for one that only other models have. */
export function hyperparametersOf<M extends ModelName>(model: M, options: FitOptions): Partial<HyperparametersOf[M]> {
  const given = Object.entries(options).filter(([name, value]) => HYPERPARAMETER_NAMES.has(name) && value !== undefined);
  const foreign = given.find(([name]) => !(name in MODELS[model].defaults));
  if (foreign) {
    throw new OptionsError(`${model} has no hyperparameter "${foreign[0]}"`, {
      remedy: `it has ${Object.keys(MODELS[model].defaults).join(", ")}`,
    });
  }
  return Object.fromEntries(given) as Partial<HyperparametersOf[M]>;
}

/** The features of both sides. @throws OptionsError when the model, or its hyperparameters, have no use for them. */
function featuresOf(model: ModelName, h: Hyperparameters, { itemFeatures, userFeatures }: TrainingOptions): FeatureTables | undefined {
  if (!itemFeatures && !userFeatures) return undefined;
  if (!("tauFeatures" in h)) throw new OptionsError(`${model} takes no features`, { remedy: "train a model of als" });
  if (h.regularization === "weighted") throw new OptionsError("features go with plain regularization only");
  if (h.factors === 0) throw new OptionsError("features shape factors, and factors is 0");
  for (const [table, name] of [
    [itemFeatures, "tauItems"],
    [userFeatures, "tauUsers"],
  ] as const) {
    if (table && h[name] === 0) throw new OptionsError(`${name} is 0: features need a precision that ties factors to them`);
  }
  return { users: userFeatures, items: itemFeatures };
}

function checkRatings(ratings: Ratings, heldOut: Ratings | undefined): void {
  if (ratings.count === 0) throw new RatingsError("there are no ratings to train on", { remedy: "hold out a smaller share" });
  if (heldOut && (heldOut.users !== ratings.users || heldOut.items !== ratings.items)) {
    throw new RatingsError("the held-out ratings have other ids than the training ratings", {
      remedy: "split one set of ratings with splitRatings",
    });
  }
}

/** μ: the training mean, as log-odds for `logistic`, whose mean is the share of positives; 0 where the model has none. */
function meanOf(ratings: Ratings, h: Hyperparameters): number {
  if (!("mean" in h) || !h.mean) return 0;
  const { mean } = ratings.statistics();
  return Math.fround("positiveThreshold" in h ? Math.log(mean / (1 - mean)) : mean);
}

/**
 * Normal factors of standard deviation 0.1 and biases of 0. Small, so that the first half-sweep starts near the bias-only
 * model, and not zero, which would be a saddle point.
 */
function randomParameters(ratings: Ratings, h: Hyperparameters, seed: number): Parameters {
  const random = seededRandom(seed);
  const normals = (count: number): Float32Array => Float32Array.from({ length: count }, () => 0.1 * random.normal());
  return {
    factors: h.factors,
    userFactors: normals(ratings.users.size * h.factors),
    itemFactors: normals(ratings.items.size * h.factors),
    userBiases: new Float32Array(ratings.users.size),
    itemBiases: new Float32Array(ratings.items.size),
    globalMean: meanOf(ratings, h),
  };
}

/** The parameters of a model for these ratings' ids; users and items that it does not know start at 0. */
function parametersFrom(init: FactorModel, ratings: Ratings, h: Hyperparameters, tables: FeatureTables | undefined): Parameters {
  const K = h.factors;
  const { users, items } = init;
  const parameters = lastSample(init.parameters);
  if (parameters.factors !== K) {
    throw new OptionsError(`the model to start from has ${parameters.factors} factors, not ${K}`, {
      remedy: `ask for ${parameters.factors} factors`,
    });
  }
  // The covariances go along when they are of the kind that is asked for; else, and for the unknown, they are the starting ones.
  const before = "covariance" in h && parameters.posterior?.family === h.covariance ? parameters.posterior : undefined;
  const width = before && (before.family === "full" ? triangle(K + 1) : K + 1);
  const side = (
    known: typeof users,
    wanted: typeof users,
    factors: Float32Array,
    biases: Float32Array,
    spread: Float32Array | undefined,
    start: Float32Array | undefined,
  ): { factors: Float32Array; biases: Float32Array; spread: Float32Array } => {
    const taken = {
      factors: new Float32Array(wanted.size * K),
      biases: new Float32Array(wanted.size),
      spread: start ?? new Float32Array(0),
    };
    for (let row = 0; row < wanted.size; row++) {
      const from = known.indexOf(wanted.rawAt(row));
      if (from < 0) continue;
      taken.factors.set(factors.subarray(from * K, from * K + K), row * K);
      if (spread && width) taken.spread.set(spread.subarray(from * width, (from + 1) * width), row * width);
      if (!("biases" in h) || h.biases) taken.biases[row] = biases[from];
    }
    return taken;
  };
  const counts = { userBiases: new Float32Array(ratings.users.size), itemBiases: new Float32Array(ratings.items.size) };
  const start = before && "covariance" in h ? initialPosterior(h, counts) : undefined;
  const user = side(users, ratings.users, parameters.userFactors, parameters.userBiases, before?.users, start?.users);
  const item = side(items, ratings.items, parameters.itemFactors, parameters.itemBiases, before?.items, start?.items);
  return {
    factors: K,
    userFactors: user.factors,
    itemFactors: item.factors,
    userBiases: user.biases,
    itemBiases: item.biases,
    globalMean: meanOf(ratings, h),
    posterior: before && { ...before, users: user.spread, items: item.spread },
    draws: init.parameters.draws?.slice(-1),
    features: tables && { users: featuresFrom(init, "users", tables), items: featuresFrom(init, "items", tables) },
  };
}

/** The factors of the features of one side, when the model knows the same features; else they start at 0. */
function featuresFrom(init: FactorModel, side: "users" | "items", tables: FeatureTables): Float32Array | undefined {
  const [known, wanted] = [init.features?.[side]?.names, tables[side]?.names];
  const same = known && wanted && known.length === wanted.length && known.every((name, at) => name === wanted[at]);
  return same ? init.parameters.features?.[side] : undefined;
}

/** The last of the samples that `gibbs` averages; other parameters as they are. Sampling goes on from it and its λ; the average starts again. */
function lastSample(parameters: Parameters): Parameters {
  const { draws } = parameters;
  if (!draws) return parameters;
  const S = draws.length;
  const K = parameters.factors / S;
  const last = (wide: Float32Array, scale: number): Float32Array =>
    Float32Array.from({ length: wide.length / S }, (_, at) => scale * wide[(Math.floor(at / K) * S + S - 1) * K + (at % K)]);
  return {
    ...parameters,
    factors: K,
    userFactors: last(parameters.userFactors, S),
    itemFactors: last(parameters.itemFactors, 1),
    draws: undefined,
  };
}

/** Seconds since the last call, or since it was made. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    last = now;
    return seconds;
  };
}

// What a training will take, said before it starts: bytes on the host and on the device, and the time of a sweep.

import { type DeviceInfo, type Engine, type MemoryReport, SIDES } from "../engine/engine.js";
import { openEngine } from "../engine/open-engine.js";
import {
  checkModel,
  definitionOf,
  type HyperparametersOf,
  hyperparametersOn,
  type ModelName,
  MODELS,
  spreadOf,
} from "../models/registry.js";
import { checkArguments } from "../options.js";
import { type Ratings, RATINGS_KIND } from "../ratings/ratings.js";
import { checkFitOptions, checkSweeps, fitBriefly, type FitOptions, type FitOptionsOf, hyperparametersOf } from "./fit.js";
import { DEFAULT_SWEEPS } from "./stopping.js";

/** What a training will take. */
export interface TrainingPlan {
  readonly device: DeviceInfo;
  /** Bytes of the ratings, their two indexes and the parameters in the host's memory. */
  readonly hostBytes: number;
  /** Undefined on the CPU. */
  readonly memory: MemoryReport | undefined;
  /** Seconds of a sweep with its measurement, about: measured on a sample of the ratings and scaled by the work. */
  readonly secondsPerSweep: number;
  /** Most sweeps, as asked for or as the model has by default. */
  readonly sweeps: number;
  /** Ratings of the sample. */
  readonly sampled: number;
}

/** Ratings of the sample: enough to keep a GPU busy, little enough for a CPU. */
const SAMPLE = { webgpu: 1_000_000, cpu: 1_000_000, reference: 100_000 } as const;
const SAMPLE_SWEEPS = 3;
/** User, item and value; index and value by user and by item. */
const HOST_BYTES_PER_RATING = 12 + 16;
const BYTES_PER_TIME = 8;
/** Beside the ratings, and in both indexes. */
const BYTES_PER_WEIGHT = 12;

/**
 * Plans a training without doing it.
 *
 * @throws OptionsError as `fit`, DeviceError when the device cannot hold it; the signal's reason.
 */
export async function planTraining<M extends ModelName = "als">(ratings: Ratings, options?: FitOptionsOf<M>): Promise<TrainingPlan>;
export async function planTraining(ratings: Ratings, options: FitOptions = {}): Promise<TrainingPlan> {
  checkArguments("planTraining", { ratings: [ratings, RATINGS_KIND] });
  const model = checkFitOptions("planTraining", options);
  checkSweeps(model, options);
  const { device = "auto", heldOut, memoryBytes } = options;
  const engine: Engine = typeof device === "string" ? await openEngine(device, options.onNotice, { memoryBytes }) : device;
  try {
    const memory = memoryOf(ratings, options, engine);
    const h = hyperparametersFor(model, options, engine);
    const K = h.factors;
    const rows = ratings.users.size + ratings.items.size;
    const definition = definitionOf(model);
    const { steps } = definition.operations(h, options.seed ?? 1);
    // Of conjugate gradients over all pairs, a product with the shared matrix a row and step.
    const stepping = (count: number): number => (steps! + 1) * (8 * count * (K + 1) + (definition.overAllPairs ? 2 * rows * K * K : 0));
    const operations = (count: number): number =>
      steps === undefined ? 2 * count * (K + 2) * (K + 3) + (rows * (K + 1) ** 3) / 3 : stepping(count);
    const sampled = Math.min(ratings.count, SAMPLE[engine.info.kind]);
    const measured = await sweepSeconds(sampleOf(ratings, sampled), options, engine);
    const columns = (set: Ratings, perRating: number): number =>
      set.count * (perRating + (set.time ? BYTES_PER_TIME : 0) + (set.weight ? BYTES_PER_WEIGHT : 0));
    return {
      device: engine.info,
      hostBytes: columns(ratings, HOST_BYTES_PER_RATING) + (heldOut ? columns(heldOut, 12) : 0) + 4 * rows * (K + 1),
      memory,
      secondsPerSweep: (measured * operations(ratings.count)) / operations(sampled),
      sweeps: options.sweeps ?? MODELS[model].sweeps ?? DEFAULT_SWEEPS,
      sampled,
    };
  } finally {
    if (typeof device === "string") engine.destroy();
  }
}

/**
 * What a training takes on the engine's device; undefined on the CPU.
 *
 * @throws OptionsError, DeviceError when the device cannot hold it.
 */
export function memoryOf(ratings: Ratings, options: FitOptions, engine: Engine): MemoryReport | undefined {
  const model = checkModel(options.model ?? "als");
  return outlineOf(model, ratings, options, engine);
}

function outlineOf<M extends ModelName>(model: M, ratings: Ratings, options: FitOptions, engine: Engine): MemoryReport | undefined {
  const definition = MODELS[model];
  const h = hyperparametersFor(model, options, engine);
  const pulls = SIDES.filter((side) => (side === "users" ? options.userFeatures : options.itemFeatures));
  return engine.memory({
    factors: h.factors,
    spread: spreadOf(model, h),
    operations: { ...definition.operations(h, options.seed ?? 1), pulls },
    users: ratings.users.size,
    items: ratings.items.size,
    ratings: ratings.count,
    weighted: ratings.weight !== undefined,
    heldOut: options.heldOut?.count ?? 0,
  });
}

/** The hyperparameters that a training on an engine would have. @throws OptionsError */
export function hyperparametersFor<M extends ModelName>(model: M, options: FitOptions, engine: Engine): HyperparametersOf[M] {
  const given = hyperparametersOf(model, options);
  return hyperparametersOn(model, MODELS[model].complete(given), given, engine.info);
}

/** Every n-th rating, so that rows keep their proportions. */
function sampleOf(ratings: Ratings, count: number): Ratings {
  if (count === ratings.count) return ratings;
  return ratings.select(Uint32Array.from({ length: count }, (_, at) => Math.floor((at * ratings.count) / count)));
}

/** The fastest of the sweeps after the first, which compiles and warms up. */
async function sweepSeconds(sample: Ratings, options: FitOptions, engine: Engine): Promise<number> {
  const seconds: number[] = [];
  await fitBriefly(checkModel(options.model ?? "als"), sample, {
    ...options,
    device: engine,
    heldOut: undefined,
    measureBy: undefined,
    measureEvery: undefined,
    relevanceThreshold: undefined,
    init: undefined,
    resume: undefined,
    sweeps: SAMPLE_SWEEPS,
    earlyStop: false,
    keepSeen: false,
    onSweep: (entry) => seconds.push(entry.seconds),
    onCheckpoint: undefined,
    checkpointEvery: undefined,
    memoryBytes: undefined,
  });
  options.signal?.throwIfAborted();
  return Math.min(...seconds.slice(2).map((time, at) => time - seconds[at + 1]));
}

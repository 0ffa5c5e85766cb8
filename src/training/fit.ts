// The sweep loop: opens an engine, alternates half-sweeps, measures, and keeps the best parameters.

import { buildCsr } from "../ratings/csr.js";
import { DivergedError, OptionsError, RatingsError } from "../errors.js";
import type { DeviceInfo, Engine, Session } from "../engine/engine.js";
import { type DeviceChoice, openEngine } from "../engine/open-engine.js";
import { type AlsHyperparameters, alsHyperparameters, alsObjective } from "../models/als.js";
import { FactorModel } from "../models/factor-model.js";
import type { Parameters } from "../models/parameters.js";
import { seededRandom } from "../random.js";
import type { Ratings } from "../ratings/ratings.js";
import { seenItems } from "../ratings/seen.js";
import type { HistoryEntry, Stop } from "./history.js";
import { bestSweep, stoppingRule, type StoppingOptions } from "./stopping.js";

export interface FitOptions extends Partial<AlsHyperparameters>, StoppingOptions {
  /** The model to train. Default "als". */
  readonly model?: "als" | undefined;
  /** Ratings to measure by, with the same users and items as the training ratings. */
  readonly heldOut?: Ratings | undefined;
  /** Seed of the starting factors. Default 1. */
  readonly seed?: number | undefined;
  /** Parameters to start from instead: a model trained before, matched by raw ids. */
  readonly init?: FactorModel | undefined;
  /** Where to compute: a choice, or an engine of the caller's own, which is left open. Default "auto". */
  readonly device?: DeviceChoice | Engine | undefined;
  /** Called after every sweep, and once before the first with sweep 0. */
  readonly onSweep?: ((entry: HistoryEntry) => void) | undefined;
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

export interface FitResult {
  readonly model: FactorModel;
  readonly history: readonly HistoryEntry[];
  readonly stop: Stop;
  readonly device: DeviceInfo;
  /** Seconds spent indexing the ratings, opening the device and uploading to it, and sweeping. */
  readonly seconds: { readonly index: number; readonly upload: number; readonly train: number };
}

/**
 * Trains a model: sweeps of a users half-sweep and an items half-sweep, until the stopping rule says so.
 *
 * @throws OptionsError, RatingsError when there is nothing to train on, DeviceError, NotPositiveDefiniteError, DivergedError.
 */
export async function fit(ratings: Ratings, options: FitOptions = {}): Promise<FitResult> {
  const model = options.model ?? "als";
  if (model !== "als") throw new OptionsError(`model is "${String(model)}": it must be "als"`);
  const hyperparameters = hyperparametersOf(options);
  const stopping = stoppingRule(options);
  checkRatings(ratings, options.heldOut);
  const clock = stopwatch();

  const initial = options.init
    ? parametersFrom(options.init, ratings, hyperparameters)
    : randomParameters(ratings, hyperparameters, options.seed ?? 1);
  const byUser = buildCsr(ratings, "users", ratings.users.size);
  const byItem = buildCsr(ratings, "items", ratings.items.size);
  const itemCounts = byItem.start.subarray(1).map((end, item) => end - byItem.start[item]);
  const seen = options.keepSeen === false ? undefined : seenItems(ratings, options.heldOut);
  const statistics = ratings.statistics();
  const index = clock();

  const { device = "auto" } = options;
  const engine = typeof device === "string" ? await openEngine(device, options.onNotice) : device;
  let session: Session | undefined;
  try {
    session = await engine.open({ hyperparameters, byUser, byItem, heldOut: options.heldOut, initial });
    const modelOf = (parameters: Parameters): FactorModel =>
      new FactorModel({
        model,
        hyperparameters,
        parameters,
        users: ratings.users,
        items: ratings.items,
        catalogue: ratings.catalogue,
        statistics,
        itemCounts,
        seen,
      });
    const upload = clock();
    const { history, stop } = await sweep(session, ratings.count, hyperparameters, stopping, options, modelOf);
    const trained = modelOf(await session.read("kept"));
    return { model: trained, history, stop, device: engine.info, seconds: { index, upload, train: clock() } };
  } finally {
    session?.destroy();
    if (typeof device === "string") engine.destroy();
  }
}

async function sweep(
  session: Session,
  trainCount: number,
  hyperparameters: AlsHyperparameters,
  stopping: ReturnType<typeof stoppingRule>,
  options: FitOptions,
  modelOf: (parameters: Parameters) => FactorModel,
): Promise<{ history: HistoryEntry[]; stop: Stop }> {
  const heldOutCount = options.heldOut?.count ?? 0;
  const clock = stopwatch();
  const before = options.resumed?.at(-1)?.seconds ?? 0;
  let elapsed = before;
  const measure = async (sweep: number): Promise<HistoryEntry> => {
    const sums = await session.measure();
    elapsed += clock();
    const objective = alsObjective(hyperparameters, sums);
    if (!Number.isFinite(objective)) {
      throw new DivergedError(`the objective is ${objective} after sweep ${sweep}`, { remedy: "give tau and gamma a larger value" });
    }
    return {
      sweep,
      objective,
      trainRmse: Math.sqrt(sums.trainSquares / trainCount),
      heldOutRmse: heldOutCount > 0 ? Math.sqrt(sums.heldOutSquares / heldOutCount) : null,
      seconds: elapsed,
    };
  };

  const history: HistoryEntry[] = options.resumed ? [...options.resumed] : [await measure(0)];
  session.keep();
  if (!options.resumed) options.onSweep?.(history[0]);
  const checkpointEvery = options.checkpointEvery ?? 5;
  for (;;) {
    const last = history[history.length - 1];
    const reason = options.signal?.aborted ? "aborted" : stopping.reached(history);
    if (reason) return { history, stop: { reason, sweep: last.sweep, bestSweep: bestSweep(history) } };
    session.solve("users");
    session.solve("items");
    const entry = await measure(last.sweep + 1);
    history.push(entry);
    if (bestSweep(history) === entry.sweep) session.keep();
    options.onSweep?.(entry);
    if (options.onCheckpoint && entry.sweep % checkpointEvery === 0) await options.onCheckpoint(modelOf(await session.read()), history);
  }
}

function hyperparametersOf(options: FitOptions): AlsHyperparameters {
  const { factors, lambda, tauUsers, tauItems, gammaUsers, gammaItems, mean, biases, regularization, update } = options;
  return alsHyperparameters({ factors, lambda, tauUsers, tauItems, gammaUsers, gammaItems, mean, biases, regularization, update });
}

function checkRatings(ratings: Ratings, heldOut: Ratings | undefined): void {
  if (ratings.count === 0) throw new RatingsError("there are no ratings to train on", { remedy: "hold out a smaller share" });
  if (heldOut && (heldOut.users !== ratings.users || heldOut.items !== ratings.items)) {
    throw new RatingsError("the held-out ratings have other ids than the training ratings", {
      remedy: "split one set of ratings with splitRatings",
    });
  }
}

const meanOf = (ratings: Ratings, h: AlsHyperparameters): number => (h.mean ? Math.fround(ratings.statistics().mean) : 0);

/**
 * Normal factors of standard deviation 0.1 and biases of 0. Small, so that the first half-sweep starts near the bias-only
 * model, and not zero, which would be a saddle point.
 */
function randomParameters(ratings: Ratings, h: AlsHyperparameters, seed: number): Parameters {
  if (!Number.isSafeInteger(seed)) throw new OptionsError(`seed is ${seed}: it must be a whole number`);
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
function parametersFrom(init: FactorModel, ratings: Ratings, h: AlsHyperparameters): Parameters {
  const K = h.factors;
  const { parameters, users, items } = init;
  if (parameters.factors !== K) {
    throw new OptionsError(`the model to start from has ${parameters.factors} factors, not ${K}`, {
      remedy: `ask for ${parameters.factors} factors`,
    });
  }
  const side = (
    known: typeof users,
    wanted: typeof users,
    factors: Float32Array,
    biases: Float32Array,
  ): { factors: Float32Array; biases: Float32Array } => {
    const taken = { factors: new Float32Array(wanted.size * K), biases: new Float32Array(wanted.size) };
    for (let row = 0; row < wanted.size; row++) {
      const from = known.indexOf(wanted.rawAt(row));
      if (from < 0) continue;
      taken.factors.set(factors.subarray(from * K, from * K + K), row * K);
      if (h.biases) taken.biases[row] = biases[from];
    }
    return taken;
  };
  const user = side(users, ratings.users, parameters.userFactors, parameters.userBiases);
  const item = side(items, ratings.items, parameters.itemFactors, parameters.itemBiases);
  return {
    factors: K,
    userFactors: user.factors,
    itemFactors: item.factors,
    userBiases: user.biases,
    itemBiases: item.biases,
    globalMean: meanOf(ratings, h),
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

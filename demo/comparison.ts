// The same training on several engines, one after the other:
// how long a sweep takes on each, and how far their predictions lie apart.

import { type DeviceInfo, type Engine, type FactorModel, fit, type FitOptions, type HistoryEntry, type Ratings } from "../src/index.js";
import { interruptible } from "./interruptible.js";

export interface Contender {
  readonly device: DeviceInfo;
  /** Until the first sweep was done, seconds: uploading, compiling kernels, and that sweep. */
  readonly firstSeconds: number;
  /** A sweep and its measurement, seconds: the median of those after the first. */
  readonly sweepSeconds: number;
  /** Held-out RMSE, or log-loss, after the last sweep; null for models without one. */
  readonly heldOut: number | null;
}

/** The course of one engine: seconds since its start, and the held-out error, or the objective, a sweep. */
export interface Course {
  readonly device: DeviceInfo;
  readonly seconds: readonly number[];
  readonly errors: readonly number[];
}

/** What is told after every sweep. */
export interface Lap {
  readonly device: DeviceInfo;
  readonly sweep: number;
  /** Those who have all their sweeps behind them. */
  readonly done: readonly Contender[];
  /** Of all that have begun, the present one last. */
  readonly courses: readonly Course[];
}

export interface Comparison {
  /** The last is the one that the others are compared with. */
  readonly contenders: readonly Contender[];
  readonly sweeps: number;
  readonly factors: number;
  /**
   * Largest difference of a held-out prediction from that of the last contender, of each of the others;
   * and how many predictions there are.
   */
  readonly differences: readonly number[];
  readonly predictions: number;
}

/**
 * Trains on one engine after the other, from the same start.
 *
 * @param onLap awaited.
 * @returns undefined when the signal ended it.
 */
export async function raceEngines(
  engines: readonly Engine[],
  train: Ratings,
  heldOut: Ratings,
  options: FitOptions & { readonly sweeps: number; readonly signal: AbortSignal },
  onLap: (lap: Lap) => Promise<void>,
): Promise<Comparison | undefined> {
  const { sweeps, signal } = options;
  const contenders: Contender[] = [];
  const models: FactorModel[] = [];
  const courses: { device: DeviceInfo; seconds: number[]; errors: number[] }[] = [];
  for (const engine of engines) {
    const course = { device: engine.info, seconds: [] as number[], errors: [] as number[] };
    courses.push(course);
    const { model, history, seconds } = await fit(train, {
      ...options,
      heldOut,
      device: interruptible(engine, signal),
      earlyStop: false,
      keeps: "last",
      onSweep: async (entry) => {
        course.seconds.push(entry.seconds);
        course.errors.push(entry.heldOutLogLoss ?? entry.heldOutRmse ?? entry.objective);
        await onLap({ device: engine.info, sweep: entry.sweep, done: [...contenders], courses });
      },
    });
    if (signal.aborted) return undefined;
    contenders.push(contenderOf(engine.info, history, seconds.upload));
    models.push(model);
  }
  const reference = models[models.length - 1];
  const differences = models.slice(0, -1).map((model) => largestDifference(model, reference, heldOut));
  return { contenders, sweeps, factors: reference.parameters.factors, differences, predictions: heldOut.count };
}

function largestDifference(model: FactorModel, reference: FactorModel, { user, item, count }: Ratings): number {
  let largest = 0;
  for (let at = 0; at < count; at++) {
    largest = Math.max(largest, Math.abs(model.predictAt(user[at], item[at]) - reference.predictAt(user[at], item[at])));
  }
  return largest;
}

function contenderOf(device: DeviceInfo, history: readonly HistoryEntry[], uploadSeconds: number): Contender {
  const sweeps = history.slice(2).map(({ seconds }, at) => seconds - history[at + 1].seconds);
  const last = history[history.length - 1];
  return {
    device,
    firstSeconds: uploadSeconds + (history[1] ?? history[0]).seconds,
    sweepSeconds: sweeps.sort((a, b) => a - b)[Math.floor(sweeps.length / 2)] ?? last.seconds,
    heldOut: last.heldOutLogLoss ?? last.heldOutRmse,
  };
}

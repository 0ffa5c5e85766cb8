// The same training on two engines: how long a sweep takes on each, and how far their predictions lie apart.

import { type DeviceInfo, type Engine, fit, type FitOptions, type HistoryEntry, type Ratings, ReferenceEngine } from "../src/index.js";

export interface Contender {
  readonly device: DeviceInfo;
  /** Until the first sweep was done, seconds: uploading, compiling kernels, and that sweep. */
  readonly firstSeconds: number;
  /** A sweep and its measurement, seconds: the median of those after the first. */
  readonly sweepSeconds: number;
  /** Held-out RMSE, or log-loss, after the last sweep; null for models without one. */
  readonly heldOut: number | null;
}

export interface Comparison {
  readonly gpu: Contender;
  readonly cpu: Contender;
  readonly sweeps: number;
  /** Largest difference between the two models' predictions of the held-out ratings, and how many those are. */
  readonly largestDifference: number;
  readonly predictions: number;
  readonly factors: number;
}

/**
 * Trains on the engine given, then on the CPU reference, with the same start, and compares.
 *
 * @param onSweep told how many sweeps both have done together; awaited.
 * @returns undefined when the signal ended it.
 */
export async function compareEngines(
  gpu: Engine,
  train: Ratings,
  heldOut: Ratings,
  options: FitOptions & { readonly sweeps: number; readonly signal: AbortSignal },
  onSweep: (done: number) => Promise<void>,
): Promise<Comparison | undefined> {
  let done = 0;
  const contend = async (device: Engine) => {
    const { model, history, seconds } = await fit(train, {
      ...options,
      heldOut,
      device,
      earlyStop: false,
      keeps: "last",
      onSweep: async ({ sweep }) => await onSweep(sweep === 0 ? done : ++done),
    });
    return { model, contender: contenderOf(device.info, history, seconds.upload) };
  };
  const first = await contend(gpu);
  const second = await contend(new ReferenceEngine());
  if (options.signal.aborted) return undefined;
  let largestDifference = 0;
  for (let at = 0; at < heldOut.count; at++) {
    const [m, n] = [heldOut.user[at], heldOut.item[at]];
    largestDifference = Math.max(largestDifference, Math.abs(first.model.predictAt(m, n) - second.model.predictAt(m, n)));
  }
  return {
    gpu: first.contender,
    cpu: second.contender,
    sweeps: options.sweeps,
    largestDifference,
    predictions: heldOut.count,
    factors: first.model.parameters.factors,
  };
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

// The loop over sweeps, whichever model on whichever engine:
// sweep, measure, keep the best, tell, take checkpoints, stop.

import type { Side } from "../engine/engine.js";
import { DivergedError, NotPositiveDefiniteError } from "../errors.js";
import type { Figures } from "../models/figures.js";
import type { Training, TrainingState } from "../models/training.js";
import type { RawId } from "../ratings/ids.js";
import { breather } from "./breather.js";
import type { HistoryEntry, Stop } from "./history.js";
import type { Stopping } from "./stopping.js";

/** Gradient descent whose objective has grown so many times over will not come back. */
const DIVERGED_TIMES = 10;

interface SweepLoop<Sums> {
  readonly training: Training<unknown, Sums>;
  readonly stopping: Stopping;
  /** What is made of a measurement after a sweep. */
  figures(sums: Sums, sweep: number): Promise<Figures>;
  /** Whether the model is trained by steps of a size that may be too large. */
  readonly stepped: boolean;
  /** History of the sweeps done before, whose state the training has. */
  readonly before: readonly HistoryEntry[] | undefined;
  readonly onSweep: ((entry: HistoryEntry) => unknown) | undefined;
  readonly onCheckpoint: ((history: readonly HistoryEntry[], state: TrainingState) => unknown) | undefined;
  /** Sweeps between checkpoints; one is taken at the end too. */
  readonly checkpointEvery: number;
  readonly signal: AbortSignal | undefined;
  /** Of a training that several processes share: whether any of them says so. */
  readonly anyOf?: ((said: boolean) => Promise<boolean>) | undefined;
  /** Whose row it is, for errors. */
  idOf(side: Side, row: number): RawId;
  /** What to do about a row without a solution; undefined where a precision of 0 is the cause. */
  remedyFor(side: Side): string | undefined;
}

/** @throws DivergedError when the objective leaves the finite numbers, or grows without end. */
export async function sweepUntilStop<Sums>(loop: SweepLoop<Sums>): Promise<{ history: HistoryEntry[]; stop: Stop }> {
  const { training, stopping, stepped, before, onCheckpoint, checkpointEvery } = loop;
  const clock = stopwatch();
  const breathe = breather();
  let elapsed = before?.at(-1)?.seconds ?? 0;
  const history: HistoryEntry[] = [...(before ?? [])];
  const measure = async (sweep: number): Promise<HistoryEntry> => {
    const measured = await loop.figures(await training.measure(), sweep);
    elapsed += clock();
    const first = history[0]?.objective;
    const grown = stepped && first !== undefined && measured.objective > DIVERGED_TIMES * Math.abs(first);
    if (!Number.isFinite(measured.objective) && sweep === 0) {
      throw new DivergedError(`the objective is ${measured.objective} before the first sweep`, {
        remedy: "ratings, their weights, hyperparameters or the factors to start from are too large for float32: give smaller ones",
      });
    }
    if (!Number.isFinite(measured.objective) || grown) {
      throw new DivergedError(`the objective is ${measured.objective} after sweep ${sweep}: training diverges`, {
        remedy: stepped ? "give stepSize a smaller value" : "give tauUsers and tauItems larger values",
      });
    }
    return { sweep, ...measured, seconds: elapsed };
  };
  const report = async (entry: HistoryEntry): Promise<void> => {
    await loop.onSweep?.(entry);
    await breathe();
    clock();
  };

  let saved = before?.at(-1)?.sweep;
  const checkpoint = async (): Promise<void> => {
    const { sweep } = history[history.length - 1];
    if (!onCheckpoint || saved === sweep) return;
    saved = sweep;
    await onCheckpoint([...history], await training.state());
    clock();
  };
  if (!before) {
    history.push(await measure(0));
    training.keep();
    await report(history[0]);
  }
  for (;;) {
    const last = history[history.length - 1];
    const aborted = loop.signal?.aborted ?? false;
    const reason = (await (loop.anyOf?.(aborted) ?? aborted)) ? "aborted" : stopping.reached(history);
    if (reason) {
      await checkpoint();
      return { history, stop: { reason, sweep: last.sweep, bestSweep: stopping.best(history) } };
    }
    let entry: HistoryEntry;
    try {
      await training.sweep(last.sweep + 1);
      entry = await measure(last.sweep + 1);
    } catch (error) {
      if (error instanceof NotPositiveDefiniteError)
        throw new NotPositiveDefiniteError(error.side, error.row, {
          id: loop.idOf(error.side, error.row),
          sweep: last.sweep + 1,
          remedy: loop.remedyFor(error.side),
        });
      // An engine that knows the signal may give the sweep up by throwing its reason: the sweeps before it count.
      if (!loop.signal?.aborted || error !== loop.signal.reason) throw error;
      return { history, stop: { reason: "aborted", sweep: last.sweep, bestSweep: stopping.best(history) } };
    }
    history.push(entry);
    if (stopping.best(history) === entry.sweep) training.keep();
    await report(entry);
    if (entry.sweep % checkpointEvery === 0) await checkpoint();
  }
}

/** Seconds since the last call, or since it was made. */
export function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    last = now;
    return seconds;
  };
}

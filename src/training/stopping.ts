// When a training ends: after a number of sweeps, when the objective barely moves,
// or when the held-out error keeps rising.

import { heldOutLoss } from "../models/figures.js";
import { checkKind, numberFrom, wholeFrom } from "../options.js";
import type { HistoryEntry, StopReason } from "./history.js";

/** Most sweeps of a model that names no number of its own. */
export const DEFAULT_SWEEPS = 20;
export const DEFAULT_PATIENCE = 3;

export interface StoppingOptions {
  /** Most sweeps. Default 20. */
  readonly sweeps?: number | undefined;
  /** Whether to stop before that. Default true; the best sweep is kept either way. */
  readonly earlyStop?: boolean | undefined;
  /** Relative change of the objective in one sweep below which training has converged. Default 1e-6. */
  readonly tolerance?: number | undefined;
  /**
   * Measured sweeps in a row without a new best held-out RMSE (or log-loss,
   * or what else it is measured by) after which training stops. Default 3.
   */
  readonly patience?: number | undefined;
}

export interface Stopping {
  readonly sweeps: number;
  /** Whether the model is of the last sweep, or an average that ends with it, whichever was best. */
  readonly keepsLast: boolean;
  /** The sweep whose parameters the model is to have. */
  best(history: readonly HistoryEntry[]): number;
  /** The reason to stop after the last entry, if there is one. */
  reached(history: readonly HistoryEntry[]): StopReason | undefined;
}

/** @throws OptionsError naming the option and its value. */
export function stoppingRule(
  options: StoppingOptions & { readonly keeps?: "best" | "last" | undefined; readonly settling?: number | undefined },
): Stopping {
  const { sweeps = DEFAULT_SWEEPS, earlyStop = true, tolerance = 1e-6, patience = DEFAULT_PATIENCE, settling = 0 } = options;
  checkKind("sweeps", sweeps, wholeFrom(0));
  checkKind("tolerance", tolerance, numberFrom(0));
  checkKind("patience", patience, wholeFrom(1));
  return {
    sweeps,
    keepsLast: options.keeps === "last",
    best: (history) => (options.keeps === "last" ? history[history.length - 1].sweep : bestSweep(history, settling)),
    reached(history) {
      const last = history[history.length - 1];
      if (earlyStop && history.length >= 2 && last.sweep > settling) {
        const before = history[history.length - 2];
        const settled = Math.abs(before.objective - last.objective) <= tolerance * Math.abs(before.objective);
        // What lists are measured by, every few sweeps, is measured of the last one too.
        if (settled && (!last.measuredBy || heldOutLoss(last) !== null)) return "converged";
        if (measuredSince(history, bestSweep(history, settling)) >= patience) return "held-out";
      }
      return last.sweep >= sweeps ? "sweeps" : undefined;
    },
  };
}

/** Sweeps after this one whose held-out loss was measured. */
const measuredSince = (history: readonly HistoryEntry[], sweep: number): number =>
  history.filter((entry) => entry.sweep > sweep && heldOutLoss(entry) !== null).length;

/**
 * The sweep of the lowest held-out loss, the first of equals; without any, the last sweep.
 * Sweeps up to `settling` count only while there are no others.
 */
export function bestSweep(history: readonly HistoryEntry[], settling = 0): number {
  const last = history[history.length - 1].sweep;
  let best: { readonly sweep: number; readonly loss: number } | undefined;
  for (const entry of history) {
    // Without sweeps that settle, the state before the first is a candidate too.
    if (settling > 0 && last > settling && entry.sweep <= settling) continue;
    const loss = heldOutLoss(entry);
    if (loss !== null && (!best || loss < best.loss)) best = { sweep: entry.sweep, loss };
  }
  return best?.sweep ?? last;
}

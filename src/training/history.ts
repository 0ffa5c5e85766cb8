// What is recorded of a training: one entry per sweep, sweep 0 being the state before the first.

import type { Figures } from "../models/figures.js";

export interface HistoryEntry extends Figures {
  readonly sweep: number;
  /** Seconds since training began, measuring included. */
  readonly seconds: number;
}

/** Why training ended: all sweeps done, the objective settled, held-out ratings fared worse, or the caller ended it. */
export type StopReason = "sweeps" | "converged" | "held-out" | "aborted";

/** Why a training ended, after which sweep, and which sweep's parameters the model holds. */
export interface Stop {
  readonly reason: StopReason;
  readonly sweep: number;
  readonly bestSweep: number;
}

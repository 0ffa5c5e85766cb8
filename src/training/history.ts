// What is recorded of a training: one entry a sweep, sweep 0 being the state before the first.

export interface HistoryEntry {
  readonly sweep: number;
  readonly objective: number;
  /** Root mean squared error over the training ratings, rating units. */
  readonly trainRmse: number;
  /** Root mean squared error over the held-out ratings; null when there are none. */
  readonly heldOutRmse: number | null;
  /** Seconds since training began, measuring included. */
  readonly seconds: number;
}

export type StopReason = "sweeps" | "converged" | "held-out" | "aborted";

/** Why a training ended, after which sweep, and which sweep's parameters the model holds. */
export interface Stop {
  readonly reason: StopReason;
  readonly sweep: number;
  readonly bestSweep: number;
}

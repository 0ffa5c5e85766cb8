// The interface of an engine: it holds a problem's ratings and parameters where it computes, and solves half-sweeps on request.

import type { AlsHyperparameters, Measurement } from "../models/als.js";
import type { Parameters } from "../models/parameters.js";
import type { Csr } from "../ratings/csr.js";
import type { RatingColumns } from "../ratings/ratings.js";

export type Side = "users" | "items";

/** What computes: shown to people and written into run files. */
export interface DeviceInfo {
  readonly kind: "cpu" | "webgpu";
  readonly name: string;
  /** True for the CPU reference and for software GPU drivers. */
  readonly software: boolean;
}

/** Rows `from` to `to` − 1 of one side. */
export interface RowSlice {
  readonly from: number;
  readonly to: number;
}

/** Everything a session needs: both CSR indexes of the training ratings, the held-out ratings, and the starting parameters. */
export interface Problem {
  readonly hyperparameters: AlsHyperparameters;
  readonly byUser: Csr;
  readonly byItem: Csr;
  readonly heldOut?: RatingColumns | undefined;
  readonly initial: Parameters;
}

/** One training in progress on an engine. Calls take effect in the order they are made. */
export interface Session {
  /**
   * Half-sweep: solves the normal equations of every row of one side, or of a contiguous slice of it, the other side fixed.
   * Returns when the work is queued; errors of the device and of singular systems come out of the next `measure` or `read`.
   */
  solve(side: Side, slice?: RowSlice): void;
  /** Squared errors and norms at the current parameters. @throws NotPositiveDefiniteError, DeviceError */
  measure(): Promise<Measurement>;
  /** Sets the current parameters aside as the ones to keep; replaces any kept before. */
  keep(): void;
  /** Reads parameters back: the current ones, or those set aside by `keep`. */
  read(which?: "current" | "kept"): Promise<Parameters>;
  destroy(): void;
}

export interface Engine {
  readonly info: DeviceInfo;
  /** Loads a problem. @throws DeviceError when it does not fit the device. */
  open(problem: Problem): Promise<Session>;
  /** Releases the device. The engine is of no use after. */
  destroy(): void;
}

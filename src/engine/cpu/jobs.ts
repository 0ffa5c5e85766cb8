// What the calling thread and the computing threads say to each other.

import type { Bounds, Epoch, RatingSet, RowChoice, RowSlice, Side, Spread } from "../engine.js";
import type { Elements } from "./fields.js";
import type { MemoryPlan } from "./memory-plan.js";

/** A system in the numbers that kernels take. */
export interface SystemNumbers {
  readonly kind: 0 | 1 | 2 | 3;
  readonly lambda: number;
  readonly confidence: number;
  readonly weighted: boolean;
  readonly biases: boolean;
  /** T of each coordinate, where the prior is a diagonal. */
  readonly precisions?: Float32Array | undefined;
  /** A prior that is a whole matrix: its packed lower triangle, and what it adds to the right-hand side. */
  readonly prior?: { readonly packed: Float32Array; readonly rhs: Float32Array } | undefined;
  readonly noise?: { readonly seed: number; readonly draw: number } | undefined;
  /** Steps of conjugate gradients; left out, systems are factored. */
  readonly steps?: number | undefined;
}

/** Sums over ratings, by kernel. */
export type RatingSum =
  | { readonly of: "squaredErrors"; readonly over: RatingSet; readonly clip?: Bounds | undefined }
  | { readonly of: "logLosses"; readonly over: RatingSet }
  | { readonly of: "expectedErrors"; readonly over: RatingSet; readonly lambda: number }
  | { readonly of: "confidentErrors"; readonly over: "training"; readonly confidence: number }
  | {
      readonly of: "averagedErrors";
      readonly over: "heldOut";
      readonly lambda: number;
      readonly draws: number;
      readonly clip?: Bounds | undefined;
    };

/** Sums over rows, by kernel. */
export type RowSum =
  | { readonly of: "squaredNorms"; readonly side: Side; readonly weighted: boolean }
  | { readonly of: "moments" | "posteriorSums"; readonly side: Side };

/** Work for all threads, which take it in pieces from a counter that they share. */
export type SharedJob =
  | { readonly do: "solve"; readonly side: Side; readonly system: SystemNumbers; readonly chunks: Uint32Array }
  /** `blocks`: first rating of each, and the end. */
  | { readonly do: "sumRatings"; readonly sum: RatingSum; readonly blocks: Uint32Array }
  | { readonly do: "sumRows"; readonly sum: RowSum }
  | {
      readonly do: "slopes";
      readonly side: Side;
      readonly chunks: Uint32Array;
      readonly lambda: number;
      readonly precisions: Float32Array;
      readonly biases: boolean;
      readonly step: number;
      readonly momentum: number;
    }
  | { readonly do: "takeStep"; readonly side: Side; readonly rows: RowSlice }
  | { readonly do: "extrapolate"; readonly side: Side; readonly momentum: number }
  | {
      readonly do: "epoch";
      readonly rounds: Uint32Array;
      readonly groups: number;
      /** The groups of users whose blocks are taken. */
      readonly taken: RowSlice;
      readonly logistic: boolean;
      readonly lambda: number;
      readonly precisions: Epoch["precisions"];
      readonly biases: boolean;
      readonly step: number;
    }
  | { readonly do: "topItems"; readonly k: number; readonly alpha: number; readonly batch: number };

/** Rows as they come from outside. */
export interface GivenRows {
  readonly factors: Float32Array;
  readonly biases: Float32Array;
  readonly covariances?: Float32Array | undefined;
}

/** Work for the first thread alone. */
export type SoleJob =
  | { readonly do: "load"; readonly field: string; readonly from: number; readonly values: Elements }
  | { readonly do: "unload"; readonly field: string; readonly from: number; readonly count: number }
  | { readonly do: "writeRows"; readonly side: Side; readonly from: number; readonly rows: GivenRows }
  | { readonly do: "readRows"; readonly side: Side; readonly kept: boolean; readonly from: number; readonly to: number }
  | { readonly do: "readPacked"; readonly side: Side; readonly rows: RowChoice }
  | { readonly do: "writePacked"; readonly side: Side; readonly rows: RowChoice; readonly packed: Float32Array }
  | { readonly do: "copyFields"; readonly pairs: readonly (readonly [from: string, to: string])[] };

export type Job = SharedJob | SoleJob;

/** Everything that a thread has to know of a session. */
export interface SessionOutline {
  readonly factors: number;
  readonly globalMean: number;
  readonly spread: Spread;
  /** Which ratings have weights: behind each value, then. */
  readonly weighted: Readonly<Record<RatingSet, boolean>>;
  readonly plan: MemoryPlan;
}

/** The arrays that threads share; where there are none, the one thread makes its own. */
export interface SharedArrays {
  readonly memory: WebAssembly.Memory;
  readonly outside: Readonly<Record<string, SharedArrayBuffer>>;
}

/** What a thread is started with. `control`: see `thread/tickets.ts`. */
export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly thread: number;
  readonly threads: number;
  readonly control: Int32Array;
}

export type Request =
  | { readonly say: "start"; readonly start: ThreadStart }
  | { readonly say: "open"; readonly session: number; readonly outline: SessionOutline; readonly shared: SharedArrays | undefined }
  | { readonly say: "do"; readonly session: number; readonly job: Job }
  | { readonly say: "close"; readonly session: number }
  /** Closes all sessions. */
  | { readonly say: "forget" };

/** What a thread has to say about a job: what it gives, or why it could not be done. */
export interface Reply {
  readonly given?: unknown;
  readonly failed?: { readonly message: string; readonly outOfMemory: boolean } | undefined;
}

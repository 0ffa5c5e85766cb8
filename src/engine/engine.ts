// The interface of an engine: it holds a problem's ratings and parameters where it computes, and solves half-sweeps on request.

import type { Measurement } from "../models/als.js";
import type { GibbsSums, Moments, PriorDraw } from "../models/gibbs.js";
import type { ImplicitSums } from "../models/implicit.js";
import type { HyperparametersOf, ModelName } from "../models/registry.js";
import type { Precisions, VbSums } from "../models/vb.js";
import type { Parameters } from "../models/parameters.js";
import type { Csr } from "../ratings/csr.js";
import type { SeenItems } from "../ratings/seen.js";
import type { SparseRows } from "../ratings/features.js";
import type { RatingColumns } from "../ratings/ratings.js";

/** One of the two sides of the ratings. */
export type Side = "users" | "items";

export const otherSide = (side: Side): Side => (side === "users" ? "items" : "users");

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
export interface Problem<M extends ModelName = "als"> {
  readonly model: M;
  readonly hyperparameters: HyperparametersOf[M];
  readonly byUser: Csr;
  readonly byItem: Csr;
  readonly heldOut?: RatingColumns | undefined;
  readonly initial: Parameters;
  /** S of each side that has features (`als`): rows in index order. */
  readonly features?: { readonly users?: SparseRows | undefined; readonly items?: SparseRows | undefined } | undefined;
  /** Seed of what is random in training itself. */
  readonly seed: number;
}

/** One training in progress on an engine. Calls take effect in the order they are made. `Sums` is what a measurement gives. */
export interface Session<Sums> {
  /**
   * One sweep, numbered from 1: for most models a users' and an items' half-sweep. Resolves when the work is queued; errors of the
   * device and of singular systems come out of the next `measure` or `read`.
   */
  sweep(number: number): Promise<void>;
  /** Sums at the current parameters. @throws NotPositiveDefiniteError, DeviceError */
  measure(): Promise<Sums>;
  /** Sets the current parameters aside as the ones to keep; replaces any kept before. */
  keep(): void;
  /** Reads parameters back: the current ones, or those set aside by `keep`. */
  read(which?: "current" | "kept"): Promise<Parameters>;
  /** Releases what the training holds. */
  destroy(): void;
}

/** Of a model trained by alternating half-sweeps. */
export interface AlternatingSession<Sums> extends Session<Sums> {
  /** Half-sweep: solves every row of one side, or of a contiguous slice of it, the other side fixed. Resolves when the work is queued. */
  solve(side: Side, slice?: RowSlice): Promise<void>;
}

export interface AlsSession extends AlternatingSession<Measurement> {
  /** Solves the feature factors of a side, and with them its prior means. Nothing happens when the side has no features. */
  solveFeatures(side: Side): void;
}

/** What a measurement of `vb` gives: sums, the precisions they were taken at, and the ELBO. */
export interface VbMeasurement extends VbSums {
  readonly precisions: Precisions;
  readonly elbo: number;
  /** Σ (r − E r̂)² and Σ log N(r; E r̂, 1/λ + Var r̂) over the held-out ratings; 0 when there are none. */
  readonly heldOutSquares: number;
  readonly heldOutLogDensity: number;
}

export interface VbSession extends AlternatingSession<VbMeasurement> {
  /** Sets the precisions that maximise the ELBO at the posterior measured. */
  learn(measured: VbMeasurement): void;
}

export type ImplicitSession = AlternatingSession<ImplicitSums>;

export interface GibbsSession extends Session<GibbsSums> {
  /** Draws every entity of a side given the other, a prior and λ; `draw` counts the draws, for the noise. Resolves when it is queued. */
  draw(side: Side, prior: PriorDraw, lambda: number, draw: number): Promise<void>;
  /** Moments of a side as it is. */
  moments(side: Side): Promise<Moments>;
}

/** The session of each model. */
export interface SessionOf {
  readonly gd: Session<Measurement>;
  readonly sgd: Session<Measurement>;
  readonly logistic: Session<Measurement>;
  readonly gibbs: GibbsSession;
  readonly implicit: ImplicitSession;
  readonly als: AlsSession;
  readonly vb: VbSession;
}

/** What stands in a list that has more places than items. */
export const NO_ITEM = 0xffffffff;

/** What decides about memory, known before anything is built. */
export interface ProblemOutline {
  readonly hyperparameters: HyperparametersOf[ModelName];
  readonly users: number;
  readonly items: number;
  readonly ratings: number;
  readonly heldOut: number;
  /** Whether a side has features. */
  readonly features: boolean;
}

/** What a training takes on the device. */
export interface MemoryReport {
  /** Arrays that the rows of each side are cut into. */
  readonly shards: Record<Side, { readonly count: number }>;
  /** Whether ratings are streamed from host memory, and how many at a time. */
  readonly streamed: boolean;
  readonly mostRatings: number;
  /** Bytes, at most. */
  readonly bytes: { readonly rows: number; readonly ratings: number; readonly heldOut: number; readonly scratch: number };
  readonly totalBytes: number;
}

/** What computes: one for any number of trainings, one after the other. */
export interface Engine {
  readonly info: DeviceInfo;
  /** What a training would take; undefined on the CPU. @throws DeviceError when it cannot be done on this device. */
  memory(outline: ProblemOutline): MemoryReport | undefined;
  /** Loads a problem. @throws DeviceError when it does not fit the device. */
  open<M extends ModelName>(problem: Problem<M>): Promise<SessionOf[M]>;
  /**
   * The k best-scored items of every user, best first, [M, k] row-major; `NO_ITEM` where fewer are left. Scores are u·v + α b.
   *
   * @param seen items that are left out, by user. @throws DeviceError
   */
  topItems(parameters: Parameters, seen: SeenItems, k: number, alpha: number): Promise<Uint32Array>;
  /** Releases the device. The engine is of no use after. */
  destroy(): void;
}

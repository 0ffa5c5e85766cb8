// What an engine is. It holds the rows of two sides and the ratings between them where it computes, and offers
// operations on them. It knows no model: a model is a sequence of these operations, written once in
// src/models/, and runs on any engine.

import { type Csr, rowWeights } from "../ratings/csr.js";
import type { RatingColumns } from "../ratings/rating-columns.js";
import type { SeenItems } from "../ratings/seen.js";
import type { Share } from "../ratings/share.js";

export type { Share } from "../ratings/share.js";

/** One of the two sides of the ratings. */
export type Side = "users" | "items";

/** Both sides, in the order in which models solve them. */
export const SIDES = ["users", "items"] as const;

/** The items for the users, and the users for the items. */
export const otherSide = (side: Side): Side => (side === "users" ? "items" : "users");

/** What computes: shown to people and written into run files. */
export interface DeviceInfo {
  readonly kind: "reference" | "cpu" | "webgpu";
  readonly name: string;
  /** True for what computes on the processor: the reference, the `cpu` engine and software GPU drivers. */
  readonly software: boolean;
  /** Of an engine whose ranks send each other rounded rows. */
  readonly wire?: "halves" | undefined;
}

/** Rows `from` to `to` − 1 of one side. */
export interface RowSlice {
  readonly from: number;
  readonly to: number;
}

/** Covariance of a row: one variance per coordinate, or the whole matrix. */
export type CovarianceFamily = "diagonal" | "full";

/** What a row carries beside factors and bias: nothing, its velocity, the squares of its slopes, or its covariance. */
export type Spread = "none" | "velocity" | "squares" | CovarianceFamily;

/** Some rows of one side: a slice, or their numbers. */
export type RowChoice = RowSlice | Uint32Array;

/** Rows of one side: factors [count, K] row-major and biases [count]. */
export interface Rows {
  readonly factors: Float32Array;
  readonly biases: Float32Array;
  /**
   * Covariances of (factors, bias), D = K + 1 coordinates per row. "diagonal": variances [count, D]. "full":
   * packed lower triangles [count, D (D + 1) / 2], entry (i, j) at i (i + 1) / 2 + j.
   */
  readonly covariances?: Float32Array | undefined;
}

/** A prior N(mean [D], precision⁻¹) that all rows of a side share, the precision a packed lower triangle. */
export interface Prior {
  readonly mean: readonly number[];
  readonly precision: readonly number[];
}

/**
 * Normal equations of point estimates, or of posterior means where rows carry covariances: with ỹ = (y, 1) and
 * e = r − μ − b, (λ Σ (ỹ ỹᵀ + Γ) + T) x = λ Σ (e ỹ − Γ_b) + p, T the precisions and p the row's pull
 * (`writePulls`). A row without ratings and pull becomes 0. Sums over ratings are weighted where they have weights.
 */
export interface PointSystem {
  /** "joint" solves both at once, "sequential" factors at the old bias, then the bias at the new factors. */
  readonly kind: "joint" | "sequential";
  readonly lambda: number;
  /** T of factors and bias, [K + 1]. */
  readonly precisions: readonly number[];
  /** Whether T is multiplied by the weight of the row's ratings: their number, where they have no weights. */
  readonly weighted: boolean;
  /** Whether rows have biases; else they stay 0. */
  readonly biases: boolean;
  /** Steps of conjugate gradients, as in {@link Operations}; left out, the system is factored. */
  readonly steps?: number | undefined;
}

/**
 * Normal equations over all pairs: with p = 1 where r > 0, else 0, and c = 1 + α w|r|, w the rating's weight, 1 where
 * there are no weights,
 * (YᵀY + Σ (c − 1) y yᵀ + τ I) x = Σ c p y, and the row's pull.
 * The Gram matrix YᵀY of all rows of the other side is the engine's to keep. There are no biases and no mean.
 */
export interface ConfidentSystem {
  readonly kind: "confident";
  /** α. */
  readonly confidence: number;
  readonly tau: number;
  /** Steps of conjugate gradients, as in {@link Operations}; left out, the system is factored. */
  readonly steps?: number | undefined;
}

/**
 * A draw from N(P⁻¹ h, P⁻¹) with P = Λ + λ Σ ỹ ỹᵀ and h = Λ m + λ Σ e ỹ, the prior N(m, Λ⁻¹) shared by all rows;
 * h has the row's pull too.
 * The normal numbers come from counters (row, block of four coordinates, draw, seed), so that a draw does not
 * depend on the engine or the schedule.
 */
export interface DrawnSystem {
  readonly kind: "drawn";
  readonly lambda: number;
  readonly prior: Prior;
  /** Left out, the mean P⁻¹ h is wanted. */
  readonly noise?: { readonly seed: number; readonly draw: number } | undefined;
}

/** What a half-sweep solves, row by row. */
export type System = PointSystem | ConfidentSystem | DrawnSystem;
/** The name of a system. */
export type SystemKind = System["kind"];

/**
 * A batch step of both sides from the old values: x ← x + v with v ← ω v − η ∂/∂x / (λ n + τ),
 * where ∂/∂x = −λ Σ w e y + τ x, biases alike with γ, and n = Σ w, the row's number of ratings where they have no
 * weights. Rows carry their velocities.
 */
export interface BatchStep {
  readonly lambda: number;
  /** τ … τ, γ of each side, [K + 1]. */
  readonly precisions: Readonly<Record<Side, readonly number[]>>;
  readonly biases: boolean;
  /** η and ω. */
  readonly step: number;
  readonly momentum: number;
}

/**
 * One epoch of stochastic steps over the conflict-free blocks of ratings: u ← u + η w (λ e v − (τ / n) u), v with the
 * old u in the same way, biases alike, n = Σ w. `link` "logistic" takes e = r − σ(score), else e = r − score.
 *
 * Rows that carry squares step by rates of their own: η / √(1 + G) in the place of η, where G is 0 at first and grows by
 * w |g|² / K with every step, g = λ e v − (τ / n) u. A bias has a G of its own. (AdaGrad with one rate a row: Chin,
 * Zhuang, Juan and Lin 2015.)
 */
export interface Epoch {
  /** From 1 on: it seeds the order of the rounds. */
  readonly number: number;
  readonly link: "identity" | "logistic";
  readonly lambda: number;
  /** τ and γ of each side. */
  readonly precisions: Readonly<Record<Side, { readonly factors: number; readonly biases: number }>>;
  readonly biases: boolean;
  /** η. */
  readonly step: number;
  /**
   * A round alone, by its number, and of its blocks those of these groups of users.
   * Default: all rounds, as they are drawn.
   */
  readonly round?: { readonly number: number; readonly groups: RowSlice } | undefined;
}

/** Which ratings a sum goes over. */
export type RatingSet = "training" | "heldOut";

/** Σ n|x|² of the factors and Σ n b² of the biases of a side; n is 1, or the weight of the row's ratings. */
export interface Norms {
  readonly factors: number;
  readonly biases: number;
}

/** Of one side, x = (factors, bias), D = K + 1: rows, Σ x [D], and the lower triangle of Σ x xᵀ, [D, D] row-major. */
export interface Moments {
  readonly count: number;
  readonly sums: ArrayLike<number>;
  readonly gram: ArrayLike<number>;
}

/** Of one side's posterior: E[Σ x_k²] for each of the K + 1 coordinates, and Σ log|Γ|. */
export interface PosteriorSums {
  readonly count: number;
  readonly secondMoments: readonly number[];
  readonly logDeterminants: number;
}

/** Σ (r − E r̂)², Σ Var r̂ and Σ log N(r; E r̂, 1/λ + Var r̂) over some ratings. */
export interface ExpectedErrors {
  readonly squares: number;
  readonly variances: number;
  readonly logDensity: number;
}

/** The least and the greatest value that a prediction is clipped to. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** Σ (r − r̄)², the same with r̄ clipped, and Σ log p̄ of predictions r̄ and densities p̄ averaged over the draws. */
export interface AveragedErrors {
  readonly squares: number;
  readonly clippedSquares: number;
  readonly logDensity: number;
}

/**
 * Every sum that an engine takes: what it is asked with, and what it gives. Sums over no ratings are 0; where ratings
 * have weights, those over ratings are weighted.
 */
export interface SumTypes {
  readonly squaredNorms: { readonly with: { readonly side: Side; readonly weighted: boolean }; readonly gives: Norms };
  readonly moments: { readonly with: { readonly side: Side }; readonly gives: Moments };
  readonly posteriorSums: { readonly with: { readonly side: Side }; readonly gives: PosteriorSums };
  /** Σ (r − r̂)², r̂ = μ + b_m + b_n + u·v, clipped where bounds are given. */
  readonly squaredErrors: { readonly with: { readonly over: RatingSet; readonly clip?: Bounds | undefined }; readonly gives: number };
  /** Σ −log p of 0/1 ratings, p = σ(r̂) the probability of 1. */
  readonly logLosses: { readonly with: { readonly over: RatingSet }; readonly gives: number };
  /**
   * Σ (r − E r̂)² and Σ Var r̂ over the training ratings;
   * solved rows may know them already. λ is the precision of the noise.
   */
  readonly expectedSquares: { readonly with: { readonly lambda: number }; readonly gives: Pick<ExpectedErrors, "squares" | "variances"> };
  readonly expectedErrors: { readonly with: { readonly over: RatingSet; readonly lambda: number }; readonly gives: ExpectedErrors };
  /** Σ c (p − u·v)² − (u·v)² over the training ratings, c and p as in `ConfidentSystem`. */
  readonly confidentErrors: { readonly with: { readonly confidence: number }; readonly gives: number };
  /**
   * Adds the present draw, of precision λ, to each held-out rating's sums of predictions and densities,
   * then gives the errors of their averages over `draws`. With `draws` of 0 or 1 the sums begin anew.
   */
  readonly averagedErrors: {
    readonly with: { readonly lambda: number; readonly draws: number; readonly clip?: Bounds | undefined };
    readonly gives: AveragedErrors;
  };
}

/** The name of a sum over ratings. */
export type SumKind = keyof SumTypes;

/** A sum that is asked for. */
export type SumRequest = { [S in SumKind]: { readonly of: S } & SumTypes[S]["with"] }[SumKind];

/** What the sums give that were asked for by these names. */
export type SumResults<R extends Readonly<Record<string, SumRequest>>> = { readonly [N in keyof R]: SumTypes[R[N]["of"]]["gives"] };

/** The operations that a training will ask for, so that an engine can compile and allocate them all at once. */
export interface Operations {
  readonly solve?: SystemKind | undefined;
  /**
   * Steps of conjugate gradients by which each row is moved from its present values towards its system's solution,
   * of point systems without covariances and of confident ones. Left out, systems are factored.
   */
  readonly steps?: number | undefined;
  /** Sides whose rows have pulls of their own. */
  readonly pulls?: readonly Side[] | undefined;
  /** Sides whose rows are moved on beyond where a sweep has brought them. */
  readonly extrapolate?: readonly Side[] | undefined;
  readonly batchStep?: boolean | undefined;
  /** Stochastic steps; the seed deals rows and ratings into blocks. */
  readonly epochs?: { readonly seed: number; readonly link: Epoch["link"] } | undefined;
  readonly sums: readonly SumKind[];
}

/**
 * Weights of the ratings of each row, in all sessions that share the workload: numbers, where ratings have no weights.
 */
export function weightsOf({
  share,
  byUser,
  byItem,
}: Pick<Workload, "share" | "byUser" | "byItem">): Readonly<Record<Side, Float64Array | Uint32Array>> {
  return share?.weights ?? share?.lengths ?? { users: rowWeights(byUser), items: rowWeights(byItem) };
}

/**
 * Σ w of the training ratings of a workload, in all sessions that share it: their number, where they have no weights.
 */
export function weightOf({ share, byUser }: Pick<Workload, "share" | "byUser">): number {
  const rows = share?.weights?.users ?? share?.lengths.users ?? rowWeights(byUser);
  let sum = 0;
  for (let row = 0; row < rows.length; row++) sum += rows[row];
  return sum;
}

/** Given block sums, [blocks, width], of the ratings here: those of all sessions that share the workload, in order. */
export type JoinBlocks = (blocks: Float64Array, width: number) => Promise<Float64Array>;

/** Everything that a session holds and will be asked for. */
export interface Workload {
  /** K. */
  readonly factors: number;
  /** μ, rating units. */
  readonly globalMean: number;
  /** The training ratings in both orders, with weights or without. */
  readonly byUser: Csr;
  readonly byItem: Csr;
  readonly heldOut?: RatingColumns | undefined;
  readonly spread: Spread;
  /** The rows to start from; covariances with `spread` "diagonal" or "full". */
  readonly rows: Readonly<Record<Side, Rows>>;
  readonly operations: Operations;
  /** Where the workload is one that several sessions share. */
  readonly share?: Share | undefined;
}

/** Whether what is read are the present rows, or those that `keep` set aside. */
export type Which = "current" | "kept";

/** All that a session holds which changes in training, by name, bit for bit, in the engine's own precision. */
export type EngineState = Readonly<Record<string, Float32Array | Float64Array>>;

/**
 * One training's data in an engine. Calls take effect in the order they are made. Operations resolve when their work is
 * queued; errors of the device and of singular systems come out of the next `sums` or read.
 */
export interface Session {
  /**
   * Half-sweep: solves every row of a side, or of a contiguous slice of it, the other side fixed.
   * Slices one by one are bit-equal to all rows.
   */
  solve(side: Side, system: System, slice?: RowSlice): Promise<void>;
  /**
   * Sets what each row of a side has on its right-hand side beside its ratings, [count, K + 1] row-major, in all solves
   * that follow: T x̄ draws rows towards means x̄ of their own. It is 0 at first, and no part of the state.
   */
  writePulls(side: Side, pulls: Float64Array): Promise<void>;
  /**
   * x ← x + ω (x − x'), where x' are the rows at the last call, or those that the session began with.
   * (Heavy ball: Polyak 1964.)
   */
  extrapolate(side: Side, momentum: number): Promise<void>;
  /** Takes a batch step of both sides; of a shared workload, of the rows whose ratings are here. */
  batchStep(step: BatchStep): Promise<void>;
  /** Runs an epoch: a step for every training rating once. */
  runEpoch(epoch: Epoch): Promise<void>;
  /**
   * Sums at the present rows, by the names they are asked for. Sums over ratings are added in blocks.
   *
   * @param join of a shared workload, brings the blocks together; it is called for the same sums in every session.
   * @throws NotPositiveDefiniteError, DeviceError
   */
  sums<const R extends Readonly<Record<string, SumRequest>>>(requests: R, join?: JoinBlocks): Promise<SumResults<R>>;
  /**
   * Sets the present rows aside; replaces any set aside before.
   * At first those are aside that the session began with.
   */
  keep(): void;
  /** @throws NotPositiveDefiniteError, DeviceError */
  readRows(side: Side, which?: Which, slice?: RowSlice): Promise<Rows>;
  /** Overwrites the present rows from row `from` on. */
  writeRows(side: Side, rows: Rows, from?: number): Promise<void>;
  /**
   * Everything that solving or stepping leaves in rows, [rows, width], exactly: what {@link Session.writePacked} takes.
   *
   * @throws NotPositiveDefiniteError, DeviceError
   */
  readPacked(side: Side, rows: RowChoice): Promise<Float32Array | Float64Array>;
  /** Rows that were solved or stepped by another session of the same engine. */
  writePacked(side: Side, rows: RowChoice, packed: Float32Array | Float64Array): Promise<void>;
  /** All that changes in training, exactly: what {@link Session.writeState} takes. */
  readState(): Promise<EngineState>;
  /** @throws OptionsError when the state is of another workload or engine. */
  writeState(state: EngineState): Promise<void>;
  /** Releases what the session holds. */
  destroy(): void;
}

/** What stands in a list that has more places than items. */
export const NO_ITEM = 0xffffffff;

/** What lists are made from: factors [M, K] and [N, K] row-major, biases [M] and [N]. */
export interface ScoredRows {
  readonly factors: number;
  readonly userFactors: Float32Array;
  readonly itemFactors: Float32Array;
  readonly userBiases: Float32Array;
  readonly itemBiases: Float32Array;
}

/** What of a workload decides about memory, known before anything is built. */
export interface WorkloadOutline {
  readonly factors: number;
  readonly spread: Spread;
  readonly users: number;
  readonly items: number;
  readonly ratings: number;
  readonly heldOut: number;
  /** Whether ratings have weights. Default false. */
  readonly weighted?: boolean | undefined;
  readonly operations: Operations;
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

/** What computes: one for any number of trainings, one after the other or at once. */
export interface Engine {
  readonly info: DeviceInfo;
  /**
   * What a training would take on a device of its own; undefined where it is in the host's memory.
   *
   * @throws DeviceError when it cannot be done.
   */
  memory(outline: WorkloadOutline): MemoryReport | undefined;
  /**
   * Loads a workload.
   *
   * @throws DeviceError when it does not fit the device, or asks for an operation that the engine does not have.
   */
  open(workload: Workload): Promise<Session>;
  /**
   * The k best-scored items of every user, best first, [M, k] row-major; `NO_ITEM` where fewer are left.
   * Scores are u·v + α b; of equal scores the item of the lower index comes first.
   *
   * @param seen items that are left out, by user. @throws DeviceError
   */
  topItems(rows: ScoredRows, seen: SeenItems, k: number, alpha: number): Promise<Uint32Array>;
  /** Of an engine that several processes make up: whether any of them says so. */
  anyOf?(said: boolean): Promise<boolean>;
  /**
   * After an error of code "device-lost": puts another device, or other threads, in the place of those that were lost.
   * Sessions on what was lost are of no use.
   *
   * @throws DeviceError when nothing can take their place, or the engine was destroyed.
   */
  renew?(): Promise<void>;
  /** Releases the device. The engine is of no use after. */
  destroy(): void;
}

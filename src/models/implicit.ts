// Implicit feedback (`implicit`): weighted least squares over all pairs, with confidences.
// Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", 2008.

import { type ConfidentSystem, type Moments, type RowSlice, type Side, SIDES, type Which } from "../engine/engine.js";
import { OptionsError, RatingsError } from "../errors.js";
import type { Csr } from "../ratings/csr.js";
import type { Ratings } from "../ratings/ratings.js";
import type { Figures } from "./figures.js";
import { choice, defaultsOf, FACTORS_ALONE, factorPrecisions, notNegative, positive, type TableOf } from "./hyperparameters.js";
import { linearRows } from "./new-rows.js";
import type { Parameters } from "./parameters.js";
import { PREFERENCES } from "./predictions.js";
import { STEPS_A_SWEEP } from "./side-information.js";
import { completedWithSolver, MAX_FACTORS_CG, SOLVER, type SolverHyperparameters, stepsOf, withFasterSolver } from "./solver.js";
import { AlternatingTraining, type ModelDefinition } from "./training.js";

/** What feedback counts for: log(1 + |r|), 1, or |r|; its sign stays. */
export const COUNTS = ["log", "binary", "raw"] as const;
/** Which of them. */
export type Counts = (typeof COUNTS)[number];

/**
 * Every pair of a user and an item counts: p = 1 where there is a rating above 0 (a count, a playing time), else p =
 * 0, with confidence c = 1 + α w f(|r|), f being what `counts` says and w the rating's weight, 1 where it has none. A
 * rating below 0 is thus a dislike, the surer the further it is from 0, and a rating of 0 is as good as none, whose c
 * is 1. So do Spark and Python's implicit. There is no mean and there are no biases.
 */
export interface ImplicitHyperparameters extends SolverHyperparameters {
  /** K, from 1 to 128, or 512 with solver "cg". Default 10. */
  readonly factors: number;
  /** α, what a unit of feedback of either sign adds to the confidence, ≥ 0. Default 1; 0 for a full 0/1 matrix. */
  readonly confidence: number;
  /**
   * f, what feedback counts for: "log" (default), log(1 + |r|), so that a song played a thousand times does not
   * outweigh all others; "binary", 1; "raw", |r|.
   */
  readonly counts: Counts;
  /** τ_u and τ_v, precisions of the factors, ≥ 0. Default 10. */
  readonly tauUsers: number;
  readonly tauItems: number;
  /** τ_f, precision of the weights of features, > 0, where there are features. Default 10. */
  readonly tauFeatures: number;
}

export const IMPLICIT_TABLE: TableOf<ImplicitHyperparameters> = {
  factors: { ...FACTORS_ALONE, most: MAX_FACTORS_CG },
  confidence: notNegative(1, { symbol: "α", about: "confidence 1 + α f(|r|)" }),
  counts: choice("log", COUNTS, { symbol: "f", about: "what feedback counts for, log(1 + |r|), 1 or |r|" }),
  ...factorPrecisions(10),
  tauFeatures: positive(10, { symbol: "τ", about: "precision of the weights of features", unit: 1 }),
  ...SOLVER,
};

/** Of `implicit`, where nothing is given. The solver is then what is faster. */
export const IMPLICIT_DEFAULTS: ImplicitHyperparameters = defaultsOf(IMPLICIT_TABLE);

/** @throws OptionsError naming the hyperparameter and its value. */
export const implicitHyperparameters = (given: Partial<ImplicitHyperparameters> = {}): ImplicitHyperparameters =>
  completedWithSolver(IMPLICIT_TABLE, given);

/** Feedback as it is trained on: ±f(|r|). */
function countedFeedback({ counts }: Pick<ImplicitHyperparameters, "counts">, values: Float32Array): Float32Array {
  if (counts === "raw") return values;
  return values.map(counts === "binary" ? Math.sign : (value) => Math.sign(value) * Math.log1p(Math.abs(value)));
}

/** @throws RatingsError when no rating is above 0: the best model would then be nothing at all. */
function checkFeedback(ratings: Ratings): void {
  const { maximum } = ratings.statistics();
  if (maximum > 0) return;
  throw new RatingsError(`no rating is above 0, the largest is ${maximum}: implicit takes only those above 0 for liked`, {
    remedy: "give counts, or other feedback that is above 0 where something is liked",
  });
}

/** The largest confidence of a rating, for errors. */
function largestConfidence(h: ImplicitHyperparameters, { value, weight }: Ratings): ReturnType<NonNullable<typeof implicit.outweighs>> {
  const largest = 1 + h.confidence * largestOf(countedFeedback(h, value)) * (weight ? largestOf(weight) : 1);
  const factors = ["confidence", ...(weight ? ["weight"] : []), ...(h.counts === "binary" ? [] : ["count"])];
  return {
    said: `the confidence of a rating, 1 + ${factors.join(" × ")}, goes up to ${Number(largest.toPrecision(3))}`,
    remedies: [
      "a smaller confidence",
      ...(h.counts === "raw" ? ['counts: "log" or smaller counts'] : []),
      ...(weight ? ["smaller weights"] : []),
    ],
  };
}

const largestOf = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

const counted = new WeakMap<Csr, Map<Counts, Csr>>();

/** Rows with their feedback as it is trained on, the same arrays when asked again: trainings share uploads. */
function countedRows(h: ImplicitHyperparameters, given: Csr): Csr {
  let known = counted.get(given);
  if (!known) counted.set(given, (known = new Map([["raw", given]])));
  let rows = known.get(h.counts);
  if (!rows) known.set(h.counts, (rows = { ...given, value: countedFeedback(h, given.value) }));
  return rows;
}

/** Sums from which the objective is put together. */
export interface ImplicitSums {
  /** Σ over all pairs of (u·v)² = tr(UᵀU VᵀV). */
  readonly allSquares: number;
  /** Σ over the pairs with feedback of c (p − u·v)² − (u·v)². */
  readonly seenSquares: number;
  /** Σ|u|² and Σ|v|²; of a side with features Σ|u − ū|², and how far its factors are from their prior means. */
  readonly userFactors: number;
  readonly itemFactors: number;
  /** Σ|f|² over both sides' features. */
  readonly featureFactors: number;
}

/** The equations of a side's rows. */
export const implicitSystem = (h: ImplicitHyperparameters, side: Side): ConfidentSystem => ({
  kind: "confident",
  confidence: h.confidence,
  tau: side === "users" ? h.tauUsers : h.tauItems,
  steps: stepsOf(h),
});

export class ImplicitTraining extends AlternatingTraining<ImplicitHyperparameters, ImplicitSums> {
  async sweep(): Promise<void> {
    for (const side of SIDES) {
      await this.solve(side);
      await this.solveFeatures(side);
    }
  }

  async solve(side: Side, slice?: RowSlice): Promise<void> {
    await this.solveRows(side, implicitSystem(this.problem.hyperparameters, side), slice);
  }

  /** The weights of a side's features, and with them its prior means. Nothing happens when the side has no features. */
  async solveFeatures(side: Side): Promise<void> {
    const { tauFeatures, tauUsers, tauItems } = this.problem.hyperparameters;
    this.features[side]?.fit(await this.rowsAt(side), tauFeatures / (side === "users" ? tauUsers : tauItems), { steps: STEPS_A_SWEEP });
  }

  async measure(): Promise<ImplicitSums> {
    const { factors: K, confidence } = this.problem.hyperparameters;
    const { seen, users, items } = await this.session.sums({
      seen: { of: "confidentErrors", confidence },
      users: { of: "moments", side: "users" },
      items: { of: "moments", side: "items" },
    });
    return {
      allSquares: traceOfProduct(users, items, K),
      seenSquares: seen,
      userFactors: (await this.#apart("users")) ?? trace(users, K),
      itemFactors: (await this.#apart("items")) ?? trace(items, K),
      featureFactors: SIDES.reduce((sum, side) => sum + (this.#total(this.features[side]?.norms()) ?? 0), 0),
    };
  }

  /** How far the factors of a side with features are from their prior means. */
  async #apart(side: Side): Promise<number | undefined> {
    return this.#total(this.features[side]?.deviations(await this.rowsAt(side)));
  }

  /** The sum over the factors of what is known of each coordinate. */
  #total(ofEach: Float64Array | undefined): number | undefined {
    return ofEach?.subarray(0, this.problem.hyperparameters.factors).reduce((sum, value) => sum + value, 0);
  }

  override async read(which: Which = "current"): Promise<Parameters> {
    // Biases stay as they came.
    const { userBiases, itemBiases } = this.problem.initial;
    return { ...(await super.read(which)), userBiases, itemBiases };
  }
}

/** tr(A) of the factors' block of a side's Gram matrix. */
const trace = ({ gram }: Moments, K: number): number =>
  Array.from({ length: K }, (_, k) => gram[k * (K + 1) + k]).reduce((sum, value) => sum + value, 0);

/** tr(A B) of the factors' blocks of two Gram matrices. */
function traceOfProduct({ gram: a }: Moments, { gram: b }: Moments, K: number): number {
  const D = K + 1;
  let sum = 0;
  for (let i = 0; i < K; i++) for (let j = 0; j <= i; j++) sum += (i === j ? 1 : 2) * a[i * D + j] * b[i * D + j];
  return sum;
}

/** ½ Σ_all c (p − u·v)² + ½τ_u Σ|u − ū|² + ½τ_v Σ|v − v̄|² + ½τ_f Σ|f|². */
export function implicitFigures(h: ImplicitHyperparameters, sums: ImplicitSums): Figures {
  const fit = sums.allSquares + sums.seenSquares;
  const prior = h.tauUsers * sums.userFactors + h.tauItems * sums.itemFactors + h.tauFeatures * sums.featureFactors;
  return { objective: 0.5 * (fit + prior), trainRmse: null, heldOutRmse: null };
}

/** @throws OptionsError when nothing would tie rows of a side to their prior means. */
function checkFeatures(h: ImplicitHyperparameters, side: Side): void {
  const tau = side === "users" ? "tauUsers" : "tauItems";
  if (h[tau] === 0) throw new OptionsError(`${tau} is 0: features need a precision that ties factors to them`);
}

export const implicit: ModelDefinition<ImplicitHyperparameters, ImplicitSums, ImplicitTraining> = {
  table: IMPLICIT_TABLE,
  complete: implicitHyperparameters,
  predicts: PREFERENCES,
  newRows: linearRows((h, side) => ({ ...implicitSystem(h, side), steps: undefined })),
  hasBiases: () => false,
  positives: () => ({ above: 0 }),
  learnsFromOnes: () => true,
  overAllPairs: true,
  takesFeatures: true,
  checkFeatures,
  on: withFasterSolver({ cpu: 24, reference: 24, webgpu: 96, softwareDriver: 65 }),
  measureBy: "ndcg",
  checkRatings: checkFeedback,
  outweighs: largestConfidence,
  rows: countedRows,
  operations: (h) => ({ solve: "confident", steps: stepsOf(h), sums: ["confidentErrors", "moments"] }),
  train: (session, problem) => new ImplicitTraining(session, problem),
  figures: implicitFigures,
};

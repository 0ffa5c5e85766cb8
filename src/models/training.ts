// What a training of any model is: a problem, the session of an engine that holds its data, and sweeps over it.

import {
  type Bounds,
  type DeviceInfo,
  type EngineState,
  type Operations,
  type RowSlice,
  type Session,
  type Share,
  type Side,
  SIDES,
  type Spread,
  type System,
  weightOf,
  type Which,
  type Workload,
} from "../engine/engine.js";
import { pullsTowards } from "../engine/reference/normal-equations.js";
import { OptionsError } from "../errors.js";
import type { Csr } from "../ratings/csr.js";
import type { SparseRows } from "../ratings/sparse.js";
import type { RatingColumns } from "../ratings/rating-columns.js";
import type { Ratings, RatingStatistics } from "../ratings/ratings.js";
import type { BinarySplit } from "./binary-ratings.js";
import type { Figures, RankingMeasure } from "./figures.js";
import type { TableOf } from "./hyperparameters.js";
import type { NewRows } from "./new-rows.js";
import { type Parameters, parametersOf, type Posterior, rowsOf } from "./parameters.js";
import type { Predictions, Relevance } from "./predictions.js";
import { SideInformation } from "./side-information.js";

/** All a training needs: both CSR indexes of the training ratings, the held-out ratings, the starting parameters. */
export interface TrainingProblem<H> {
  readonly hyperparameters: H;
  readonly byUser: Csr;
  readonly byItem: Csr;
  readonly heldOut?: RatingColumns | undefined;
  /** The least and the greatest training rating: held-out predictions are measured clipped to them too. */
  readonly scale?: Bounds | undefined;
  readonly initial: Parameters;
  /** S of each side that has features, with a row for each of its entities in index order. */
  readonly features?: { readonly users?: SparseRows | undefined; readonly items?: SparseRows | undefined } | undefined;
  /** Seed of what is random in training itself. */
  readonly seed: number;
  /** Where both indexes hold the ratings of some rows only. */
  readonly share?: Share | undefined;
}

/** What a model holds of a training beside the engine's arrays: numbers that JSON can hold, and arrays by name. */
export interface ModelState {
  readonly values: unknown;
  readonly arrays: Readonly<Record<string, Float32Array | Float64Array>>;
}

/** All that changes in training. A training that takes it goes on as the one that gave it would have, bit for bit. */
export interface TrainingState {
  readonly engine: EngineState;
  readonly model: ModelState;
}

const NOTHING: ModelState = { values: null, arrays: {} };

/** A training in progress. `Sums` is what a measurement gives. */
export abstract class Training<H, Sums> {
  readonly session: Session;
  protected readonly problem: TrainingProblem<H>;
  /** Of each side that has features. */
  protected readonly features: Readonly<Partial<Record<Side, SideInformation>>>;
  /** Once asked for: every sweep does, and there are many rows to add up. */
  #weight: number | undefined;
  /** Rows as they are, of sides with features, from when they are read until they move. */
  readonly #rows = new Map<Side, Promise<Float64Array>>();

  constructor(session: Session, problem: TrainingProblem<H>) {
    this.session = session;
    this.problem = problem;
    const { initial, features } = problem;
    this.features = Object.fromEntries(
      SIDES.flatMap((side) => {
        const rows = features?.[side];
        return rows ? [[side, new SideInformation(rows, initial.factors + 1, initial.features?.[side])]] : [];
      }),
    );
  }

  /**
   * One sweep, numbered from 1. Resolves when the work is queued;
   * what goes wrong in it comes out of the next `measure` or `read`.
   */
  abstract sweep(number: number): Promise<void>;
  /** Sums at the current parameters. @throws NotPositiveDefiniteError, DeviceError */
  abstract measure(): Promise<Sums>;

  /** Sets the current parameters aside as the ones to keep; replaces any kept before. */
  keep(): void {
    this.session.keep();
    for (const side of SIDES) this.features[side]?.keep();
  }

  /**
   * Reads parameters back: the current ones, or those set aside by `keep`.
   *
   * @throws NotPositiveDefiniteError, DeviceError
   */
  async read(which: Which = "current"): Promise<Parameters> {
    const [users, items] = await Promise.all([this.session.readRows("users", which), this.session.readRows("items", which)]);
    return { ...parametersOf(this.problem.initial, users, items), features: this.weights(which) };
  }

  async state(): Promise<TrainingState> {
    const { values, arrays } = this.modelState();
    const weights = SIDES.flatMap((side) => {
      const known = this.features[side];
      return known
        ? ([
            [`weights of ${side}`, known.weights.slice()],
            [`kept weights of ${side}`, known.kept.slice()],
          ] as const)
        : [];
    });
    return { engine: await this.session.readState(), model: { values, arrays: { ...arrays, ...Object.fromEntries(weights) } } };
  }

  /** @throws OptionsError when the state is that of another problem or engine. */
  async restore(state: TrainingState): Promise<void> {
    await this.session.writeState(state.engine);
    this.takeModelState(state.model);
    for (const side of SIDES) {
      const known = this.features[side];
      if (!known) continue;
      this.moved(side);
      const [weights, kept] = ["weights", "kept weights"].map((name) => {
        const values = state.model.arrays[`${name} of ${side}`];
        if (values instanceof Float64Array && values.length === known.weights.length) return values;
        throw new OptionsError(`the state has no ${name} of ${side}: it is another training's, or damaged`);
      });
      known.weights = weights;
      known.kept = kept;
    }
  }

  /** Σ w of the training ratings: their number, where they have no weights. */
  protected get weight(): number {
    return (this.#weight ??= weightOf(this.problem));
  }

  /** The weights of the features of each side that has some, as parameters. */
  protected weights(which: Which): Parameters["features"] {
    const { users, items } = this.features;
    if (!users && !items) return undefined;
    const of = (known: SideInformation | undefined): Float32Array | undefined =>
      known && Float32Array.from(which === "kept" ? known.kept : known.weights);
    return { users: of(users), items: of(items) };
  }

  /** The rows of a side with features as they are, (factors, bias), [count, K + 1] row-major. */
  protected async rowsAt(side: Side): Promise<Float64Array> {
    let known = this.#rows.get(side);
    if (!known) {
      const K = this.problem.initial.factors;
      known = this.session.readRows(side).then(({ factors, biases }) => {
        const rows = new Float64Array(biases.length * (K + 1));
        for (let row = 0; row < biases.length; row++) {
          rows.set(factors.subarray(row * K, (row + 1) * K), row * (K + 1));
          rows[row * (K + 1) + K] = biases[row];
        }
        return rows;
      });
      this.#rows.set(side, known);
    }
    return await known;
  }

  /** To be called when the rows of a side are about to change. */
  protected moved(side: Side): void {
    this.#rows.delete(side);
  }

  /** Solves rows of a side, each drawn towards the mean that its features give it. */
  protected async solveRows(side: Side, system: System, slice?: RowSlice): Promise<void> {
    const known = this.features[side];
    if (known) {
      this.moved(side);
      await this.session.writePulls(side, pullsTowards(system, known.means, known.D));
    }
    await this.session.solve(side, system, slice);
  }

  /** What the model itself holds; nothing, of a model whose parameters are all. */
  protected modelState(): ModelState {
    return NOTHING;
  }

  protected takeModelState(_state: ModelState): void {}

  /** Releases what the training holds. */
  destroy(): void {
    this.session.destroy();
  }
}

/** A training by alternating half-sweeps. */
export abstract class AlternatingTraining<H, Sums> extends Training<H, Sums> {
  /** Half-sweep: solves every row of one side, or of a contiguous slice of it, the other side fixed. */
  abstract solve(side: Side, slice?: RowSlice): Promise<void>;
}

/**
 * A model: its hyperparameters and their checks, what it asks of an engine, its training,
 * and how figures come out of a measurement.
 */
export interface ModelDefinition<H, Sums, T extends Training<H, Sums> = Training<H, Sums>> {
  readonly table: TableOf<H>;
  /** Completes partial hyperparameters and checks them. @throws OptionsError */
  complete(given: Partial<H>): H;
  /** Defaults that the training ratings decide, in standard units; the others are those of the table. */
  defaultsFor?(statistics: RatingStatistics): Partial<H>;
  /** Completed hyperparameters with what depends on where it is trained, unless it was given. */
  on?(h: H, given: Partial<H>, device: DeviceInfo): H;
  /**
   * Most sweeps, whether to stop before, and after how many without a new best, unless options say otherwise.
   * Default 20, true, 3.
   */
  readonly sweeps?: number;
  readonly earlyStop?: boolean;
  readonly patience?: number;
  /** Which sweep the model is of: the best by the held-out ratings (default), or the last. */
  readonly keeps?: "best" | "last";
  /**
   * What of ranked lists says how good a sweep is, unless options say otherwise. Default: the model's held-out loss.
   */
  readonly measureBy?: RankingMeasure;
  /** Sweeps in which the model is not yet what it is to be: none of them is the best, or ends the training. */
  settling?(h: H): number;
  /** The first sweep that leaves something of its own in the model; without one, every sweep does. */
  keepsFrom?(h: H): number;
  /** Whether features of users and items shape its rows. */
  readonly takesFeatures?: boolean;
  /**
   * Checks that something ties rows of a side to its features, where not all hyperparameters do.
   *
   * @throws OptionsError
   */
  checkFeatures?(h: H, side: Side): void;
  /** What it predicts. What predicts ratings is trained in standard units of them. */
  readonly predicts: Predictions;
  /** How a new row is solved, the other side fixed. */
  readonly newRows: NewRows<H>;
  /** Checks that new rows can be solved from ratings with these values. @throws OptionsError, RatingsError */
  checkNewRatings?(h: H, values: Float32Array): void;
  /** Whether μ is the mean of what it is trained on, else 0. Default: not. */
  hasMean?(h: H): boolean;
  /** Whether rows have biases. Default: they have. */
  hasBiases?(h: H): boolean;
  /** Which ratings it takes for positive. Default: it does not tell. */
  positives?(h: H): Relevance;
  /** Whether it learns something where every rating is 1. Default: not. */
  learnsFromOnes?(h: H): boolean;
  /** Whether all pairs count, those without a rating too: new rows then share the Gram matrix of the other side. */
  readonly overAllPairs?: boolean;
  /** Whether it is trained by steps of a size. */
  readonly stepped?: boolean;
  /** The 0/1 data that it is trained on and measured by, made of the ratings. Default: the ratings as they are. */
  binary?(ratings: Ratings, heldOut: Ratings | undefined, h: H, seed: number): BinarySplit;
  /** Checks that there is something in the ratings for the model to learn from. @throws RatingsError */
  checkRatings?(ratings: Ratings): void;
  /**
   * What float32 loses precisions beside, in words with its size, and what makes it smaller. Default: the weights of
   * ratings, or λ.
   */
  outweighs?(h: H, ratings: Ratings): { readonly said: string; readonly remedies: readonly string[] };
  /** The rows that training takes for given ones: the same again for the same. Default: as they are. */
  rows?(h: H, given: Csr): Csr;
  /** What rows carry. Default: nothing. */
  spread?(h: H): Spread;
  /** The covariances that rows start from, of models whose rows have some. */
  posterior?(h: H, rows: Pick<Parameters, "userBiases" | "itemBiases">): Posterior;
  operations(h: H, seed: number): Operations;
  /** The parameters that rows start from. Default: the problem's. */
  initial?(problem: TrainingProblem<H>): Parameters;
  train(session: Session, problem: TrainingProblem<H>): T;
  figures(h: H, sums: Sums, counts: { readonly ratings: number; readonly heldOut: number }): Figures;
}

/** The engine's part of a problem. */
export function workloadOf(problem: TrainingProblem<unknown>, initial: Parameters, spread: Spread, operations: Operations): Workload {
  const pulls = SIDES.filter((side) => problem.features?.[side]);
  return {
    factors: initial.factors,
    globalMean: initial.globalMean,
    byUser: problem.byUser,
    // Sorted when the engine asks, by when the users' side is on its way to a device.
    get byItem() {
      return problem.byItem;
    },
    heldOut: problem.heldOut,
    spread,
    rows: { users: rowsOf(initial, "users"), items: rowsOf(initial, "items") },
    operations: pulls.length > 0 ? { ...operations, pulls } : operations,
    share: problem.share,
  };
}

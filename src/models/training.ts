// What a training of any model is: a problem, the session of an engine that holds its data, and sweeps over it.

import type {
  Bounds,
  DeviceInfo,
  EngineState,
  Operations,
  RowSlice,
  Session,
  Share,
  Side,
  SideFeatures,
  Spread,
  Which,
  Workload,
} from "../engine/engine.js";
import type { Csr } from "../ratings/csr.js";
import type { SparseRows } from "../ratings/features.js";
import type { RatingColumns } from "../ratings/rating-columns.js";
import type { Ratings } from "../ratings/ratings.js";
import { type Parameters, parametersOf, rowsOf } from "./parameters.js";
import type { Figures } from "./figures.js";

/** All a training needs: both CSR indexes of the training ratings, the held-out ratings, the starting parameters. */
export interface TrainingProblem<H> {
  readonly hyperparameters: H;
  readonly byUser: Csr;
  readonly byItem: Csr;
  readonly heldOut?: RatingColumns | undefined;
  /** The least and the greatest training rating: held-out predictions are measured clipped to them too. */
  readonly scale?: Bounds | undefined;
  readonly initial: Parameters;
  /** S of each side that has features: rows in index order. */
  readonly features?: { readonly users?: SparseRows | undefined; readonly items?: SparseRows | undefined } | undefined;
  /** Seed of what is random in training itself. */
  readonly seed: number;
  /** Where both indexes hold the ratings of some rows only. */
  readonly share?: Share | undefined;
}

/** What a model holds of a training beside the engine's arrays: numbers that JSON can hold, and arrays by name. */
export interface ModelState {
  readonly values: unknown;
  readonly arrays: Readonly<Record<string, Float32Array>>;
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

  constructor(session: Session, problem: TrainingProblem<H>) {
    this.session = session;
    this.problem = problem;
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
  }

  /**
   * Reads parameters back: the current ones, or those set aside by `keep`.
   *
   * @throws NotPositiveDefiniteError, DeviceError
   */
  async read(which: Which = "current"): Promise<Parameters> {
    const [users, items] = await Promise.all([this.session.readRows("users", which), this.session.readRows("items", which)]);
    return parametersOf(this.problem.initial, users, items);
  }

  async state(): Promise<TrainingState> {
    return { engine: await this.session.readState(), model: this.modelState() };
  }

  /** @throws OptionsError when the state is that of another problem or engine. */
  async restore(state: TrainingState): Promise<void> {
    await this.session.writeState(state.engine);
    this.takeModelState(state.model);
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
  readonly defaults: H;
  /** Completes partial hyperparameters and checks them. @throws OptionsError */
  complete(given: Partial<H>): H;
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
  /** Sweeps in which the model is not yet what it is to be: none of them is the best, or ends the training. */
  settling?(h: H): number;
  /** Whether it is trained on 0/1 data, made of the ratings by `binaryRatings`. */
  readonly binary?: boolean;
  /** Checks that there is something in the ratings for the model to learn from. @throws RatingsError */
  checkRatings?(ratings: Ratings): void;
  /**
   * Powers of the unit of ratings that hyperparameters are in, of models that predict ratings;
   * left out, the model has no unit.
   */
  readonly units?: { readonly [name in keyof H]?: 1 | 2 };
  /** The rows that training takes for given ones: the same again for the same. Default: as they are. */
  rows?(h: H, given: Csr): Csr;
  /** What rows carry. Default: prior means where there are features, else nothing. */
  spread?(h: H): Spread;
  operations(h: H, seed: number): Operations;
  /** The parameters that rows start from. Default: the problem's. */
  initial?(problem: TrainingProblem<H>): Parameters;
  train(session: Session, problem: TrainingProblem<H>): T;
  figures(h: H, sums: Sums, counts: { readonly ratings: number; readonly heldOut: number }): Figures;
}

/** The engine's part of a problem. */
export function workloadOf(problem: TrainingProblem<unknown>, initial: Parameters, spread: Spread, operations: Operations): Workload {
  const { features } = problem;
  const featuresOf = (side: Side): SideFeatures | undefined => {
    const rows = features?.[side];
    return rows && { rows, factors: initial.features?.[side] };
  };
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
    features: features && { users: featuresOf("users"), items: featuresOf("items") },
    operations,
    share: problem.share,
  };
}

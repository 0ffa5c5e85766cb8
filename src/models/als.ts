// MAP matrix factorization by alternating least squares (`als`). docs/models.md, "Alternating least squares".

import { type Bounds, type Norms, type PointSystem, type RowSlice, type Session, type Side, SIDES } from "../engine/engine.js";
import { OptionsError } from "../errors.js";
import { type Figures, heldOutErrors } from "./figures.js";
import {
  BIASES,
  biasPrecisions,
  choice,
  defaultsOf,
  factorPrecisions,
  FACTORS,
  LAMBDA,
  MEAN,
  notNegative,
  type NumberOf,
  positive,
  type TableOf,
} from "./hyperparameters.js";
import { linearRows } from "./new-rows.js";
import { RATINGS } from "./predictions.js";
import { STEPS_A_SWEEP } from "./side-information.js";
import { completedWithSolver, MAX_FACTORS_CG, SOLVER, type SolverHyperparameters, stepsOf, withFasterSolver } from "./solver.js";
import { AlternatingTraining, type ModelDefinition } from "./training.js";

/**
 * Hyperparameters of `als`. λ is the noise precision, τ and γ are the prior precisions of factors and biases; all are
 * precisions, not scaled by the number of ratings unless `regularization` is "weighted".
 */
export interface AlsHyperparameters extends SolverHyperparameters {
  /** K, from 0 (bias-only) to 128, or 512 with solver "cg". Default 10. */
  readonly factors: number;
  /** λ, noise precision, > 0. Default 1. */
  readonly lambda: number;
  /** τ_u, precision of user factors, ≥ 0. Default 10. */
  readonly tauUsers: number;
  /** τ_v, precision of item factors, ≥ 0. Default 10. */
  readonly tauItems: number;
  /** γ_u, precision of user biases, ≥ 0. Default 5. */
  readonly gammaUsers: number;
  /** γ_v, precision of item biases, ≥ 0. Default 5. */
  readonly gammaItems: number;
  /** Whether μ is the training mean (default) or 0. */
  readonly mean: boolean;
  /** Whether users and items have biases. Default true. */
  readonly biases: boolean;
  /**
   * τ_f, precision of the weights of features, > 0, where there are features; that of their biases is τ_f γ/τ.
   * Default 40.
   */
  readonly tauFeatures: number;
  /** "weighted" multiplies an entity's τ and γ by its number of ratings (ALS-WR). Default "plain". */
  readonly regularization: "plain" | "weighted";
  /** "joint" solves factors and bias of an entity at once (default); "sequential" one after the other. */
  readonly update: "joint" | "sequential";
  /**
   * ω, share of what a sweep has moved the items by that is moved again before the next (heavy ball),
   * from 0 to below 1. 0.5 saves about a third of the sweeps, but the objective is then no longer
   * bound to fall in every one. Default 0.
   */
  readonly momentum: number;
}

/** ω of heavy balls, from 0 to below 1. */
export const momentum = (value: number, about: string, remedy?: string): NumberOf =>
  notNegative(value, { symbol: "ω", about, below: 1, ...(remedy !== undefined && { remedy }) });

export const ALS_TABLE: TableOf<AlsHyperparameters> = {
  factors: { ...FACTORS, most: MAX_FACTORS_CG },
  lambda: LAMBDA,
  ...factorPrecisions(10),
  ...biasPrecisions(5),
  tauFeatures: positive(40, { symbol: "τ", about: "precision of the weights of features", unit: 1 }),
  mean: MEAN,
  biases: BIASES,
  regularization: choice("plain", ["plain", "weighted"], {
    placeholder: "kind",
    about: "weighted multiplies τ and γ by an entity's number of ratings",
    remedy: "how strong it is say tauUsers and tauItems, gammaUsers and gammaItems",
  }),
  update: choice("joint", ["joint", "sequential"], { placeholder: "kind", about: "solve factors and bias at once, or in turn" }),
  momentum: momentum(0, "share of what a sweep has moved that is moved again", "0.3 to 0.5 suit most data"),
  ...SOLVER,
};

/** Of `als`, where nothing is given. The solver is then what is faster. */
export const ALS_DEFAULTS: AlsHyperparameters = defaultsOf(ALS_TABLE);

/** Sums over the parameters and the residuals, from which the objective and the errors are put together in float64. */
export interface Measurement {
  /** Σ (r − r̂)² over the training ratings. */
  readonly trainSquares: number;
  /** Σ (r − r̂)² over the held-out ratings; 0 when there are none. */
  readonly heldOutSquares: number;
  /** The same of predictions clipped to the scale. */
  readonly heldOutClippedSquares: number;
  /** Σ w|u|², Σ w|v|², Σ w b_m², Σ w b_n²: w = 1, or the entity's number of ratings under weighted regularization. */
  readonly userFactors: number;
  readonly itemFactors: number;
  readonly userBiases: number;
  readonly itemBiases: number;
  /**
   * Σ over both sides' features of |f|², and γ/τ of the side times its bias squared; 0 without features.
   * With features |x|² and b² above are |x − x̄|² and (b − b̄)².
   */
  readonly featureFactors: number;
}

/** The equations of a side's rows. */
export function alsSystem(h: AlsHyperparameters, side: Side): PointSystem {
  const [tau, gamma] = side === "users" ? [h.tauUsers, h.gammaUsers] : [h.tauItems, h.gammaItems];
  return {
    kind: h.update,
    lambda: h.lambda,
    precisions: [...Array<number>(h.factors).fill(tau), gamma],
    weighted: h.regularization === "weighted",
    biases: h.biases,
    steps: stepsOf(h),
  };
}

/** The sums of the objective as they are without features. @param scale what held-out predictions are clipped to. */
export async function measureErrors(session: Session, scale: Bounds | undefined, weighted = false): Promise<Measurement> {
  const { train, heldOut, clipped, users, items } = await session.sums({
    users: { of: "squaredNorms", side: "users", weighted },
    items: { of: "squaredNorms", side: "items", weighted },
    train: { of: "squaredErrors", over: "training" },
    heldOut: { of: "squaredErrors", over: "heldOut" },
    clipped: { of: "squaredErrors", over: "heldOut", clip: scale },
  });
  return {
    trainSquares: train,
    heldOutSquares: heldOut,
    heldOutClippedSquares: clipped,
    userFactors: users.factors,
    userBiases: users.biases,
    itemFactors: items.factors,
    itemBiases: items.biases,
    featureFactors: 0,
  };
}

export class AlsTraining extends AlternatingTraining<AlsHyperparameters, Measurement> {
  async sweep(number: number): Promise<void> {
    const { momentum } = this.problem.hyperparameters;
    // What the first sweep moves is from the starting values: heavy balls roll from the second on.
    if (momentum > 0 && number > 1) {
      this.moved("items");
      await this.session.extrapolate("items", number > 2 ? momentum : 0);
    }
    for (const side of SIDES) {
      await this.solve(side);
      await this.solveFeatures(side);
    }
  }

  async solve(side: Side, slice?: RowSlice): Promise<void> {
    await this.solveRows(side, alsSystem(this.problem.hyperparameters, side), slice);
  }

  /** The weights of a side's features, and with them its prior means. Nothing happens when the side has no features. */
  async solveFeatures(side: Side): Promise<void> {
    const { tauFeatures, tauUsers, tauItems } = this.problem.hyperparameters;
    this.features[side]?.fit(await this.rowsAt(side), tauFeatures / (side === "users" ? tauUsers : tauItems), { steps: STEPS_A_SWEEP });
  }

  async measure(): Promise<Measurement> {
    const { regularization } = this.problem.hyperparameters;
    const sums = await measureErrors(this.session, this.problem.scale, regularization === "weighted");
    const [users, items] = [await this.#apart("users"), await this.#apart("items")];
    return {
      ...sums,
      ...(users && { userFactors: users.factors, userBiases: users.biases }),
      ...(items && { itemFactors: items.factors, itemBiases: items.biases }),
      featureFactors: (users?.features ?? 0) + (items?.features ?? 0),
    };
  }

  /** How far the rows of a side with features are from their prior means, and the norm of its features' weights. */
  async #apart(side: Side): Promise<(Norms & { readonly features: number }) | undefined> {
    const known = this.features[side];
    if (!known) return undefined;
    const { precisions } = alsSystem(this.problem.hyperparameters, side);
    const K = precisions.length - 1;
    const sum = (values: Float64Array): number => values.subarray(0, K).reduce((total, value) => total + value, 0);
    const [apart, norms] = [known.deviations(await this.rowsAt(side)), known.norms()];
    return { factors: sum(apart), biases: apart[K], features: sum(norms) + (precisions[K] / precisions[0]) * norms[K] };
  }
}

/** ½λ Σ e² + ½τ_u Σ|u − ū|² + ½τ_v Σ|v − v̄|² + ½γ_u Σ b² + ½γ_v Σ b² + ½τ_f Σ|f|². */
export function alsObjective(h: AlsHyperparameters, sums: Omit<Measurement, "heldOutSquares" | "heldOutClippedSquares">): number {
  return (
    0.5 *
    (h.lambda * sums.trainSquares +
      h.tauUsers * sums.userFactors +
      h.tauItems * sums.itemFactors +
      h.gammaUsers * sums.userBiases +
      h.gammaItems * sums.itemBiases +
      h.tauFeatures * sums.featureFactors)
  );
}

/**
 * Completes partial hyperparameters with the defaults and checks every one.
 *
 * @throws OptionsError naming the hyperparameter and its value.
 */
export function alsHyperparameters(given: Partial<AlsHyperparameters> = {}): AlsHyperparameters {
  const h = completedWithSolver(ALS_TABLE, given);
  checkSomething(h);
  return h;
}

/** @throws OptionsError when there are neither factors nor biases. */
export function checkSomething({ factors, biases }: Pick<AlsHyperparameters, "factors" | "biases">): void {
  if (factors === 0 && !biases) throw new OptionsError("factors is 0 and biases are off: nothing is left to train");
}

/** New rows of what has the objective of `als`: always jointly and exactly, however they were trained. */
export const alsRows = linearRows<Partial<AlsHyperparameters>>((h, side) => ({
  ...alsSystem({ ...ALS_DEFAULTS, ...h }, side),
  kind: "joint",
  steps: undefined,
}));

/** @throws OptionsError when nothing would tie rows of a side to their prior means. */
function checkFeatures(h: AlsHyperparameters, side: Side): void {
  if (h.regularization === "weighted") throw new OptionsError("features go with plain regularization only");
  const [tau, gamma] = side === "users" ? (["tauUsers", "gammaUsers"] as const) : (["tauItems", "gammaItems"] as const);
  if (h[tau] === 0) throw new OptionsError(`${tau} is 0: features need a precision that ties factors to them`);
  if (h.biases && h[gamma] === 0) throw new OptionsError(`${gamma} is 0: features need a precision that ties biases to them`);
}

/** Objective and errors from the sums of one measurement. */
export function alsFigures(h: AlsHyperparameters, sums: Measurement, { ratings, heldOut }: { ratings: number; heldOut: number }): Figures {
  return {
    objective: alsObjective(h, sums),
    trainRmse: Math.sqrt(sums.trainSquares / ratings),
    ...heldOutErrors(sums, heldOut),
  };
}

export const als: ModelDefinition<AlsHyperparameters, Measurement, AlsTraining> = {
  table: ALS_TABLE,
  complete: alsHyperparameters,
  predicts: RATINGS,
  newRows: alsRows,
  hasMean: ({ mean }) => mean,
  hasBiases: ({ biases }) => biases,
  takesFeatures: true,
  checkFeatures,
  on: withFasterSolver({ cpu: 32, reference: 32, webgpu: 96, softwareDriver: 65 }),
  operations: (h) => ({
    solve: h.update,
    steps: stepsOf(h),
    extrapolate: h.momentum > 0 ? ["items"] : [],
    sums: ["squaredErrors", "squaredNorms"],
  }),
  train: (session, problem) => new AlsTraining(session, problem),
  figures: alsFigures,
};

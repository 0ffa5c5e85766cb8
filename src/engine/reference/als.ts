// A training of `als` on the CPU, float64.

import type { Measurement } from "../../models/als.js";
import type { Parameters } from "../../models/parameters.js";
import { rowOfEach } from "../../ratings/csr.js";
import type { RatingColumns } from "../../ratings/ratings.js";
import type { AlsSession, Problem, RowSlice, Side } from "../engine.js";
import { featureFactors, featureMeans } from "./features.js";
import { heavyBall } from "./heavy-ball.js";
import { gramSolve, type SideState } from "./gram-solve.js";
import { pointEstimates, ReferenceSession } from "./session.js";
import { squaredErrors, squaredNorms } from "./measure.js";

export class ReferenceAlsSession extends ReferenceSession implements AlsSession {
  readonly #problem: Problem;
  #users: SideState;
  #items: SideState;
  /** The items a sweep ago, and the sweeps done. */
  #before: SideState;
  #sweeps = 0;
  readonly #features: Record<Side, Float64Array | undefined> = { users: undefined, items: undefined };

  constructor(problem: Problem) {
    super();
    this.#problem = problem;
    const { userFactors, userBiases, itemFactors, itemBiases } = problem.initial;
    this.#users = { factors: Float64Array.from(userFactors), biases: Float64Array.from(userBiases) };
    this.#items = { factors: Float64Array.from(itemFactors), biases: Float64Array.from(itemBiases) };
    this.#before = this.#items;
    for (const side of ["users", "items"] as const) {
      const rows = problem.features?.[side];
      if (rows)
        this.#setFeatures(
          side,
          Float64Array.from(problem.initial.features?.[side] ?? new Float64Array(rows.columns * problem.hyperparameters.factors)),
        );
    }
    this.keep();
  }

  async sweep(): Promise<void> {
    const { momentum } = this.#problem.hyperparameters;
    // The first step would be from the starting values.
    if (momentum > 0 && this.#sweeps > 0) this.#before = heavyBall(this.#items, this.#before, this.#sweeps > 1 ? momentum : 0);
    this.#sweeps++;
    await this.solve("users");
    this.solveFeatures("users");
    await this.solve("items");
    this.solveFeatures("items");
  }

  solveFeatures(side: Side): void {
    const rows = this.#problem.features?.[side];
    if (!rows) return;
    const { tauFeatures, tauUsers, tauItems, factors: K } = this.#problem.hyperparameters;
    const state = side === "users" ? this.#users : this.#items;
    this.#setFeatures(side, featureFactors(rows, tauFeatures / (side === "users" ? tauUsers : tauItems), state.factors, K));
  }

  async solve(side: Side, slice?: RowSlice): Promise<void> {
    const { hyperparameters, byUser, byItem, initial } = this.#problem;
    const [rows, solved, fixed] = side === "users" ? [byUser, this.#users, this.#items] : [byItem, this.#items, this.#users];
    this.attempt(() => gramSolve(hyperparameters, side, rows, initial.globalMean, solved, fixed, slice));
  }

  async measure(): Promise<Measurement> {
    this.throwFailure();
    const { hyperparameters: h, byUser, byItem, heldOut, initial } = this.#problem;
    const weighted = h.regularization === "weighted";
    const users = squaredNorms(this.#users, h.factors, byUser.start, weighted);
    const items = squaredNorms(this.#items, h.factors, byItem.start, weighted);
    const errors = (ratings: RatingColumns): number => squaredErrors(ratings, h.factors, initial.globalMean, this.#users, this.#items);
    return {
      trainSquares: errors({ user: rowOfEach(byUser), item: byUser.index, value: byUser.value }),
      heldOutSquares: heldOut ? errors(heldOut) : 0,
      userFactors: users.factors,
      userBiases: users.biases,
      itemFactors: items.factors,
      itemBiases: items.biases,
      featureFactors: norm(this.#features.users) + norm(this.#features.items),
    };
  }

  protected override parameters(): Parameters {
    const { hyperparameters, initial, features } = this.#problem;
    return {
      ...pointEstimates(hyperparameters.factors, initial.globalMean, this.#users, this.#items),
      features: features && {
        users: this.#features.users && Float32Array.from(this.#features.users),
        items: this.#features.items && Float32Array.from(this.#features.items),
      },
    };
  }

  #setFeatures(side: Side, factors: Float64Array): void {
    this.#features[side] = factors;
    const means = featureMeans(this.#problem.features![side]!, factors, this.#problem.hyperparameters.factors);
    if (side === "users") this.#users = { ...this.#users, means };
    else this.#items = { ...this.#items, means };
  }
}

const norm = (values: Float64Array | undefined): number => values?.reduce((sum, value) => sum + value * value, 0) ?? 0;

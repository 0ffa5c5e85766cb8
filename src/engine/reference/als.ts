// A training of `als` on the CPU, float64.

import type { Measurement } from "../../models/als.js";
import type { Parameters } from "../../models/parameters.js";
import { rowOfEach } from "../../ratings/csr.js";
import type { RatingColumns } from "../../ratings/ratings.js";
import type { AlsSession, Problem, RowSlice, Side } from "../engine.js";
import { gramSolve, type SideState } from "./gram-solve.js";
import { squaredErrors, squaredNorms } from "./measure.js";

export class ReferenceAlsSession implements AlsSession {
  readonly #problem: Problem;
  #users: SideState;
  #items: SideState;
  #kept: { users: SideState; items: SideState };
  #failure: unknown;

  constructor(problem: Problem) {
    this.#problem = problem;
    const { userFactors, userBiases, itemFactors, itemBiases } = problem.initial;
    this.#users = { factors: Float64Array.from(userFactors), biases: Float64Array.from(userBiases) };
    this.#items = { factors: Float64Array.from(itemFactors), biases: Float64Array.from(itemBiases) };
    this.#kept = { users: copy(this.#users), items: copy(this.#items) };
  }

  async sweep(): Promise<void> {
    this.solve("users");
    this.solve("items");
  }

  solve(side: Side, slice?: RowSlice): void {
    const { hyperparameters, byUser, byItem, initial } = this.#problem;
    const [rows, solved, fixed] = side === "users" ? [byUser, this.#users, this.#items] : [byItem, this.#items, this.#users];
    try {
      gramSolve(hyperparameters, side, rows, initial.globalMean, solved, fixed, slice);
    } catch (error) {
      this.#failure ??= error;
    }
  }

  async measure(): Promise<Measurement> {
    this.#throwFailure();
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
    };
  }

  keep(): void {
    this.#kept = { users: copy(this.#users), items: copy(this.#items) };
  }

  async read(which: "current" | "kept" = "current"): Promise<Parameters> {
    this.#throwFailure();
    const { users, items } = which === "kept" ? this.#kept : { users: this.#users, items: this.#items };
    return {
      factors: this.#problem.hyperparameters.factors,
      userFactors: Float32Array.from(users.factors),
      userBiases: Float32Array.from(users.biases),
      itemFactors: Float32Array.from(items.factors),
      itemBiases: Float32Array.from(items.biases),
      globalMean: this.#problem.initial.globalMean,
    };
  }

  destroy(): void {}

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

const copy = (state: SideState): SideState => ({ factors: state.factors.slice(), biases: state.biases.slice() });

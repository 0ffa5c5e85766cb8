// A session of the reference engine: every operation is one call of the loop of that name.

import { OptionsError } from "../../errors.js";
import { rowLengths, rowOfEach } from "../../ratings/csr.js";
import type { RatingColumns } from "../../ratings/rating-columns.js";
import { type BlockPlan, planBlocks, roundsOf } from "../blocks.js";
import {
  type BatchStep,
  type EngineState,
  type Epoch,
  otherSide,
  type RatingSet,
  type Rows,
  type RowSlice,
  type Session,
  type Side,
  SIDES,
  type SumRequest,
  type SumResults,
  type System,
  type Which,
  type Workload,
} from "../engine.js";
import { averagedErrors, type DrawSums } from "./averaged-errors.js";
import { confidentErrors } from "./confident-errors.js";
import { expectedErrors } from "./expected-errors.js";
import { gradientStep, takeStep } from "./gradient-step.js";
import { gramSolve } from "./gram-solve.js";
import { heavyBall, type RowsBefore } from "./heavy-ball.js";
import { logLosses } from "./log-losses.js";
import { momentsOf } from "./moments.js";
import { posteriorSums } from "./posterior-sums.js";
import { arraysOf, putRows, type RowState, rowsOf, rowState } from "./rows.js";
import { sgdEpoch } from "./sgd-blocks.js";
import { squaredErrors } from "./squared-errors.js";
import { squaredNorms } from "./squared-norms.js";

/** What `keep` sets aside. */
interface Held {
  readonly rows: Readonly<Record<Side, RowState>>;
}

const NO_RATINGS: RatingColumns = { user: new Uint32Array(0), item: new Uint32Array(0), value: new Float32Array(0) };

export class ReferenceSession implements Session {
  readonly #workload: Workload;
  readonly #train: RatingColumns;
  readonly #heldOut: RatingColumns;
  readonly #current: Held;
  readonly #kept: Held;
  /** The rows at the last `extrapolate`, of the sides that are moved on. */
  readonly #before: Partial<Record<Side, RowsBefore>>;
  readonly #draws: DrawSums;
  readonly #blocks: BlockPlan | undefined;
  #failure: unknown;

  constructor(workload: Workload) {
    const { byUser, byItem, factors: K, spread, rows, operations } = workload;
    this.#workload = workload;
    this.#train = { user: rowOfEach(byUser), item: byUser.index, value: byUser.value };
    this.#heldOut = workload.heldOut ?? NO_RATINGS;
    const stateOf = (side: Side): RowState => rowState(rows[side], K, spread, operations.pulls?.includes(side));
    this.#current = { rows: { users: stateOf("users"), items: stateOf("items") } };
    this.#kept = structuredClone(this.#current);
    this.#before = Object.fromEntries(
      (operations.extrapolate ?? []).map((side) => {
        const { factors, biases } = this.#current.rows[side];
        return [side, { factors: factors.slice(), biases: biases.slice() }];
      }),
    );
    const sums = (): Float64Array => new Float64Array(operations.sums.includes("averagedErrors") ? this.#heldOut.value.length : 0);
    this.#draws = { predictions: sums(), densities: sums() };
    this.#blocks = operations.epochs && planBlocks(this.#train, byUser.count, byItem.count, operations.epochs.seed);
  }

  async solve(side: Side, system: System, slice?: RowSlice): Promise<void> {
    const { globalMean } = this.#workload;
    const { [side]: solved, [otherSide(side)]: fixed } = this.#current.rows;
    try {
      gramSolve(system, side, this.#ratingsOf(side), globalMean, solved, fixed, slice);
    } catch (error) {
      // As on a device, where it is found out later.
      this.#failure ??= error;
    }
  }

  async writePulls(side: Side, pulls: Float64Array): Promise<void> {
    this.#current.rows[side].pulls!.set(pulls);
  }

  async extrapolate(side: Side, momentum: number): Promise<void> {
    heavyBall(this.#current.rows[side], this.#before[side]!, momentum);
  }

  async batchStep(step: BatchStep): Promise<void> {
    const { rows } = this.#current;
    for (const side of SIDES) gradientStep(step, side, this.#ratingsOf(side), this.#workload.globalMean, rows[side], rows[otherSide(side)]);
    for (const side of SIDES) takeStep(rows[side]);
  }

  async runEpoch(epoch: Epoch): Promise<void> {
    const { byUser, byItem, factors: K, globalMean, operations } = this.#workload;
    const rounds = roundsOf(this.#blocks!.groups, operations.epochs!.seed, epoch.number);
    const { users, items } = this.#current.rows;
    sgdEpoch(epoch, this.#blocks!, rounds, K, globalMean, users, items, { users: rowLengths(byUser), items: rowLengths(byItem) });
  }

  async sums<const R extends Readonly<Record<string, SumRequest>>>(requests: R): Promise<SumResults<R>> {
    this.#throwFailure();
    return Object.fromEntries(Object.entries(requests).map(([name, request]) => [name, this.#sum(request)])) as SumResults<R>;
  }

  keep(): void {
    for (const side of SIDES) {
      const [from, to] = [arraysOf(side, this.#current.rows[side]), arraysOf(side, this.#kept.rows[side])];
      for (const [name, values] of Object.entries(from)) to[name].set(values);
    }
  }

  async readRows(side: Side, which: Which = "current", slice?: RowSlice): Promise<Rows> {
    this.#throwFailure();
    const { rows } = which === "kept" ? this.#kept : this.#current;
    return rowsOf(rows[side], this.#workload.factors, slice ?? { from: 0, to: rows[side].biases.length });
  }

  async writeRows(side: Side, rows: Rows, from = 0): Promise<void> {
    putRows(this.#current.rows[side], rows, this.#workload.factors, from);
  }

  async readState(): Promise<EngineState> {
    this.#throwFailure();
    return structuredClone(this.#arrays());
  }

  async writeState(state: EngineState): Promise<void> {
    const arrays = this.#arrays();
    for (const [name, values] of Object.entries(arrays)) {
      const given = state[name];
      if (!(given instanceof Float64Array) || given.length !== values.length)
        throw new OptionsError(`the state has no "${name}" of ${values.length} float64 numbers: it is another training's or engine's`);
    }
    for (const [name, values] of Object.entries(arrays)) values.set(state[name]);
  }

  destroy(): void {}

  #sum(request: SumRequest): unknown {
    const { factors: K, globalMean, byUser } = this.#workload;
    const { users, items } = this.#current.rows;
    const ratings = (set: RatingSet): RatingColumns => (set === "training" ? this.#train : this.#heldOut);
    switch (request.of) {
      case "squaredNorms":
        return squaredNorms(this.#current.rows[request.side], K, this.#ratingsOf(request.side).start, request.weighted);
      case "moments":
        return momentsOf(this.#current.rows[request.side], K);
      case "posteriorSums":
        return posteriorSums(this.#current.rows[request.side], K);
      case "squaredErrors":
        return squaredErrors(ratings(request.over), K, globalMean, users, items, request.clip);
      case "logLosses":
        return logLosses(ratings(request.over), K, globalMean, users, items);
      case "expectedSquares": {
        const { squares, variances } = expectedErrors(this.#train, K, globalMean, request.lambda, users, items);
        return { squares, variances };
      }
      case "expectedErrors":
        return expectedErrors(ratings(request.over), K, globalMean, request.lambda, users, items);
      case "confidentErrors":
        return confidentErrors(request.confidence, byUser, K, users, items);
      case "averagedErrors":
        return averagedErrors(this.#draws, this.#heldOut, K, globalMean, request, users, items);
    }
  }

  #ratingsOf(side: Side) {
    return side === "users" ? this.#workload.byUser : this.#workload.byItem;
  }

  /** All that changes in training, by name. */
  #arrays(): Record<string, Float64Array> {
    const named: [string, Float64Array][] = [];
    for (const [which, { rows }] of [
      ["current", this.#current],
      ["kept", this.#kept],
    ] as const) {
      for (const side of SIDES) {
        for (const [name, values] of Object.entries(arraysOf(side, rows[side]))) named.push([`${which} ${name}`, values]);
      }
    }
    for (const side of SIDES) {
      for (const [name, values] of Object.entries(this.#before[side] ?? {})) named.push([`before ${side} ${name}`, values]);
    }
    return Object.fromEntries([...named, ...Object.entries(this.#draws).map(([name, values]) => [`sums of ${name}`, values])]);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

// A session of the reference engine: every operation is one call of the loop of that name.

import { OptionsError } from "../../errors.js";
import { rowLengths, rowOfEach } from "../../ratings/csr.js";
import type { RatingColumns } from "../../ratings/rating-columns.js";
import { type BlockPlan, dealRows, evenBlocks, planBlocks, ratingBlocks, roundsOf } from "../blocks.js";
import {
  type BatchStep,
  type EngineState,
  type Epoch,
  type JoinBlocks,
  otherSide,
  type RatingSet,
  type RowChoice,
  type Rows,
  type RowSlice,
  type Session,
  type Side,
  SIDES,
  type SumKind,
  type SumRequest,
  type SumResults,
  type SumTypes,
  type System,
  weightsOf,
  type Which,
  type Workload,
} from "../engine.js";
import { averagedErrors, type DrawSums } from "./averaged-errors.js";
import { confidentErrors } from "./confident-errors.js";
import { conjugateGradients } from "./conjugate-gradients.js";
import { expectedErrors } from "./expected-errors.js";
import { gradientStep, takeStep } from "./gradient-step.js";
import { gramSolve } from "./gram-solve.js";
import { heavyBall, type RowsBefore } from "./heavy-ball.js";
import { logLosses } from "./log-losses.js";
import { momentsOf } from "./moments.js";
import { posteriorSums } from "./posterior-sums.js";
import { arraysOf, packRows, putRows, type RowState, rowsOf, rowState, unpackRows } from "./rows.js";
import { sgdEpoch } from "./sgd-blocks.js";
import { squaredErrors } from "./squared-errors.js";
import { squaredNorms } from "./squared-norms.js";

const NO_RATINGS: RatingColumns = { user: new Uint32Array(0), item: new Uint32Array(0), value: new Float32Array(0) };

/** Ratings of a block of a sum. */
const SUM_RATINGS = 8192;

const alone: JoinBlocks = async (blocks) => blocks;

export class ReferenceSession implements Session {
  readonly #workload: Workload;
  readonly #train: RatingColumns;
  readonly #heldOut: RatingColumns;
  readonly #current: Readonly<Record<Side, RowState>>;
  /** What `keep` sets aside. */
  readonly #kept: Readonly<Record<Side, RowState>>;
  /** The rows at the last `extrapolate`, of the sides that are moved on. */
  readonly #before: Partial<Record<Side, RowsBefore>>;
  readonly #draws: DrawSums;
  readonly #blocks: BlockPlan | undefined;
  /** Weights of the ratings of each row. */
  readonly #weights: ReturnType<typeof weightsOf>;
  /** First rating of each block of a sum, and the end. */
  readonly #cuts: Readonly<Record<RatingSet, Uint32Array>>;
  #failure: unknown;

  constructor(workload: Workload) {
    const { byUser, byItem, factors: K, spread, rows, operations } = workload;
    this.#workload = workload;
    this.#train = { user: rowOfEach(byUser), item: byUser.index, value: byUser.value, weight: byUser.weight };
    this.#heldOut = workload.heldOut ?? NO_RATINGS;
    const stateOf = (side: Side): RowState => rowState(rows[side], K, spread, operations.pulls?.includes(side));
    this.#current = { users: stateOf("users"), items: stateOf("items") };
    this.#kept = structuredClone(this.#current);
    this.#before = Object.fromEntries(
      (operations.extrapolate ?? []).map((side) => {
        const { factors, biases } = this.#current[side];
        return [side, { factors: factors.slice(), biases: biases.slice() }];
      }),
    );
    const sums = (): Float64Array => new Float64Array(operations.sums.includes("averagedErrors") ? this.#heldOut.value.length : 0);
    this.#draws = { predictions: sums(), densities: sums() };
    this.#weights = weightsOf(workload);
    const lengths = workload.share?.lengths ?? { users: rowLengths(byUser), items: rowLengths(byItem) };
    const { epochs } = operations;
    this.#blocks = epochs && planBlocks(this.#train, dealRows(lengths, epochs.seed), epochs.seed);
    this.#cuts = {
      training: ratingBlocks(byUser.start, this.#rowsHere("users"), SUM_RATINGS),
      heldOut: evenBlocks(this.#heldOut.value.length, SUM_RATINGS),
    };
  }

  async solve(side: Side, system: System, slice?: RowSlice): Promise<void> {
    const { globalMean } = this.#workload;
    const { [side]: solved, [otherSide(side)]: fixed } = this.#current;
    try {
      if (system.kind !== "drawn" && system.steps !== undefined)
        conjugateGradients(system, system.steps, this.#ratingsOf(side), globalMean, solved, fixed, slice);
      else gramSolve(system, side, this.#ratingsOf(side), globalMean, solved, fixed, slice);
    } catch (error) {
      // As on a device, where it is found out later.
      this.#failure ??= error;
    }
  }

  async writePulls(side: Side, pulls: Float64Array): Promise<void> {
    this.#current[side].pulls!.set(pulls);
  }

  async extrapolate(side: Side, momentum: number): Promise<void> {
    heavyBall(this.#current[side], this.#before[side]!, momentum);
  }

  async batchStep(step: BatchStep): Promise<void> {
    const rows = this.#current;
    for (const side of SIDES)
      gradientStep(step, side, this.#ratingsOf(side), this.#workload.globalMean, rows[side], rows[otherSide(side)], this.#rowsHere(side));
    for (const side of SIDES) takeStep(rows[side], this.#workload.factors, this.#rowsHere(side));
  }

  async runEpoch(epoch: Epoch): Promise<void> {
    const { factors: K, globalMean, operations } = this.#workload;
    const { round } = epoch;
    const rounds = round ? Uint32Array.of(round.number) : roundsOf(this.#blocks!.groups, operations.epochs!.seed, epoch.number);
    const { users, items } = this.#current;
    sgdEpoch(epoch, this.#blocks!, rounds, K, globalMean, users, items, this.#weights, round?.groups);
  }

  async sums<const R extends Readonly<Record<string, SumRequest>>>(requests: R, join: JoinBlocks = alone): Promise<SumResults<R>> {
    this.#throwFailure();
    const results: Record<string, unknown> = {};
    for (const [name, request] of Object.entries(requests)) results[name] = await this.#sum(request, join);
    return results as SumResults<R>;
  }

  keep(): void {
    for (const side of SIDES) {
      const [from, to] = [arraysOf(side, this.#current[side]), arraysOf(side, this.#kept[side])];
      for (const [name, values] of Object.entries(from)) to[name].set(values);
    }
  }

  async readRows(side: Side, which: Which = "current", slice?: RowSlice): Promise<Rows> {
    this.#throwFailure();
    const { [side]: rows } = which === "kept" ? this.#kept : this.#current;
    return rowsOf(rows, this.#workload.factors, slice ?? { from: 0, to: rows.biases.length });
  }

  async writeRows(side: Side, rows: Rows, from = 0): Promise<void> {
    putRows(this.#current[side], rows, this.#workload.factors, from);
  }

  async readPacked(side: Side, rows: RowChoice): Promise<Float64Array> {
    this.#throwFailure();
    return packRows(this.#current[side], rows);
  }

  async writePacked(side: Side, rows: RowChoice, packed: Float64Array): Promise<void> {
    unpackRows(this.#current[side], rows, packed);
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

  async #sum(request: SumRequest, join: JoinBlocks): Promise<SumTypes[SumKind]["gives"]> {
    const { factors: K, globalMean } = this.#workload;
    const { users, items } = this.#current;
    const one = async (over: RatingSet, sum: (block: RatingColumns) => number): Promise<number> =>
      (await this.#overBlocks(over, join, 1, (block) => [sum(block)]))[0];
    switch (request.of) {
      case "squaredNorms":
        return squaredNorms(this.#current[request.side], K, request.weighted ? this.#weights[request.side] : undefined);
      case "moments":
        return momentsOf(this.#current[request.side], K);
      case "posteriorSums":
        return posteriorSums(this.#current[request.side], K);
      case "squaredErrors":
        return await one(request.over, (block) => squaredErrors(block, K, globalMean, users, items, request.clip));
      case "logLosses":
        return await one(request.over, (block) => logLosses(block, K, globalMean, users, items));
      case "confidentErrors":
        return await one("training", (block) => confidentErrors(request.confidence, block, K, users, items));
      case "expectedSquares":
      case "expectedErrors": {
        const over = request.of === "expectedSquares" ? "training" : request.over;
        const [squares, variances, logDensity] = await this.#overBlocks(over, join, 3, (block) => {
          const sums = expectedErrors(block, K, globalMean, request.lambda, users, items);
          return [sums.squares, sums.variances, sums.logDensity];
        });
        return request.of === "expectedSquares" ? { squares, variances } : { squares, variances, logDensity };
      }
      case "averagedErrors": {
        const [squares, clippedSquares, logDensity] = await this.#overBlocks("heldOut", join, 3, (block, from, to) => {
          const [predictions, densities] = [this.#draws.predictions.subarray(from, to), this.#draws.densities.subarray(from, to)];
          const sums = averagedErrors({ predictions, densities }, block, K, globalMean, request, users, items);
          return [sums.squares, sums.clippedSquares, sums.logDensity];
        });
        return { squares, clippedSquares, logDensity };
      }
    }
  }

  /** Sums over ratings, block by block. */
  async #overBlocks(
    over: RatingSet,
    join: JoinBlocks,
    width: number,
    sum: (block: RatingColumns, from: number, to: number) => readonly number[],
  ): Promise<number[]> {
    const { user, item, value, weight } = over === "training" ? this.#train : this.#heldOut;
    const cuts = this.#cuts[over];
    const blocks = new Float64Array((cuts.length - 1) * width);
    for (let block = 0; block < cuts.length - 1; block++) {
      const [from, to] = [cuts[block], cuts[block + 1]];
      const part = <T extends Uint32Array | Float32Array>(column: T): T => column.subarray(from, to) as T;
      const ratings = { user: part(user), item: part(item), value: part(value), weight: weight && part(weight) };
      blocks.set(sum(ratings, from, to), block * width);
    }
    const all = await join(blocks, width);
    const total = Array<number>(width).fill(0);
    all.forEach((part, at) => (total[at % width] += part));
    return total;
  }

  /** The rows of a side whose ratings are here. */
  #rowsHere(side: Side): RowSlice {
    return this.#workload.share?.rows[side] ?? { from: 0, to: this.#ratingsOf(side).count };
  }

  #ratingsOf(side: Side) {
    return side === "users" ? this.#workload.byUser : this.#workload.byItem;
  }

  /** All that changes in training, by name. */
  #arrays(): Record<string, Float64Array> {
    const named: [string, Float64Array][] = [];
    for (const [which, rows] of [
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

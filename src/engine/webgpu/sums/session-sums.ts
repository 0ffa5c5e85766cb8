// The sums that a session may be asked for: which kernels each takes, and what comes of what they leave.

import { OptionsError } from "../../../errors.js";
import { type Side, SIDES, type SumKind, type SumRequest, type SumTypes, type Workload } from "../../engine.js";
import { uploadStorage } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import type { RowStore } from "../memory/row-store.js";
import {
  AveragedErrors,
  ConfidentErrors,
  ExpectedErrors,
  LogLosses,
  PosteriorMoments,
  type RatingPieces,
  SquaredErrors,
  SquaredNorms,
  type Sum,
} from "./sums.js";

/** Ratings on the device. */
export interface RatingSets {
  readonly training: RatingPieces;
  /** Undefined when there are none. */
  readonly heldOut: RatingPieces | undefined;
}

/** What is run for a request, and what it gives. */
export interface SumPlan {
  readonly sums: readonly Sum[];
  result(read: ReadonlyMap<Sum, ArrayBuffer>): unknown;
}

type Both<S> = { readonly [set in keyof RatingSets]: S | undefined };
type OfSides<S> = Readonly<Record<Side, S>>;

export class SessionSums {
  readonly #workload: Workload;
  readonly #rowStarts: GPUBuffer[] = [];
  readonly #squaredNorms: OfSides<SquaredNorms> | undefined;
  readonly #posteriorSums: OfSides<PosteriorMoments> | undefined;
  readonly #squaredErrors: Both<SquaredErrors> | undefined;
  readonly #logLosses: Both<LogLosses> | undefined;
  readonly #expectedErrors: Both<ExpectedErrors> | undefined;
  readonly #confidentErrors: ConfidentErrors | undefined;
  readonly #averagedErrors: AveragedErrors | undefined;

  constructor(device: Device, workload: Workload, rows: RowStore, sets: RatingSets) {
    this.#workload = workload;
    const { factors: K, globalMean, operations } = workload;
    const asked = new Set<SumKind>(operations.sums);
    // Rows that carry expected errors leave the errors at the means to be summed.
    if (asked.has("expectedSquares")) asked.add("squaredErrors").add("expectedErrors").add("posteriorSums");
    const when = <S>(kind: SumKind, make: () => S): S | undefined => (asked.has(kind) ? make() : undefined);
    const ofSides = <S>(make: (side: Side) => S): OfSides<S> => ({ users: make("users"), items: make("items") });
    const both = <S>(make: (ratings: RatingPieces) => S): Both<S> => ({
      training: make(sets.training),
      heldOut: sets.heldOut && make(sets.heldOut),
    });
    this.#squaredNorms = when("squaredNorms", () => ofSides((side) => this.#normsOf(device, rows, side)));
    this.#posteriorSums = when("posteriorSums", () => ofSides((side) => new PosteriorMoments(device, rows.shards[side], K)));
    this.#squaredErrors = when("squaredErrors", () => both((ratings) => new SquaredErrors(device, ratings, globalMean)));
    this.#logLosses = when("logLosses", () => both((ratings) => new LogLosses(device, ratings, globalMean)));
    this.#expectedErrors = when("expectedErrors", () => both((ratings) => new ExpectedErrors(device, ratings, globalMean)));
    this.#confidentErrors = when("confidentErrors", () => new ConfidentErrors(device, sets.training));
    this.#averagedErrors = when("averagedErrors", () => sets.heldOut && new AveragedErrors(device, sets.heldOut, globalMean));
  }

  async compile(): Promise<void> {
    const { factors: K, spread } = this.#workload;
    const family = spread === "full" ? "full" : "diagonal";
    await Promise.all([
      ...SIDES.flatMap((side) => [this.#squaredNorms?.[side].compile(K, spread), this.#posteriorSums?.[side].compile(K, family)]),
      ...(["training", "heldOut"] as const).flatMap((set) => [
        this.#squaredErrors?.[set]?.compile(K, spread),
        this.#logLosses?.[set]?.compile(K),
        this.#expectedErrors?.[set]?.compile(K, family),
      ]),
      this.#confidentErrors?.compile(K),
      this.#averagedErrors?.compile(K),
    ]);
  }

  /**
   * @param carried the side whose rows carry their ratings' squared errors, or expected ones: no pass over the ratings is needed then.
   * @throws OptionsError for a sum that the session was not opened for.
   */
  plan(request: Exclude<SumRequest, { of: "moments" | "featureNorms" }>, carried: Side | undefined): SumPlan {
    switch (request.of) {
      case "squaredNorms": {
        const sum = asked(this.#squaredNorms, request.of)[request.side];
        sum.setWeighted(request.weighted);
        return one(sum, (bytes): SumTypes["squaredNorms"]["gives"] => {
          const [factors, biases] = SquaredNorms.total(bytes);
          return { factors, biases };
        });
      }
      case "posteriorSums": {
        const sum = asked(this.#posteriorSums, request.of)[request.side];
        return one(sum, (bytes) => sum.total(bytes, this.#workload.factors));
      }
      case "squaredErrors": {
        const sums = asked(this.#squaredErrors, request.of);
        if (request.over === "training" && carried && this.#squaredNorms)
          return one(this.#squaredNorms[carried], (bytes) => SquaredNorms.total(bytes)[2]);
        return one(sums[request.over], SquaredErrors.total, 0);
      }
      case "logLosses":
        return one(asked(this.#logLosses, request.of)[request.over], SquaredErrors.total, 0);
      case "expectedSquares":
        return this.#expectedSquares(request.lambda, carried);
      case "expectedErrors": {
        const sum = asked(this.#expectedErrors, request.of)[request.over];
        sum?.setLambda(request.lambda);
        return one(sum, ExpectedErrors.total, { squares: 0, variances: 0, logDensity: 0 });
      }
      case "confidentErrors": {
        const sum = asked(this.#confidentErrors, request.of);
        sum.setConfidence(request.confidence);
        return one(sum, SquaredErrors.total);
      }
      case "averagedErrors": {
        this.#averagedErrors?.setDraw(request.lambda, request.draws);
        return one(this.#averagedErrors, AveragedErrors.total, { squares: 0, logDensity: 0 });
      }
    }
  }

  /** Buffers whose contents a training builds on. */
  get stateBuffers(): readonly GPUBuffer[] {
    return this.#averagedErrors?.drawSums ?? [];
  }

  #expectedSquares(lambda: number, carried: Side | undefined): SumPlan {
    const { factors: K } = this.#workload;
    if (!carried) {
      const sum = asked(this.#expectedErrors, "expectedSquares").training!;
      sum.setLambda(lambda);
      return one(sum, (bytes) => {
        const { squares, variances } = ExpectedErrors.total(bytes);
        return { squares, variances };
      });
    }
    const means = asked(this.#squaredErrors, "expectedSquares").training!;
    const moments = asked(this.#posteriorSums, "expectedSquares")[carried];
    return {
      sums: [means, moments],
      result: (read): SumTypes["expectedSquares"]["gives"] => {
        const squares = SquaredErrors.total(read.get(means)!);
        return { squares, variances: moments.total(read.get(moments)!, K).expectedSquares - squares };
      },
    };
  }

  #normsOf(device: Device, rows: RowStore, side: Side): SquaredNorms {
    const { start } = side === "users" ? this.#workload.byUser : this.#workload.byItem;
    let first = 0;
    const parts = rows.shards[side].map((shard) => {
      const rowStart = uploadStorage(device, `row starts of ${side}`, start.subarray(first, (first += shard.count) + 1));
      this.#rowStarts.push(rowStart);
      return { ...shard, rowStart };
    });
    return new SquaredNorms(device, parts);
  }

  destroy(): void {
    const all: (Sum | undefined)[] = [
      ...SIDES.flatMap((side) => [this.#squaredNorms?.[side], this.#posteriorSums?.[side]]),
      ...(["training", "heldOut"] as const).flatMap((set) => [
        this.#squaredErrors?.[set],
        this.#logLosses?.[set],
        this.#expectedErrors?.[set],
      ]),
      this.#confidentErrors,
      this.#averagedErrors,
    ];
    for (const sum of all) sum?.destroy();
    for (const buffer of this.#rowStarts) buffer.destroy();
  }
}

function asked<S>(sums: S | undefined, kind: SumKind): S {
  if (sums === undefined) throw new OptionsError(`the session was not opened for sums of "${kind}"`);
  return sums;
}

/** @param none what is given where there is nothing to sum. */
const one = <R>(sum: Sum | undefined, total: (bytes: ArrayBuffer) => R, none?: R): SumPlan => ({
  sums: sum ? [sum] : [],
  result: (read) => (sum ? total(read.get(sum)!) : none),
});

// The sums that a session may be asked for: which kernels each takes, and what comes of what they leave.

import { OptionsError } from "../../../errors.js";
import { type Bounds, type RatingSet, type Side, SIDES, type SumKind, type SumRequest, weightsOf, type Workload } from "../../engine.js";
import { createStorage, uploadStorage } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import type { RowStore } from "../memory/row-store.js";
import { blocksOf } from "../rows/tile-plan.js";
import {
  averagedErrorsKernel,
  confidentErrorsKernel,
  expectedErrorsKernel,
  logLossesKernel,
  posteriorSumsKernel,
  squaredErrorsKernel,
  squaredNormsKernel,
} from "./sum-kernels.js";
import { type RatingPieces, ratingRuns, Sum, type SumSettings } from "./sums.js";

/** Ratings on the device. */
export interface RatingSets {
  readonly training: RatingPieces;
  /** Undefined when there are none. */
  readonly heldOut: RatingPieces | undefined;
}

/** What is run for a request, and what it gives, from the totals of what was run. */
export interface SumPlan {
  readonly sums: readonly Sum[];
  result(totals: readonly number[][]): unknown;
}

/** A request that kernels of this room answer. */
type KernelRequest = Exclude<SumRequest, { of: "moments" }>;

/** The largest float32: shaders need not know infinity. */
const LARGEST = 3.4028234663852886e38;
const UNCLIPPED: SumSettings = [
  ["f", -LARGEST],
  ["f", LARGEST],
];

/** Nothing where nothing is clipped: another request for the same sum in one pass may clip. */
const clipSettings = (clip: Bounds | undefined): SumSettings =>
  clip
    ? [
        ["f", clip.least],
        ["f", clip.most],
      ]
    : [];

export class SessionSums {
  readonly #device: Device;
  readonly #workload: Workload;
  readonly #rows: RowStore;
  readonly #sets: RatingSets;
  readonly #buffers: GPUBuffer[] = [];
  /** Of each held-out rating, the sums over the draws of its prediction and density. */
  readonly #drawSums: readonly GPUBuffer[];
  readonly #sums = new Map<string, Sum>();

  constructor(device: Device, workload: Workload, rows: RowStore, sets: RatingSets) {
    this.#device = device;
    this.#workload = workload;
    this.#rows = rows;
    this.#sets = sets;
    const asked = new Set<SumKind>(workload.operations.sums);
    // Rows that carry expected errors leave the errors at the means to be summed.
    if (asked.has("expectedSquares")) asked.add("squaredErrors").add("expectedErrors").add("posteriorSums");
    const averaged = asked.has("averagedErrors") ? (sets.heldOut?.pieces ?? []) : [];
    this.#drawSums = averaged.map(({ count }) => this.#own(createStorage(device, "sums over the draws", count * 8)));
    for (const kind of asked) {
      for (const of of kind === "squaredNorms" || kind === "posteriorSums" ? SIDES : (["training", "heldOut"] as const)) {
        const sum = this.#make(kind, of);
        if (sum) this.#sums.set(`${kind} of ${of}`, sum);
      }
    }
  }

  async compile(): Promise<void> {
    await Promise.all([...this.#sums.values()].map((sum) => sum.compile()));
  }

  /** Buffers whose contents a training builds on, and how many of their bytes are used. */
  get stateBuffers(): { readonly buffers: readonly GPUBuffer[]; readonly bytes: readonly number[] } {
    const counts = this.#sets.heldOut?.pieces.map(({ count }) => count) ?? [];
    // A buffer of no ratings is not empty.
    const used = this.#drawSums.map((buffer, at) => ({ buffer, bytes: 8 * counts[at] })).filter(({ bytes }) => bytes > 0);
    return { buffers: used.map(({ buffer }) => buffer), bytes: used.map(({ bytes }) => bytes) };
  }

  /**
   * @param carried the side whose rows carry their ratings' squared errors, or expected ones:
   *   no pass over the ratings is needed then.
   * @throws OptionsError for a sum that the session was not opened for.
   */
  plan(request: KernelRequest, carried: Side | undefined): SumPlan {
    const { factors: K, globalMean } = this.#workload;
    const mean = ["f", globalMean] as const;
    switch (request.of) {
      case "squaredNorms":
        return this.#one(request.of, request.side, [["u", request.weighted ? 1 : 0]], ([factors, biases]) => ({ factors, biases }));
      case "posteriorSums": {
        const count = this.#workload.rows[request.side].biases.length;
        const last = 4 * blocksOf(K) - 1;
        return this.#one(request.of, request.side, [], (sums) => ({
          count,
          secondMoments: sums.slice(0, K + 1),
          logDeterminants: sums[last],
        }));
      }
      case "squaredErrors":
        if (request.over === "training" && carried && this.#sums.has(`squaredNorms of ${carried}`))
          return this.#one("squaredNorms", carried, [], ([, , errors]) => errors);
        return this.#one(request.of, request.over, [mean, ...clipSettings(request.clip)], ([sum, clipped]) =>
          request.clip ? clipped : sum,
        );
      case "logLosses":
        return this.#one(request.of, request.over, [mean], ([sum]) => sum);
      case "expectedErrors":
        return this.#one(request.of, request.over, [mean, ["f", request.lambda]], ([squares, variances, logDensity]) => ({
          squares,
          variances,
          logDensity,
        }));
      case "expectedSquares": {
        const settings: SumSettings = [mean, ["f", request.lambda]];
        if (!carried) return this.#one("expectedErrors", "training", settings, ([squares, variances]) => ({ squares, variances }));
        const { sums } = this.#one("squaredErrors", "training", [mean], ([sum]) => sum);
        const expected = this.#one("posteriorSums", carried, [], () => undefined);
        return {
          sums: [...sums, ...expected.sums],
          result: ([[squares], moments]) => ({ squares, variances: moments[4 * blocksOf(K)] - squares }),
        };
      }
      case "confidentErrors":
        return this.#one(request.of, "training", [["f", request.confidence]], ([sum]) => sum);
      case "averagedErrors":
        return this.#one(
          request.of,
          "heldOut",
          [mean, ["f", request.lambda], ["u", request.draws], ...clipSettings(request.clip)],
          ([squares, clippedSquares, logDensity]) => ({ squares, clippedSquares, logDensity }),
        );
    }
  }

  destroy(): void {
    for (const sum of this.#sums.values()) sum.destroy();
    for (const buffer of this.#buffers) buffer.destroy();
  }

  /** A plan of one sum; of a set without ratings all is 0. */
  #one(kind: SumKind, of: Side | RatingSet, settings: SumSettings, result: (sums: readonly number[]) => unknown): SumPlan {
    const sum = this.#sums.get(`${kind} of ${of}`);
    if (!sum) {
      if (of === "heldOut" && !this.#sets.heldOut) return { sums: [], result: () => result([0, 0, 0]) };
      throw new OptionsError(`the session was not opened for sums of "${kind}"`);
    }
    if (settings.length > 0) sum.set(settings);
    return { sums: [sum], result: ([totals]) => result(totals) };
  }

  #make(kind: SumKind, of: Side | RatingSet): Sum | undefined {
    const device = this.#device;
    const { factors: K, spread, globalMean } = this.#workload;
    const family = spread === "full" ? "full" : "diagonal";
    if (of === "users" || of === "items") {
      const shards = this.#rows.shards[of];
      if (kind === "posteriorSums") {
        const runs = shards.map(({ rows, count }) => ({ inputs: [rows], count }));
        return new Sum(device, posteriorSumsKernel(K, family), "posterior_sums", 4 * (blocksOf(K) + 1), [["u", 0]], runs);
      }
      const runs = this.#rowWeights(of).map((weights, at) => ({ inputs: [weights, shards[at].rows], count: shards[at].count }));
      return new Sum(device, squaredNormsKernel(K, spread), "squared_norms", 4, [["u", 0]], runs);
    }
    const ratings = this.#sets[of];
    if (!ratings) return undefined;
    const variant = { factors: K, values: ratings.format, loopsLeft: device.report.writesOutLoops };
    const runs = ratingRuns(ratings);
    const mean = ["f", globalMean] as const;
    const one = ["f", 1] as const;
    switch (kind) {
      case "squaredErrors":
        return new Sum(device, squaredErrorsKernel(variant, spread), "squared_errors", 2, [mean, ...UNCLIPPED], runs, true);
      case "logLosses":
        return new Sum(device, logLossesKernel(variant, spread), "log_losses", 1, [mean], runs, true);
      case "expectedErrors":
        return new Sum(device, expectedErrorsKernel(variant, family), "expected_errors", 4, [mean, one], runs, true);
      case "confidentErrors":
        return of === "heldOut" ? undefined : new Sum(device, confidentErrorsKernel(variant), "confident_errors", 1, [one], runs, true);
      case "averagedErrors": {
        const settings: SumSettings = [mean, one, ["u", 0], ...UNCLIPPED];
        const over = ratingRuns(ratings, this.#drawSums);
        return of === "training" ? undefined : new Sum(device, averagedErrorsKernel(variant), "averaged_errors", 4, settings, over, true);
      }
      default:
        return undefined;
    }
  }

  /** Weights of the ratings of each row, shard by shard. */
  #rowWeights(side: Side): GPUBuffer[] {
    const weights = Float32Array.from(weightsOf(this.#workload)[side]);
    let first = 0;
    return this.#rows.shards[side].map(({ count }) =>
      this.#own(uploadStorage(this.#device, `weights of rows of ${side}`, weights.subarray(first, (first += count)))),
    );
  }

  #own(buffer: GPUBuffer): GPUBuffer {
    this.#buffers.push(buffer);
    return buffer;
  }
}

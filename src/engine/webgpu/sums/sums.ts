// Squared errors, norms and the like on the device: each writes partial sums in a fixed order, which the host adds in float64.

import type { CovarianceFamily, PosteriorSums, Spread } from "../../engine.js";
import { bindBuffers } from "../device/bindings.js";
import { createStorage, uniformWords, uploadUniform } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import type { Kernel } from "../device/kernel.js";
import { compilePipeline } from "../device/pipelines.js";
import type { RowShard } from "../memory/row-store.js";
import { blocksOf } from "../rows/tile-plan.js";
import type { ValueFormat } from "../memory/values.js";
import {
  averagedErrorsKernel,
  confidentErrorsKernel,
  expectedErrorsKernel,
  logLossesKernel,
  posteriorSumsKernel,
  squaredErrorsKernel,
  squaredNormsKernel,
} from "./sum-kernels.js";

const MOST_PARTIALS = 1024;
/** A workgroup's run is at least this long, so that small problems need few workgroups. */
const SHORTEST_RUN = 256;

type Settings = readonly (readonly ["f" | "u", number])[];

/** One run of a summing kernel, over what fits its bindings. */
export interface Run {
  readonly inputs: readonly GPUBuffer[];
  /** Elements: ratings or rows. */
  readonly count: number;
  /** Brings the inputs to the device, where they are not there all the time. */
  readonly load?: (() => void) | undefined;
}

interface PreparedRun extends Run {
  readonly partials: GPUBuffer;
  readonly settings: GPUBuffer;
  readonly workgroups: number;
}

/** Adds something up over ratings or rows: a kernel, run once for each part that they are cut into. */
export class Sum {
  readonly runs: readonly PreparedRun[];
  readonly #device: Device;
  readonly #label: string;
  #pipeline: GPUComputePipeline | undefined;
  #groups: readonly GPUBindGroup[] = [];

  constructor(device: Device, label: string, settings: Settings, runs: readonly Run[], bytesPerPartial: number) {
    this.#device = device;
    this.#label = label;
    this.runs = runs.map((run) => {
      const length = Math.max(SHORTEST_RUN, Math.ceil(run.count / MOST_PARTIALS));
      const workgroups = Math.ceil(run.count / length);
      return {
        ...run,
        workgroups,
        settings: uploadUniform(device, `settings of ${label}`, uniformWords([...settings, ["u", run.count], ["u", length]])),
        partials: createStorage(device, `partial ${label}`, workgroups * bytesPerPartial),
      };
    });
  }

  protected async compileKernel(kernel: Kernel, entryPoint: string): Promise<void> {
    const pipeline = await compilePipeline(this.#device, kernel, entryPoint);
    this.#pipeline = pipeline;
    this.#groups = this.runs.map(({ settings, inputs, partials }) =>
      bindBuffers(this.#device, this.#label, pipeline.getBindGroupLayout(0), [settings, ...inputs, partials]),
    );
  }

  encode(pass: GPUComputePassEncoder, run: number): void {
    const { workgroups } = this.runs[run];
    if (workgroups === 0) return;
    pass.setPipeline(this.#pipeline!);
    pass.setBindGroup(0, this.#groups[run]);
    pass.dispatchWorkgroups(workgroups);
  }

  /** Replaces the leading settings from now on. */
  protected set(settings: Settings): void {
    const words = uniformWords(settings);
    for (const run of this.runs) this.#device.gpu.queue.writeBuffer(run.settings, 0, words, 0, settings.length * 4);
  }

  destroy(): void {
    for (const { partials, settings } of this.runs) {
      partials.destroy();
      settings.destroy();
    }
  }
}

/** Ratings on the device, with the rows of both sides that they are between, piece by piece. */
export interface RatingPieces {
  readonly count: number;
  readonly format: ValueFormat;
  readonly pieces: readonly RatingPieceBuffers[];
}

export interface RatingPieceBuffers {
  readonly user: GPUBuffer;
  readonly item: GPUBuffer;
  readonly value: GPUBuffer;
  readonly userRows: GPUBuffer;
  readonly itemRows: GPUBuffer;
  readonly count: number;
  readonly load?: (() => void) | undefined;
}

/** A sum over ratings: see shaders/shared/ratings.wgsl. */
class RatingSum extends Sum {
  protected readonly format: ValueFormat;

  /** @param more what is bound after the rows of a piece of so many ratings. */
  constructor(
    device: Device,
    label: string,
    settings: Settings,
    { pieces, format }: RatingPieces,
    bytesPerPartial: number,
    more: (count: number) => readonly GPUBuffer[] = () => [],
  ) {
    const runs = pieces.map(({ user, item, value, userRows, itemRows, count, load }) => ({
      inputs: [user, item, value, userRows, itemRows, ...more(count)],
      count,
      load,
    }));
    super(device, label, settings, runs, bytesPerPartial);
    this.format = format;
  }
}

export class SquaredErrors extends RatingSum {
  constructor(device: Device, ratings: RatingPieces, globalMean: number) {
    super(device, "squared errors", [["f", globalMean]], ratings, 4);
  }

  compile(K: number, spread?: Spread): Promise<void> {
    return this.compileKernel(squaredErrorsKernel(K, this.format, spread), "squared_errors");
  }

  /** Σ e². */
  static total(this: void, partials: ArrayBuffer): number {
    return columnSums(new Float32Array(partials), 1)[0];
  }
}

/** Σ of the log-losses of 0/1 ratings. */
export class LogLosses extends RatingSum {
  constructor(device: Device, ratings: RatingPieces, globalMean: number) {
    super(device, "log-losses", [["f", globalMean]], ratings, 4);
  }

  compile(K: number): Promise<void> {
    return this.compileKernel(logLossesKernel(K, this.format), "log_losses");
  }
}

export class SquaredNorms extends Sum {
  /** @param shards with the row starts of each, whose differences are the numbers of ratings. */
  constructor(device: Device, shards: readonly (RowShard & { readonly rowStart: GPUBuffer })[]) {
    const runs = shards.map(({ rowStart, rows, count }) => ({ inputs: [rowStart, rows], count }));
    super(device, "squared norms", [["u", 0]], runs, 16);
  }

  setWeighted(weighted: boolean): void {
    this.set([["u", weighted ? 1 : 0]]);
  }

  compile(K: number, spread?: Spread): Promise<void> {
    return this.compileKernel(squaredNormsKernel(K, spread), "squared_norms");
  }

  /** Σ w|x|², Σ w b², and Σ of the last components. */
  static total(this: void, partials: ArrayBuffer): [factors: number, biases: number, last: number] {
    const [factors, biases, last] = columnSums(new Float32Array(partials), 4);
    return [factors, biases, last];
  }
}

/** Σ (r − E r̂)², Σ Var r̂ and Σ log predictive density of uncertain rows. */
export class ExpectedErrors extends RatingSum {
  readonly #mean: number;

  constructor(device: Device, ratings: RatingPieces, globalMean: number) {
    super(device, "expected errors", [["f", globalMean], ["f", 1]], ratings, 16); // prettier-ignore
    this.#mean = globalMean;
  }

  compile(K: number, family: CovarianceFamily): Promise<void> {
    return this.compileKernel(expectedErrorsKernel(K, this.format, family), "expected_errors");
  }

  setLambda(lambda: number): void {
    this.set([["f", this.#mean], ["f", lambda]]); // prettier-ignore
  }

  static total(this: void, partials: ArrayBuffer): { squares: number; variances: number; logDensity: number } {
    const [squares, variances, logDensity] = columnSums(new Float32Array(partials), 4);
    return { squares, variances, logDensity };
  }
}

/** E[Σ x_k²] a coordinate, and Σ log|Γ|, of one side. */
export class PosteriorMoments extends Sum {
  readonly #count: number;

  constructor(device: Device, shards: readonly RowShard[], K: number) {
    const runs = shards.map(({ rows, count }) => ({ inputs: [rows], count }));
    super(device, "posterior sums", [["u", 0]], runs, 16 * (blocksOf(K) + 1));
    this.#count = shards.reduce((sum, { count }) => sum + count, 0);
  }

  compile(K: number, family: CovarianceFamily): Promise<void> {
    return this.compileKernel(posteriorSumsKernel(K, family), "posterior_sums");
  }

  /** With Σ E[e²] as the rows carry it. */
  total(partials: ArrayBuffer, K: number): PosteriorSums & { readonly expectedSquares: number } {
    const blocks = blocksOf(K);
    const sums = columnSums(new Float32Array(partials), 4 * (blocks + 1));
    const [logDeterminants, expectedSquares] = sums.slice(4 * blocks - 1);
    return { count: this.#count, secondMoments: sums.slice(0, K + 1), logDeterminants, expectedSquares };
  }
}

/** Σ c (p − u·v)² − (u·v)² over the feedback. */
export class ConfidentErrors extends RatingSum {
  constructor(device: Device, ratings: RatingPieces) {
    super(device, "confident errors", [["f", 1]], ratings, 4);
  }

  setConfidence(confidence: number): void {
    this.set([["f", confidence]]);
  }

  compile(K: number): Promise<void> {
    return this.compileKernel(confidentErrorsKernel(K, this.format), "confident_errors");
  }
}

/** Held-out errors of predictions averaged over draws. */
export class AveragedErrors extends RatingSum {
  readonly #mean: number;
  /** Sums over the draws of each rating's prediction and density. */
  readonly drawSums: readonly GPUBuffer[];

  constructor(device: Device, ratings: RatingPieces, globalMean: number) {
    const sums: GPUBuffer[] = [];
    super(
      device,
      "averaged errors",
      [
        ["f", globalMean],
        ["f", 1],
        ["u", 0],
      ],
      ratings,
      8,
      (count) => {
        sums.push(createStorage(device, "sums over the draws", count * 8));
        return sums.slice(-1);
      },
    );
    this.#mean = globalMean;
    this.drawSums = sums;
  }

  compile(K: number): Promise<void> {
    return this.compileKernel(averagedErrorsKernel(K, this.format), "averaged_errors");
  }

  /** The precision that the present draw predicts at, and the number of draws, this one included; 0 during the burn-in. */
  setDraw(lambda: number, draws: number): void {
    this.set([["f", this.#mean], ["f", lambda], ["u", draws]]); // prettier-ignore
  }

  static total(this: void, partials: ArrayBuffer): { squares: number; logDensity: number } {
    const [squares, logDensity] = columnSums(new Float32Array(partials), 2);
    return { squares, logDensity };
  }

  override destroy(): void {
    super.destroy();
    for (const sums of this.drawSums) sums.destroy();
  }
}

/** Sums of the columns of a row-major table, in float64. */
function columnSums(table: Float32Array, columns: number): number[] {
  const sums = Array<number>(columns).fill(0);
  table.forEach((value, at) => (sums[at % columns] += value));
  return sums;
}

// Squared errors and norms on the device: each writes partial sums in a fixed order, which the host adds in float64.

import type { CovarianceFamily, PosteriorSums } from "../../models/vb.js";
import { createStorage, uniformWords, uploadUniform } from "./buffers.js";
import type { Device } from "./device.js";
import {
  averagedErrorsKernel,
  confidentErrorsKernel,
  logLossesKernel,
  expectedErrorsKernel,
  type Kernel,
  posteriorSumsKernel,
  squaredErrorsKernel,
  squaredNormsKernel,
} from "./kernels.js";
import { compilePipeline } from "./pipelines.js";
import { blocksOf, type Spread } from "./tile-plan.js";

const MOST_PARTIALS = 1024;
/** A workgroup's run is at least this long, so that small problems need few workgroups. */
const SHORTEST_RUN = 256;

type Settings = readonly (readonly ["f" | "u", number])[];

/** Runs a summing kernel over `count` elements. */
export class Sum {
  readonly partials: GPUBuffer;
  readonly #device: Device;
  readonly #label: string;
  readonly #settings: GPUBuffer;
  readonly #inputs: readonly GPUBuffer[];
  readonly #workgroups: number;
  #pipeline: GPUComputePipeline | undefined;
  #bindGroup: GPUBindGroup | undefined;

  constructor(device: Device, label: string, settings: Settings, count: number, inputs: readonly GPUBuffer[], bytesPerPartial: number) {
    const run = Math.max(SHORTEST_RUN, Math.ceil(count / MOST_PARTIALS));
    this.#device = device;
    this.#label = label;
    this.#workgroups = Math.ceil(count / run);
    this.#settings = uploadUniform(device, `settings of ${label}`, uniformWords([...settings, ["u", count], ["u", run]]));
    this.#inputs = inputs;
    this.partials = createStorage(device, `partial ${label}`, this.#workgroups * bytesPerPartial);
  }

  protected async compileKernel(kernel: Kernel, entryPoint: string): Promise<void> {
    this.#pipeline = await compilePipeline(this.#device, kernel, entryPoint);
    this.#bindGroup = this.#device.gpu.createBindGroup({
      label: this.#label,
      layout: this.#pipeline.getBindGroupLayout(0),
      entries: [this.#settings, ...this.#inputs, this.partials].map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
  }

  encode(pass: GPUComputePassEncoder): void {
    if (this.#workgroups === 0) return;
    pass.setPipeline(this.#pipeline!);
    pass.setBindGroup(0, this.#bindGroup!);
    pass.dispatchWorkgroups(this.#workgroups);
  }

  /** Replaces the leading settings from now on. */
  protected set(settings: Settings): void {
    this.#device.gpu.queue.writeBuffer(this.#settings, 0, uniformWords(settings), 0, settings.length * 4);
  }

  destroy(): void {
    this.partials.destroy();
    this.#settings.destroy();
  }
}

/** Ratings and the rows of both sides: what every sum over ratings reads. */
export interface RatingSumParts {
  readonly user: GPUBuffer;
  readonly item: GPUBuffer;
  readonly value: GPUBuffer;
  readonly count: number;
  readonly userRows: GPUBuffer;
  readonly itemRows: GPUBuffer;
}

/** A sum over ratings: see shaders/shared/ratings.wgsl. */
class RatingSum extends Sum {
  /** @param more what is bound after the rows. */
  constructor(
    device: Device,
    label: string,
    settings: Settings,
    parts: RatingSumParts,
    bytesPerPartial: number,
    more: readonly GPUBuffer[] = [],
  ) {
    const { user, item, value, userRows, itemRows } = parts;
    super(device, label, settings, parts.count, [user, item, value, userRows, itemRows, ...more], bytesPerPartial);
  }
}

export interface SquaredErrorsParts extends RatingSumParts {
  readonly globalMean: number;
}

export class SquaredErrors extends RatingSum {
  constructor(device: Device, parts: SquaredErrorsParts) {
    super(device, "squared errors", [["f", parts.globalMean]], parts, 4);
  }

  compile(K: number, spread?: Spread): Promise<void> {
    return this.compileKernel(squaredErrorsKernel(K, spread), "squared_errors");
  }

  /** Σ e². */
  static total(partials: ArrayBuffer): number {
    return columnSums(new Float32Array(partials), 1)[0];
  }
}

/** Σ of the log-losses of 0/1 ratings. */
export class LogLosses extends RatingSum {
  constructor(device: Device, parts: SquaredErrorsParts) {
    super(device, "log-losses", [["f", parts.globalMean]], parts, 4);
  }

  compile(K: number): Promise<void> {
    return this.compileKernel(logLossesKernel(K), "log_losses");
  }
}

export interface SquaredNormsParts {
  readonly rowStart: GPUBuffer;
  readonly rows: GPUBuffer;
  readonly count: number;
  readonly weighted: boolean;
}

export class SquaredNorms extends Sum {
  constructor(device: Device, { rowStart, rows, count, weighted }: SquaredNormsParts) {
    super(device, "squared norms", [["u", weighted ? 1 : 0]], count, [rowStart, rows], 8);
  }

  compile(K: number, spread?: Spread): Promise<void> {
    return this.compileKernel(squaredNormsKernel(K, spread), "squared_norms");
  }

  /** Σ w|x|² and Σ w b². */
  static total(partials: ArrayBuffer): [factors: number, biases: number] {
    const [factors, biases] = columnSums(new Float32Array(partials), 2);
    return [factors, biases];
  }
}

export interface ExpectedErrorsParts extends SquaredErrorsParts {
  readonly lambda: number;
}

/** Σ (r − E r̂)², Σ Var r̂ and Σ log predictive density of `vb`. */
export class ExpectedErrors extends RatingSum {
  readonly #mean: number;

  constructor(device: Device, parts: ExpectedErrorsParts) {
    super(device, "expected errors", [["f", parts.globalMean], ["f", parts.lambda]], parts, 16); // prettier-ignore
    this.#mean = parts.globalMean;
  }

  compile(K: number, family: CovarianceFamily): Promise<void> {
    return this.compileKernel(expectedErrorsKernel(K, family), "expected_errors");
  }

  setLambda(lambda: number): void {
    this.set([["f", this.#mean], ["f", lambda]]); // prettier-ignore
  }

  static total(partials: ArrayBuffer): { squares: number; variances: number; logDensity: number } {
    const [squares, variances, logDensity] = columnSums(new Float32Array(partials), 4);
    return { squares, variances, logDensity };
  }
}

/** E[Σ x_k²] a coordinate, and Σ log|Γ|, of one side of `vb`. */
export class PosteriorMoments extends Sum {
  readonly #count: number;

  constructor(device: Device, rows: GPUBuffer, count: number, K: number) {
    super(device, "posterior sums", [["u", 0]], count, [rows], 16 * blocksOf(K));
    this.#count = count;
  }

  compile(K: number, family: CovarianceFamily): Promise<void> {
    return this.compileKernel(posteriorSumsKernel(K, family), "posterior_sums");
  }

  total(partials: ArrayBuffer, K: number): PosteriorSums {
    const sums = columnSums(new Float32Array(partials), 4 * blocksOf(K));
    return { count: this.#count, secondMoments: sums.slice(0, K + 1), logDeterminants: sums[sums.length - 1] };
  }
}

export interface ConfidentErrorsParts extends RatingSumParts {
  readonly confidence: number;
}

/** Σ c (1 − u·v)² − (u·v)² of `implicit`. */
export class ConfidentErrors extends RatingSum {
  constructor(device: Device, parts: ConfidentErrorsParts) {
    super(device, "confident errors", [["f", parts.confidence]], parts, 4);
  }

  compile(K: number): Promise<void> {
    return this.compileKernel(confidentErrorsKernel(K), "confident_errors");
  }

  static total(partials: ArrayBuffer): number {
    return columnSums(new Float32Array(partials), 1)[0];
  }
}

/** Held-out errors of `gibbs`, of predictions averaged over the draws. */
export class AveragedErrors extends RatingSum {
  readonly #mean: number;
  readonly #sums: GPUBuffer;

  constructor(device: Device, parts: SquaredErrorsParts) {
    const sums = createStorage(device, "sums over the draws", parts.count * 8);
    super(device, "averaged errors", [["f", parts.globalMean], ["f", 1], ["u", 0]], parts, 8, [sums]); // prettier-ignore
    this.#mean = parts.globalMean;
    this.#sums = sums;
  }

  compile(K: number): Promise<void> {
    return this.compileKernel(averagedErrorsKernel(K), "averaged_errors");
  }

  /** The precision that the present draw predicts at, and the number of draws, this one included; 0 during the burn-in. */
  setDraw(lambda: number, draws: number): void {
    this.set([["f", this.#mean], ["f", lambda], ["u", draws]]); // prettier-ignore
  }

  static total(partials: ArrayBuffer): { squares: number; logDensity: number } {
    const [squares, logDensity] = columnSums(new Float32Array(partials), 2);
    return { squares, logDensity };
  }

  override destroy(): void {
    super.destroy();
    this.#sums.destroy();
  }
}

/** Sums of the columns of a row-major table, in float64. */
function columnSums(table: Float32Array, columns: number): number[] {
  const sums = Array<number>(columns).fill(0);
  table.forEach((value, at) => (sums[at % columns] += value));
  return sums;
}

// Sums on the device: a kernel over ratings or rows writes partial sums in a fixed order,
// which the host adds in float64.

import { bindBuffers } from "../device/bindings.js";
import { createStorage, uniformWords, uploadStorage, uploadUniform } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import type { Kernel } from "../device/kernel.js";
import { compilePipeline } from "../device/pipelines.js";
import type { ValueFormat } from "../memory/values.js";

const MOST_PARTIALS = 1024;
/** A workgroup's run is at least this long, so that small problems need few workgroups. */
const SHORTEST_RUN = 256;

/** Fields of the uniform struct before `count` and `run`. */
export type SumSettings = readonly (readonly ["f" | "u", number])[];

/** One run of a summing kernel, over what fits its bindings. */
interface Run {
  readonly inputs: readonly GPUBuffer[];
  /** What is bound after the blocks. */
  readonly more?: readonly GPUBuffer[] | undefined;
  /** Elements: ratings or rows. */
  readonly count: number;
  /** Of ratings: the first of each block, and the end. Rows are cut evenly. */
  readonly blocks?: Uint32Array | undefined;
  /** Brings the inputs to the device, where they are not there all the time. */
  readonly load?: (() => void) | undefined;
}

interface PreparedRun extends Run {
  readonly blockStarts: GPUBuffer | undefined;
  readonly partials: GPUBuffer;
  readonly settings: GPUBuffer;
  readonly workgroups: number;
}

/** Ratings on the device, with the rows of both sides that they are between, piece by piece. */
export interface RatingPieces {
  readonly count: number;
  readonly format: ValueFormat;
  readonly pieces: readonly RatingPieceBuffers[];
}

interface RatingPieceBuffers {
  readonly user: GPUBuffer;
  readonly item: GPUBuffer;
  readonly value: GPUBuffer;
  readonly userRows: GPUBuffer;
  readonly itemRows: GPUBuffer;
  readonly count: number;
  /** The first rating of each block, and the end. */
  readonly blocks: Uint32Array;
  readonly load?: (() => void) | undefined;
}

/** The runs over ratings: see shaders/shared/ratings.wgsl. @param more what is bound after the blocks of a piece. */
export const ratingRuns = ({ pieces }: RatingPieces, more?: readonly GPUBuffer[]): Run[] =>
  pieces.map(({ user, item, value, userRows, itemRows, count, blocks, load }, at) => ({
    inputs: [user, item, value, userRows, itemRows],
    more: more?.slice(at, at + 1),
    count,
    blocks,
    load,
  }));

/** Adds something up over ratings or rows: a kernel, run once for each part that they are cut into. */
export class Sum {
  readonly runs: readonly PreparedRun[];
  readonly #device: Device;
  readonly #kernel: Kernel;
  readonly #entryPoint: string;
  readonly #columns: number;
  #pipeline: GPUComputePipeline | undefined;
  #groups: readonly GPUBindGroup[] = [];

  /** @param columns floats of a partial sum. */
  constructor(
    device: Device,
    kernel: Kernel,
    entryPoint: string,
    columns: number,
    settings: SumSettings,
    runs: readonly Run[],
    overRatings = false,
  ) {
    this.overRatings = overRatings;
    this.#device = device;
    this.#kernel = kernel;
    this.#entryPoint = entryPoint;
    this.#columns = columns;
    this.runs = runs.map((run) => {
      const length = Math.max(SHORTEST_RUN, Math.ceil(run.count / MOST_PARTIALS));
      const workgroups = run.blocks ? run.blocks.length - 1 : Math.ceil(run.count / length);
      const cut: SumSettings = run.blocks
        ? []
        : [
            ["u", run.count],
            ["u", length],
          ];
      return {
        ...run,
        workgroups,
        blockStarts: run.blocks && uploadStorage(device, `blocks of ${entryPoint}`, run.blocks),
        settings: uploadUniform(device, `settings of ${entryPoint}`, uniformWords([...settings, ...cut])),
        partials: createStorage(device, `partial sums of ${entryPoint}`, workgroups * 4 * columns),
      };
    });
  }

  async compile(): Promise<void> {
    const pipeline = await compilePipeline(this.#device, this.#kernel, this.#entryPoint);
    this.#pipeline = pipeline;
    this.#groups = this.runs.map(({ settings, inputs, blockStarts, more, partials }) =>
      bindBuffers(this.#device, this.#entryPoint, pipeline.getBindGroupLayout(0), [
        settings,
        ...inputs,
        ...(blockStarts ? [blockStarts] : []),
        ...(more ?? []),
        partials,
      ]),
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
  set(settings: SumSettings): void {
    const words = uniformWords(settings);
    for (const run of this.runs) this.#device.gpu.queue.writeBuffer(run.settings, 0, words, 0, settings.length * 4);
  }

  /** Whether it goes over ratings, in blocks. */
  readonly overRatings: boolean;

  get isStreamed(): boolean {
    return this.runs.some(({ load }) => load);
  }

  /** Floats of a partial sum. */
  get columns(): number {
    return this.#columns;
  }

  /** The columns of the partial sums of all runs, added up in float64. */
  total(runs: readonly (Float32Array | Float64Array)[]): number[] {
    const columns = this.#columns;
    const sums = new Float64Array(columns);
    for (const partials of runs) {
      for (let at = 0, column = 0; at < partials.length; at++) {
        sums[column] += partials[at];
        if (++column === columns) column = 0;
      }
    }
    return Array.from(sums);
  }

  destroy(): void {
    for (const { partials, settings, blockStarts } of this.runs) {
      blockStarts?.destroy();
      partials.destroy();
      settings.destroy();
    }
  }
}

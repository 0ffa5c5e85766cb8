// Batch steps of gradient descent on the device: both sides' velocities come from the old values; then all rows move.

import { type BatchStep, otherSide, type Side, SIDES, type Workload } from "../../engine.js";
import { uploadStorage } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import type { MemoryPlan } from "../memory/memory-plan.js";
import type { RatingStore } from "../memory/rating-store.js";
import type { RowStore } from "../memory/row-store.js";
import { formatOf, type ValueFormat } from "../memory/values.js";
import type { RowKernel } from "../rows/gram-kernel.js";
import { HalfSweep } from "../rows/half-sweep.js";
import { RowPass } from "../rows/row-pass.js";
import { blocksOf, gradientTeams } from "../rows/tile-plan.js";
import { gradientStepKernel, takeStepKernel } from "./step-kernels.js";

const BYTES_PER_VEC4 = 16;

/** A team of lanes per row. */
function gradientKernel(K: number, values: ValueFormat, loopsLeft?: boolean): RowKernel {
  return {
    kernel: gradientStepKernel(K, values, loopsLeft),
    tasksPerWorkgroup: gradientTeams(K).teams,
    partialBytes: blocksOf(K) * BYTES_PER_VEC4,
    operations: { perRating: 4 * (K + 2), perRow: 8 * (K + 1) },
  };
}

export class BatchSteps {
  readonly #halfSweeps: Readonly<Record<Side, HalfSweep>>;
  readonly #moves: readonly RowPass[];
  readonly #unused: GPUBuffer;
  readonly #workload: Workload;

  constructor(device: Device, workload: Workload, plan: MemoryPlan, rows: RowStore, ratings: Readonly<Record<Side, RatingStore>>) {
    this.#workload = workload;
    const { factors: K, byUser } = workload;
    // No row of a step is singular, but the layout that row kernels share binds a counter of them.
    this.#unused = uploadStorage(device, "singular rows of steps", new Uint32Array(1));
    const buffersOf = (side: Side): readonly GPUBuffer[] => rows.shards[side].map(({ rows: buffer }) => buffer);
    const halfSweep = (side: Side): HalfSweep =>
      new HalfSweep(device, {
        side,
        settings: { lambda: 1, mean: 0, weighted: false, biases: true, prior: Array<number>(K + 1).fill(0) },
        rowKernel: gradientKernel(K, formatOf(byUser), device.report.writesOutLoops),
        ratings: ratings[side],
        shards: plan.shards[side],
        fixedRows: buffersOf(otherSide(side)),
        solvedRows: buffersOf(side),
        firstSingularRow: this.#unused,
        scratchBytes: plan.scratchBytes,
      });
    this.#halfSweeps = { users: halfSweep("users"), items: halfSweep("items") };
    this.#moves = SIDES.map((side) => new RowPass(device, `step of ${side}`, rows.shards[side], K));
  }

  async compile(): Promise<void> {
    const move = takeStepKernel(this.#workload.factors);
    await Promise.all([
      ...SIDES.map((side) => this.#halfSweeps[side].compile()),
      ...this.#moves.map((pass) => pass.compile(move, "take_step")),
    ]);
  }

  async take({ lambda, precisions, biases, step, momentum }: BatchStep): Promise<void> {
    const mean = this.#workload.globalMean;
    for (const side of SIDES) {
      this.#halfSweeps[side].set({ lambda, mean, weighted: false, biases, step, momentum, prior: precisions[side] });
      await this.#halfSweeps[side].submit(this.#workload.share?.rows[side]);
    }
    for (const move of this.#moves) move.submit();
  }

  destroy(): void {
    for (const side of SIDES) this.#halfSweeps[side].destroy();
    for (const move of this.#moves) move.destroy();
    this.#unused.destroy();
  }
}

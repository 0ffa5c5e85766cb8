// Which kernel goes through the rows of a half-sweep: of the Gram-and-solve kernels,
// tiles in registers and workgroup memory, or a subgroup per row.

import type { Device, SubgroupSizes } from "../device/device.js";
import type { Kernel } from "../device/kernel.js";
import { gramSolveKernel, gramSolveSubgroupKernel, type GramVariant, suitsSubgroups } from "./gram-kernels.js";
import { planMatrices } from "./matrix-plan.js";
import type { RowWork } from "./schedule.js";
import { planSubgroup } from "./subgroup-plan.js";
import { planTiles, type TileTuning } from "./tile-plan.js";

/** How the matrix that all rows share is bound: large ones are beyond a uniform buffer. */
export type BaseBinding = "uniform" | "read-only-storage";

/** A kernel that goes through a side's rows by the tasks of a schedule. */
export interface RowKernel {
  readonly kernel: Kernel;
  /** The entry points of works that are not named for them. */
  readonly entryPoints?: { readonly [W in RowWork]?: string } | undefined;
  /** Rows, or segments of rows, that a workgroup takes. */
  readonly tasksPerWorkgroup: number;
  /** Bytes that a segment of a row leaves in the scratch buffer. */
  readonly partialBytes: number;
  /** Operations per rating and per row, about: what submissions are cut by. */
  readonly operations: { readonly perRating: number; readonly perRow: number };
  /** Operations of one dispatch, at most about. Default: 4·10⁹, and more as the device turns out to be faster. */
  readonly mostPerDispatch?: number | undefined;
  /** Ratings that a row may have and not be cut. Default: as `segmentRatings` says. */
  readonly segment?: number | undefined;
  /** Passes over the ratings of long rows. Default 1. */
  readonly phases?: number | undefined;
  /** How the matrix that all rows share is bound. Default "uniform". */
  readonly base?: BaseBinding | undefined;
}

export interface GramKernel extends RowKernel {
  /** Bytes of a whole matrix in tiles. */
  readonly tileBytes: number;
}

export interface GramTuning extends TileTuning {
  /**
   * Default "auto": a subgroup per row on software drivers that have subgroups, where gathers are dear; else tiles, or
   * teams of lanes for conjugate gradients.
   */
  readonly kernel?: "auto" | "tiles" | "subgroup" | undefined;
  /**
   * Whether point estimates gather the other side's factors in half precision (11 bits), adding them up in
   * float32: half the bytes where gathers are what a device waits for. Biases keep 22 bits. The solved rows
   * are float32 as ever. Default false.
   */
  readonly halfPrecision?: boolean | undefined;
  /**
   * Whether point estimates add up outer products by the device's subgroup matrices (tensor cores), through an
   * experiment of Dawn's: in Node only. Factors are rounded as by `halfPrecision`, residuals keep 22 bits, sums and
   * solves stay float32. Ratings with weights do without them. Default false.
   *
   * @throws DeviceError when the engine is opened on a device that has none.
   */
  readonly tensorCores?: boolean | undefined;
  /** Operations of one dispatch, at most about. Default: 4·10⁹, and more as the device turns out to be faster. */
  readonly dispatchOperations?: number | undefined;
  /** Ratings that a row may have and not be cut into segments. Default: 128 to 1024, the more factors the more. */
  readonly segment?: number | undefined;
}

/**
 * The kernel by subgroups solves rows by one entry point, from their ratings or their segments, so that its long text is
 * compiled once. That by tiles does not: on an H200 it then took twice as long at K = 128.
 */
const SOLVES = { whole_rows: "solve_rows", long_rows: "solve_rows" } as const;

const BYTES_PER_TILE = 64;
const BYTES_PER_VEC4 = 16;

/** The device's subgroups, where each is to have a row. */
export function wantedSubgroups({ report, subgroups }: Device, { kernel = "auto" }: GramTuning): SubgroupSizes | undefined {
  return kernel === "subgroup" || (kernel === "auto" && report.software) ? subgroups : undefined;
}

export function chooseGramKernel(device: Device, variant: GramVariant, tuning: GramTuning = {}): GramKernel {
  const { factors: K } = variant;
  const operations = { perRating: (K + 2) * (K + 3), perRow: (K + 1) ** 3 / 3 };
  const subgroups = suitsSubgroups(variant) && !device.matrices && wantedSubgroups(device, tuning);
  const subgroup = subgroups && planSubgroup(K, subgroups);
  if (subgroup) {
    return {
      kernel: gramSolveSubgroupKernel(subgroup, variant),
      entryPoints: SOLVES,
      tasksPerWorkgroup: 1,
      partialBytes: subgroup.partial * BYTES_PER_VEC4,
      operations,
      mostPerDispatch: tuning.dispatchOperations,
      segment: tuning.segment,
      tileBytes: planTiles(K).tiles * BYTES_PER_TILE,
    };
  }
  // Halves may not hold what weights make of factors.
  const byMatrices = variant.halves && device.matrices && variant.values?.kind !== "pairs";
  const plan = byMatrices ? planMatrices(K, device.matrices) : planTiles(K, tuning);
  return {
    kernel: gramSolveKernel(plan, { ...variant, loopsLeft: device.report.writesOutLoops }),
    tasksPerWorkgroup: plan.teams,
    partialBytes: plan.tiles * BYTES_PER_TILE,
    operations,
    mostPerDispatch: tuning.dispatchOperations,
    segment: tuning.segment,
    tileBytes: plan.tiles * BYTES_PER_TILE,
  };
}

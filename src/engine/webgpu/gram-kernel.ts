// Which Gram-and-solve kernel a device gets: tiles in registers and workgroup memory, or a subgroup a row.

import type { AlsHyperparameters } from "../../models/als.js";
import type { Device } from "./device.js";
import { gramSolveKernel, gramSolveSubgroupKernel, type Kernel } from "./kernels.js";
import { planSubgroup } from "./subgroup-plan.js";
import { planTiles, type TileTuning } from "./tile-plan.js";

export interface GramKernel {
  readonly kernel: Kernel;
  /** Rows, or segments of rows, that a workgroup takes. */
  readonly tasksPerWorkgroup: number;
  /** Bytes of a partial Gram in the scratch buffer. */
  readonly partialBytes: number;
}

export interface GramTuning extends TileTuning {
  /** Default "auto": a subgroup a row on software drivers that have subgroups, where gathers are dear; else tiles. */
  readonly kernel?: "auto" | "tiles" | "subgroup" | undefined;
}

const BYTES_PER_TILE = 64;
const BYTES_PER_VEC4 = 16;

export function chooseGramKernel(device: Device, h: AlsHyperparameters, tuning: GramTuning = {}): GramKernel {
  const sequential = h.update === "sequential" && h.biases;
  const { kernel = "auto" } = tuning;
  if (device.subgroups && (kernel === "subgroup" || (kernel === "auto" && device.report.software))) {
    const plan = planSubgroup(h.factors, device.subgroups);
    if (plan) {
      return {
        kernel: gramSolveSubgroupKernel(h.factors, plan, sequential),
        tasksPerWorkgroup: 1,
        partialBytes: plan.partial * BYTES_PER_VEC4,
      };
    }
  }
  const plan = planTiles(h.factors, tuning);
  return {
    kernel: gramSolveKernel(h.factors, plan, sequential),
    tasksPerWorkgroup: plan.teams,
    partialBytes: plan.tiles * BYTES_PER_TILE,
  };
}

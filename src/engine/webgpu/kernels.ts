// The text of every kernel variant: constants first, then the shared parts, then the kernel. One place, so that a test can compile them all.

import gramSolveText from "../../../shaders/gram-solve.wgsl?raw";
import subgroupText from "../../../shaders/gram-solve-subgroup.wgsl?raw";
import addLanesText from "../../../shaders/shared/add-lanes.wgsl?raw";
import choleskyText from "../../../shaders/shared/cholesky.wgsl?raw";
import halfSweepText from "../../../shaders/shared/half-sweep.wgsl?raw";
import pivotText from "../../../shaders/shared/pivot.wgsl?raw";
import rowsText from "../../../shaders/shared/rows.wgsl?raw";
import tilesText from "../../../shaders/shared/tiles.wgsl?raw";
import squaredErrorsText from "../../../shaders/squared-errors.wgsl?raw";
import squaredNormsText from "../../../shaders/squared-norms.wgsl?raw";
import { subgroupConstants, subgroupLoops, type SubgroupPlan } from "./subgroup-plan.js";
import { planConstants, rowConstants, type TilePlan } from "./tile-plan.js";

/** Lanes of the workgroups that add up errors and norms. */
const SUM_LANES = 128;

/** One WGSL module and its entry points. */
export interface Kernel {
  readonly name: string;
  readonly code: string;
}

export function gramSolveKernel(K: number, plan: TilePlan, sequential: boolean): Kernel {
  const constants = planConstants(K, plan, sequential);
  const code = [constants, rowsText, halfSweepText, tilesText, pivotText, choleskyText, gramSolveText].join("\n");
  return { name: `gram-solve K=${K}${sequential ? " sequential" : ""}`, code };
}

export function gramSolveSubgroupKernel(K: number, plan: SubgroupPlan, sequential: boolean): Kernel {
  const constants = subgroupConstants(K, plan, sequential);
  const code = ["enable subgroups;", constants, rowsText, halfSweepText, pivotText, subgroupLoops(K, plan), subgroupText].join("\n");
  return { name: `gram-solve-subgroup K=${K}${sequential ? " sequential" : ""}`, code };
}

export function squaredErrorsKernel(K: number): Kernel {
  return { name: `squared-errors K=${K}`, code: [rowConstants(K), sumConstants, rowsText, addLanesText, squaredErrorsText].join("\n") };
}

export function squaredNormsKernel(K: number): Kernel {
  return { name: `squared-norms K=${K}`, code: [rowConstants(K), sumConstants, rowsText, addLanesText, squaredNormsText].join("\n") };
}

const sumConstants = `const LANES = ${SUM_LANES}u;\n`;

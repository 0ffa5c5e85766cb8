// The text of every kernel variant: constants first, then the shared parts, then the kernel. One place, so that a test can compile them all.

import gramSolveText from "../../../shaders/gram-solve.wgsl?raw";
import subgroupText from "../../../shaders/gram-solve-subgroup.wgsl?raw";
import addLanesText from "../../../shaders/shared/add-lanes.wgsl?raw";
import choleskyText from "../../../shaders/shared/cholesky.wgsl?raw";
import halfSweepText from "../../../shaders/shared/half-sweep.wgsl?raw";
import pivotText from "../../../shaders/shared/pivot.wgsl?raw";
import rowsText from "../../../shaders/shared/rows.wgsl?raw";
import spreadDiagonalText from "../../../shaders/shared/spread-diagonal.wgsl?raw";
import spreadFullText from "../../../shaders/shared/spread-full.wgsl?raw";
import spreadNoneText from "../../../shaders/shared/spread-none.wgsl?raw";
import sweepText from "../../../shaders/shared/sweep.wgsl?raw";
import tilesText from "../../../shaders/shared/tiles.wgsl?raw";
import expectedErrorsText from "../../../shaders/expected-errors.wgsl?raw";
import posteriorSumsText from "../../../shaders/posterior-sums.wgsl?raw";
import squaredErrorsText from "../../../shaders/squared-errors.wgsl?raw";
import squaredNormsText from "../../../shaders/squared-norms.wgsl?raw";
import { subgroupConstants, subgroupLoops, type SubgroupPlan } from "./subgroup-plan.js";
import { planConstants, rowConstants, type Spread, type TilePlan } from "./tile-plan.js";

/** Lanes of the workgroups that add up errors and norms. */
const SUM_LANES = 128;

/** One WGSL module and its entry points. */
export interface Kernel {
  readonly name: string;
  readonly code: string;
}

/** How the system is solved, and what of a posterior's covariance goes in and out, by what a row carries of it. */
const SOLVERS: Record<Spread, readonly string[]> = {
  none: [choleskyText, spreadNoneText],
  diagonal: [choleskyText, spreadDiagonalText],
  full: [sweepText, spreadFullText],
};

export function gramSolveKernel(K: number, plan: TilePlan, sequential: boolean, spread: Spread = "none"): Kernel {
  const constants = planConstants(K, plan, sequential, spread);
  const code = [constants, rowsText, halfSweepText, tilesText, pivotText, ...SOLVERS[spread], gramSolveText].join("\n");
  return { name: `gram-solve K=${K}${sequential ? " sequential" : ""}${spread === "none" ? "" : ` ${spread}`}`, code };
}

export function gramSolveSubgroupKernel(K: number, plan: SubgroupPlan, sequential: boolean): Kernel {
  const constants = subgroupConstants(K, plan, sequential);
  const code = ["enable subgroups;", constants, rowsText, halfSweepText, pivotText, subgroupLoops(K, plan), subgroupText].join("\n");
  return { name: `gram-solve-subgroup K=${K}${sequential ? " sequential" : ""}`, code };
}

function summingKernel(name: string, K: number, spread: Spread, ...texts: readonly string[]): Kernel {
  return { name: `${name} K=${K}`, code: [rowConstants(K, spread), sumConstants, rowsText, ...texts].join("\n") };
}

export const squaredErrorsKernel = (K: number): Kernel => summingKernel("squared-errors", K, "none", addLanesText, squaredErrorsText);

export const squaredNormsKernel = (K: number): Kernel => summingKernel("squared-norms", K, "none", addLanesText, squaredNormsText);

export const expectedErrorsKernel = (K: number, spread: Spread): Kernel =>
  summingKernel(`expected-errors ${spread}`, K, spread, addLanesText, expectedErrorsText);

export const posteriorSumsKernel = (K: number, spread: Spread): Kernel =>
  summingKernel(`posterior-sums ${spread}`, K, spread, posteriorSumsText);

const sumConstants = `const LANES = ${SUM_LANES}u;\n`;

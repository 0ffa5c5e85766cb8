// How gram-solve-subgroup.wgsl is cut for a number of factors and a subgroup size, and whether it suits them.

import type { Spread } from "../../engine.js";
import type { SubgroupSizes } from "../device/device.js";
import { blocksOf, rowConstants } from "./tile-plan.js";
import { range } from "./written-out.js";

export interface SubgroupPlan {
  /** vec4s a row of factors takes: K factors, the bias, the residual. */
  readonly blocks: number;
  /** Lanes of a subgroup, all of which share one row. */
  readonly size: number;
  /** Groups of rows, and of columns, of the matrix, of as many as a subgroup has lanes; the last may have fewer. */
  readonly groups: number;
  /** vec4s that a partial Gram takes in the scratch buffer. */
  readonly partial: number;
}

/** vec4s that a lane may hold: K = 64 by 8 lanes takes 89, K = 50 by 4 lanes 91. Drivers need long to compile more, or fail. */
const MOST_HELD = 92;
const SMALLEST_SUBGROUP = 4;
const LARGEST_SUBGROUP = 16;

/** So many lanes leave few enough groups for forks. SwiftShader has fewer, llvmpipe as many. */
export const MANY_LANES = 8;

/** Lanes of subgroups of which each can have a row. Undefined when their size is unknown, or too wide. */
export function subgroupSize(sizes: SubgroupSizes | undefined): number | undefined {
  if (sizes === undefined || sizes.minimum !== sizes.maximum) return undefined;
  return sizes.minimum >= SMALLEST_SUBGROUP && sizes.minimum <= LARGEST_SUBGROUP ? sizes.minimum : undefined;
}

/** Undefined when the kernel does not suit: too many factors, or subgroups that cannot have a row each. */
export function planSubgroup(K: number, sizes: SubgroupSizes): SubgroupPlan | undefined {
  const size = subgroupSize(sizes);
  if (size === undefined) return undefined;
  const blocks = blocksOf(K);
  const groups = Math.ceil((4 * blocks) / size);
  const held = range(groups).reduce((sum, g) => sum + Math.min(blocks, ((g + 1) * size) / 4), 0);
  const partial = ((size / 4) * groups * (groups + 1)) / 2;
  return held <= MOST_HELD ? { blocks, size, groups, partial: partial * size } : undefined;
}

export function subgroupConstants(K: number, plan: SubgroupPlan, sequential: boolean, spread: Spread): string {
  return `${rowConstants(K, spread)}const SUBGROUP = ${plan.size}u;
const PARTIAL = ${plan.partial}u;
const SEQUENTIAL = ${sequential};
`;
}

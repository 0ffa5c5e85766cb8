// How the Gram-and-solve kernel is cut for a number of factors:
// tiles per lane, lanes per row, rows per workgroup, ratings per stage.

import type { Spread } from "../../engine.js";

/** Workgroup memory that every WebGPU device has, bytes. */
export const WORKGROUP_BYTES = 16_384;
export const MAX_LANES = 256;
const BYTES_PER_VEC4 = 16;

export interface TilePlan {
  /** vec4s a row of factors takes: K factors, the bias, the residual. */
  readonly blocks: number;
  /** 4×4 tiles in the lower triangle of the bordered Gram matrix. */
  readonly tiles: number;
  /** Side of the square patch of tiles that a lane owns, in tiles. */
  readonly patch: number;
  /** Patches a lane owns. */
  readonly patches: number;
  /** Lanes that share one row. */
  readonly team: number;
  /** Rows solved side by side in one workgroup. */
  readonly teams: number;
  /** Ratings staged in workgroup memory at a time. */
  readonly stage: number;
  /** vec4s of workgroup memory a team has. */
  readonly slice: number;
}

/** Sizes that benchmarks vary; the defaults suit every device at default limits. */
export interface TileTuning {
  /** Side of a lane's patch in tiles, 1 to 3. Default 2: 64 accumulators. */
  readonly patch?: number | undefined;
  /** Patches per lane, 1 to 3. Default 1. */
  readonly patches?: number | undefined;
  /** Ratings per stage, an even number. Default: about one per lane, 8 to 16. */
  readonly stage?: number | undefined;
  /** Lanes a workgroup aims at. Default 64. */
  readonly lanes?: number | undefined;
}

/** vec4s a row of factors takes: K factors, the bias, the residual. */
export const blocksOf = (K: number): number => Math.ceil((K + 2) / 4);

/** Solves up to 128 factors at default limits: 33 blocks, 561 tiles, 153 lanes. */
export function planTiles(K: number, tuning: TileTuning = {}): TilePlan {
  const blocks = blocksOf(K);
  const patch = Math.min(blocks, tuning.patch ?? 2);
  const patchRows = Math.ceil(blocks / patch);
  const patchCount = (patchRows * (patchRows + 1)) / 2;
  const team = Math.min(MAX_LANES, Math.ceil(patchCount / (tuning.patches ?? 1)));
  // The kernel adds ratings in pairs: an even number near one per lane.
  const stage = tuning.stage ?? Math.min(16, Math.max(8, 2 * Math.ceil(team / 2)));
  // Staged ratings share the slice with what the solve needs after them:
  // see the offsets in cholesky.wgsl and gram-solve.wgsl.
  const slice = Math.max(stage * blocks, 7 * blocks + 6);
  const fitting = Math.floor(WORKGROUP_BYTES / BYTES_PER_VEC4 / slice);
  const teams = Math.max(1, Math.min(Math.floor((tuning.lanes ?? 64) / team), fitting));
  return { blocks, tiles: (blocks * (blocks + 1)) / 2, patch, patches: Math.ceil(patchCount / team), team, teams, stage, slice };
}

/** The plan as WGSL constants, to be put before the kernels that need them. */
export function planConstants(K: number, plan: TilePlan, sequential: boolean, spread: Spread): string {
  return `${rowConstants(K, spread)}const TEAM = ${plan.team}u;
const TEAMS = ${plan.teams}u;
const PATCH = ${plan.patch}u;
const PATCHES = ${plan.patches}u;
const STAGE = ${plan.stage}u;
const SLICE = ${plan.slice}u;
const SEQUENTIAL = ${sequential};
`;
}

const GRADIENT_LANES = 64;

/** Lanes per row, at least one for each of its blocks, and rows per workgroup of gradient-step.wgsl. */
export function gradientTeams(K: number): { team: number; teams: number } {
  let team = 8;
  while (team < Math.min(2 * blocksOf(K), GRADIENT_LANES)) team *= 2;
  return { team, teams: GRADIENT_LANES / team };
}

/** vec4s per row that hold what it carries. */
export function spreadBlocks(K: number, spread: Spread): number {
  const blocks = blocksOf(K);
  return { none: 0, velocity: blocks, diagonal: blocks + 1, full: 2 * blocks * (blocks + 1) + 1 }[spread];
}

/** What every kernel that reads rows of factors needs to know. */
export function rowConstants(K: number, spread: Spread = "none"): string {
  return `const K = ${K}u;\nconst BLOCKS = ${blocksOf(K)}u;\nconst SPREAD = ${spreadBlocks(K, spread)}u;\n`;
}

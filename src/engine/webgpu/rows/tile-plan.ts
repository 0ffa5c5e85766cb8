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
  /** The patch of tiles that a lane owns: as high as wide, or a column of them. */
  readonly height: number;
  readonly width: number;
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
  /** Side of a lane's square patch in tiles, 1 to 3. Default: a tile, or as many below one another as the lanes demand. */
  readonly patch?: number | undefined;
  /** Ratings per stage, an even number. Default 16; 8 where a row has few lanes. */
  readonly stage?: number | undefined;
  /** Lanes a workgroup aims at. Default: as few as fill waves of 32. */
  readonly lanes?: number | undefined;
}

/** vec4s a row of factors takes: K factors, the bias, the residual. */
export const blocksOf = (K: number): number => Math.ceil((K + 2) / 4);

/** 4×4 tiles in the lower triangle of the bordered Gram matrix. */
export const tilesOf = (K: number): number => (blocksOf(K) * (blocksOf(K) + 1)) / 2;

/** Lanes of a team that stages fewer ratings at a time, lest each lane hold many. */
const SMALL_TEAM = 16;
/** Lanes that hardware runs in step: those of a wave that no row needs are wasted. */
const WAVE = 32;
/** Share of its waves that a workgroup should use, and the most lanes it may take for that. */
const FILLED = 0.9;
const MOST_FILLING_LANES = 128;

/** Bytes that a segment of a long row leaves by conjugate gradients: see PARTIAL in conjugate-gradients.wgsl. */
export const descentPartialBytes = (K: number): number => (3 * blocksOf(K) + 2) * BYTES_PER_VEC4;

/** Patches that the lower triangle takes: columns of them from the diagonal down. */
function patchesOf(blocks: number, height: number, width: number): number {
  let patches = 0;
  for (let column = 0; column < blocks; column += width) patches += Math.ceil((blocks - column) / height);
  return patches;
}

/** Solves up to 128 factors at default limits: 33 blocks, 561 tiles, three of them a lane, 198 lanes. */
export function planTiles(K: number, tuning: TileTuning = {}): TilePlan {
  const blocks = blocksOf(K);
  const width = Math.min(blocks, tuning.patch ?? 1);
  let height = width;
  while (patchesOf(blocks, height, width) > MAX_LANES) height += width;
  const team = patchesOf(blocks, height, width);
  // The kernel adds ratings in pairs: an even number.
  const stage = tuning.stage ?? (team < SMALL_TEAM ? 8 : 16);
  // What the solve needs: see the offsets in cholesky.wgsl and gram-solve.wgsl.
  const slice = 7 * blocks + 6;
  const vec4s = slice + stage * height * Math.ceil(blocks / height);
  const fitting = Math.max(1, Math.floor(WORKGROUP_BYTES / BYTES_PER_VEC4 / vec4s));
  const teams = Math.min(fitting, tuning.lanes === undefined ? fillingTeams(team) : Math.max(1, Math.floor(tuning.lanes / team)));
  return { blocks, tiles: tilesOf(K), height, width, team, teams, stage, slice };
}

/** The fewest teams that fill their waves, else those that fill them best. */
function fillingTeams(team: number): number {
  let [best, most] = [1, 0];
  for (let teams = 1; teams * team <= Math.max(team, MOST_FILLING_LANES); teams++) {
    const lanes = teams * team;
    const filled = lanes / (WAVE * Math.ceil(lanes / WAVE));
    if (filled > most) [best, most] = [teams, filled];
    if (most >= FILLED) break;
  }
  return best;
}

/**
 * The plan as WGSL constants, to be put before the kernels that need them.
 *
 * @param loopsLeft whether loads are in a loop that stays one.
 */
export function planConstants(K: number, plan: TilePlan, sequential: boolean, spread: Spread, loopsLeft = false): string {
  return `${rowConstants(K, spread)}const TEAM = ${plan.team}u;
const TEAMS = ${plan.teams}u;
const STAGE = ${plan.stage}u;
const SLICE = ${plan.slice}u;
const SEQUENTIAL = ${sequential};
${Object.entries(turnsOf(plan, loopsLeft))
  .map(([bound, turns]) => `const ${bound} = ${turns}u;\n`)
  .join("")}`;
}

/** Loads that a lane has under way at once, at most; of segments' half tiles, too. */
const MOST_LOADS = 4;
/** Ratings whose covariances are under way at once where a lane has one tile. More, or of more tiles, cost waves. */
const MOST_SPREADS = 2;

/** How often the kernel's loops over what a lane owns or fetches turn, by the constants that bound them. */
function turnsOf({ blocks, height, width, stage, team }: TilePlan, loopsLeft: boolean): Readonly<Record<string, number>> {
  const trips = Math.ceil((stage * blocks) / team);
  // On a processor none is under way: two of them take a loop's turn, as long as none is in vain.
  const batch = loopsLeft ? 2 - (trips % 2) : Math.min(trips, MOST_LOADS);
  return {
    HEIGHT: height,
    WIDTH: width,
    SLOTS: height * width,
    BATCH: batch,
    BATCHES: Math.ceil(trips / batch),
    SPREADS: loopsLeft || height * width > 1 ? 1 : MOST_SPREADS,
    SEGMENTS: loopsLeft ? 1 : MOST_LOADS,
    SPREAD_BLOCKS: Math.ceil(blocks / team),
  };
}

/** The bounds of the kernel's loops that run once under a plan. */
export const loopsOfOne = (plan: TilePlan, loopsLeft = false): string[] =>
  Object.entries(turnsOf(plan, loopsLeft)).flatMap(([bound, turns]) => (turns === 1 ? [bound, `turns(${bound})`] : []));

const GRADIENT_LANES = 64;

/** Lanes per row, at least one for each of its blocks, and rows per workgroup of gradient-step.wgsl. */
export function gradientTeams(K: number): { team: number; teams: number } {
  let team = 8;
  while (team < Math.min(2 * blocksOf(K), GRADIENT_LANES)) team *= 2;
  return { team, teams: GRADIENT_LANES / team };
}

/**
 * How a full covariance lies behind the factors' blocks, in vec4s: see full-covariances.wgsl. `apart` is from one column
 * of a tile to the next, `biasRow` where the row of −b begins, `end` where all ends.
 */
export function fullCovarianceLayout(K: number): { factorBlocks: number; below: number; apart: number; biasRow: number; end: number } {
  const factorBlocks = Math.ceil(K / 4);
  const below = (factorBlocks * (factorBlocks - 1)) / 2;
  const apart = below + factorBlocks;
  const biasRow = 3 * apart + below;
  return { factorBlocks, below, apart, biasRow, end: biasRow + (blocksOf(K) > factorBlocks ? blocksOf(K) : 0) };
}

/** vec4s per row that hold what it carries. */
export function spreadBlocks(K: number, spread: Spread): number {
  const blocks = blocksOf(K);
  return { none: 0, velocity: blocks, squares: 1, diagonal: blocks + 1, full: fullCovarianceLayout(K).end + 1 }[spread];
}

/** What every kernel that reads rows of factors needs to know. */
export function rowConstants(K: number, spread: Spread = "none"): string {
  return `const K = ${K}u;\nconst BLOCKS = ${blocksOf(K)}u;\nconst SPREAD = ${spreadBlocks(K, spread)}u;\n`;
}

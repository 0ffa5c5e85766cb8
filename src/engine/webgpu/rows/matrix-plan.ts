// How the Gram-and-solve kernel adds up ratings by subgroup matrices, and the function of shared/gather-matrices.wgsl
// that is written out: every subgroup matrix must be a variable of its own, known by name where it is used.

import type { SubgroupMatrices } from "../device/device.js";
import { MAX_LANES, planTiles, type TilePlan, WORKGROUP_BYTES } from "./tile-plan.js";

export interface MatrixPlan extends TilePlan {
  readonly matrices: SubgroupMatrices;
  /** vec4s of halves that a staged rating takes. */
  readonly staged: number;
  /** Subgroups per workgroup, and matrices of the lower triangle that each adds to. */
  readonly subgroups: number;
  readonly chunk: number;
  /** Matrices along a side. */
  readonly side: number;
}

/** One row per workgroup, of as many lanes as its tiles need and the subgroups ask for. */
export function planMatrices(K: number, matrices: SubgroupMatrices): MatrixPlan {
  const tiles = planTiles(K, { patch: 2 });
  const { size, depth, lanes } = matrices;
  const team = Math.ceil(tiles.team / lanes) * lanes;
  if (team > MAX_LANES) throw new Error(`${team} lanes for ${K} factors`);
  const subgroups = team / lanes;
  // One column more than the tiles have, for what a half loses of a residual.
  const side = Math.ceil((4 * tiles.blocks + 1) / size);
  const chunk = Math.ceil((side * (side + 1)) / 2 / subgroups);
  // Eight halves more than the matrices cover: rows then begin in different banks of workgroup memory.
  const staged = (side * size + 8) / 4;
  const slice = 7 * tiles.blocks + 6;
  const left = WORKGROUP_BYTES - 16 * slice - 4 * subgroups * size * size;
  const stage = Math.max(depth, Math.floor(Math.min(32, left / (8 * staged)) / depth) * depth);
  return { ...tiles, team, teams: 1, stage, slice, matrices, staged, subgroups, chunk, side };
}

/** Bytes of workgroup memory that a plan takes. */
export function workgroupBytes({ stage, staged, subgroups, slice, matrices }: MatrixPlan): number {
  return 8 * stage * staged + 4 * subgroups * matrices.size ** 2 + 16 * slice;
}

export function matrixConstants({ matrices, staged, subgroups, chunk }: MatrixPlan): string {
  return `const SIZE = ${matrices.size}u;
const LANES_PER_SUBGROUP = ${matrices.lanes}u;
const STAGED = ${staged}u;
const SUBGROUPS = ${subgroups}u;
const CHUNK = ${chunk}u;
`;
}

/**
 * Row and column of the matrices of the lower triangle that a subgroup adds to:
 * `chunk` of them, row by row, the last subgroup's fewer.
 */
export function sharedMatrices({ side, chunk }: MatrixPlan, subgroup: number): (readonly [row: number, column: number])[] {
  const all = Array.from({ length: side }, (_, row) => Array.from({ length: row + 1 }, (_, column) => [row, column] as const)).flat();
  return all.slice(subgroup * chunk, (subgroup + 1) * chunk);
}

const unique = (numbers: readonly number[]): number[] => [...new Set(numbers)];

/** `gather` of shared/gather-matrices.wgsl. */
export function gatherMatrices(plan: MatrixPlan): string {
  const { subgroups, chunk, staged, matrices } = plan;
  const { size, depth } = matrices;
  const bySubgroup = (statements: (subgroup: number) => string[]): string =>
    Array.from({ length: subgroups }, (_, subgroup) => `case ${subgroup}u: {\n${statements(subgroup).join("\n")}\n}`).join("\n");
  const load = (side: "left" | "right", shape: string, order: string, at: number): string =>
    `let ${side}_${at} = subgroupMatrixLoad<subgroup_matrix_${side}<f16, ${shape}>, ${order}>(&staged, first + ${(at * size) / 4}u, ${staged}u);`;
  const products = (subgroup: number): string[] => {
    const own = sharedMatrices(plan, subgroup);
    return [
      ...unique(own.map(([row]) => row)).map((row) => load("left", `${depth}, ${size}`, "col_major", row)),
      ...unique(own.map(([, column]) => column)).map((column) => load("right", `${size}, ${depth}`, "row_major", column)),
      ...own.map(([row, column], at) => `sum_${at} = subgroupMatrixMultiplyAccumulate(left_${row}, right_${column}, sum_${at});`),
    ];
  };
  const numbers = Array.from({ length: chunk }, (_, at) => at);
  const hand = (at: number): string =>
    bySubgroup((subgroup) => [`subgroupMatrixStore<col_major>(&handed, ${(subgroup * size * size) / 4}u, sum_${at}, ${size / 4}u);`]);
  return `fn gather(at: Place, stages: u32) {
let subgroup = subgroupBroadcastFirst(at.lane) / LANES_PER_SUBGROUP;
${numbers.map((at) => `var sum_${at}: subgroup_matrix_result<f32, ${size}, ${size}>;`).join("\n")}
for (var stage = 0u; stage < stages; stage++) {
stage_ratings(at, stage);
workgroupBarrier();
for (var first = 0u; first < STAGE * STAGED; first += ${depth}u * STAGED) {
switch subgroup {
${bySubgroup(products)}
default: {}
}
}
workgroupBarrier();
}
${numbers.map((at) => `switch subgroup {\n${hand(at)}\ndefault: {}\n}\nworkgroupBarrier();\ntake_tiles(${at}u);\nworkgroupBarrier();`).join("\n")}
}
`;
}

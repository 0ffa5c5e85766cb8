// The Gram-and-solve kernels' text: constants first, then the shared parts, then the kernel.
// A closed list of variants, from which models, tests and `npm run kernels` all take theirs.

import gramSolveText from "../../../../shaders/gram-solve.wgsl?raw";
import subgroupText from "../../../../shaders/gram-solve-subgroup.wgsl?raw";
import baseNoneText from "../../../../shaders/shared/base-none.wgsl?raw";
import baseTilesText from "../../../../shaders/shared/base-tiles.wgsl?raw";
import counterRandomText from "../../../../shaders/shared/counter-random.wgsl?raw";
import noiseNoneText from "../../../../shaders/shared/noise-none.wgsl?raw";
import noiseNormalText from "../../../../shaders/shared/noise-normal.wgsl?raw";
import solveCholeskyText from "../../../../shaders/shared/solve-cholesky.wgsl?raw";
import solveCholeskyTurnsText from "../../../../shaders/shared/solve-cholesky-turns.wgsl?raw";
import solveSweepText from "../../../../shaders/shared/solve-sweep.wgsl?raw";
import solveSweepTurnsText from "../../../../shaders/shared/solve-sweep-turns.wgsl?raw";
import stageConfidentText from "../../../../shaders/shared/stage-confident.wgsl?raw";
import stageExplicitText from "../../../../shaders/shared/stage-explicit.wgsl?raw";
import stageMomentsText from "../../../../shaders/shared/stage-moments.wgsl?raw";
import choleskyText from "../../../../shaders/shared/cholesky.wgsl?raw";
import fullCovariancesText from "../../../../shaders/shared/full-covariances.wgsl?raw";
import gatherMatricesText from "../../../../shaders/shared/gather-matrices.wgsl?raw";
import gatherTilesText from "../../../../shaders/shared/gather-tiles.wgsl?raw";
import fixedFloatsText from "../../../../shaders/shared/fixed-floats.wgsl?raw";
import fixedHalvesText from "../../../../shaders/shared/fixed-halves.wgsl?raw";
import halfSweepText from "../../../../shaders/shared/half-sweep.wgsl?raw";
import leadingText from "../../../../shaders/shared/leading.wgsl?raw";
import pivotText from "../../../../shaders/shared/pivot.wgsl?raw";
import ratingConfidentText from "../../../../shaders/shared/rating-confident.wgsl?raw";
import ratingExplicitText from "../../../../shaders/shared/rating-explicit.wgsl?raw";
import rowsText from "../../../../shaders/shared/rows.wgsl?raw";
import pullsNoneText from "../../../../shaders/shared/pulls-none.wgsl?raw";
import pullsRowsText from "../../../../shaders/shared/pulls-rows.wgsl?raw";
import spreadDiagonalText from "../../../../shaders/shared/spread-diagonal.wgsl?raw";
import spreadFullText from "../../../../shaders/shared/spread-full.wgsl?raw";
import spreadNoneText from "../../../../shaders/shared/spread-none.wgsl?raw";
import subgroupTasksText from "../../../../shaders/shared/subgroup-tasks.wgsl?raw";
import sweepText from "../../../../shaders/shared/sweep.wgsl?raw";
import taskFieldsText from "../../../../shaders/shared/task-fields.wgsl?raw";
import taskWordsText from "../../../../shaders/shared/task-words.wgsl?raw";
import teamsText from "../../../../shaders/shared/teams.wgsl?raw";
import tilesText from "../../../../shaders/shared/tiles.wgsl?raw";
import tileTurnsText from "../../../../shaders/shared/tile-turns.wgsl?raw";
import type { Spread, SystemKind } from "../../engine.js";
import type { Kernel } from "../device/kernel.js";
import { withLoopsLeftBe, withoutLoopsOfOne, withTilesInTurns } from "../device/loops-of-one.js";
import { FLOATS, type ValueFormat, valuesText } from "../memory/values.js";
import { gatherMatrices, matrixConstants, type MatrixPlan } from "./matrix-plan.js";
import { subgroupLoops } from "./subgroup-loops.js";
import { MANY_LANES, subgroupConstants, type SubgroupPlan } from "./subgroup-plan.js";
import { loopsOfOne, planConstants, type TilePlan, tilesOf } from "./tile-plan.js";

const CHOLESKY = { tiles: choleskyText, solve: solveCholeskyText, turns: solveCholeskyTurnsText };
const SWEEP = { tiles: sweepText, solve: solveSweepText, turns: solveSweepTurnsText };

/**
 * How the system is solved, and what of a covariance goes in and out, by what a row carries. `turns` instead of `solve`
 * where loops are left.
 */
const SOLVERS: Record<GramSpread, typeof CHOLESKY & { readonly spread: string }> = {
  none: { ...CHOLESKY, spread: spreadNoneText },
  diagonal: { ...CHOLESKY, spread: spreadDiagonalText },
  full: { ...SWEEP, spread: `${fullCovariancesText}\n${spreadFullText}` },
};

/** Branches by number of subgroup are uniform in each, which the compiler does not see. */
const MATRIX_EXTENSIONS = `enable chromium_experimental_subgroup_matrix;
enable f16;
enable subgroups;
diagnostic(off, chromium.subgroup_matrix_uniformity);`;

/** What rows of a system may carry. */
type GramSpread = Exclude<Spread, "velocity" | "squares">;

/** The systems of sessions, and the rows of a side summed for their own moments. */
type GramKind = SystemKind | "moments";

/** Every pair of a system and of what its rows carry that a kernel is made for, and whether rows have pulls. */
export type GramSystem = { readonly pulled?: boolean | undefined } & (
  | { readonly kind: "joint"; readonly spread: GramSpread }
  | { readonly kind: "sequential" | "confident" | "drawn" | "moments"; readonly spread: "none" }
);

export const GRAM_SYSTEMS: readonly GramSystem[] = [
  { kind: "joint", spread: "none" },
  { kind: "joint", spread: "none", pulled: true },
  { kind: "joint", spread: "diagonal" },
  { kind: "joint", spread: "diagonal", pulled: true },
  { kind: "joint", spread: "full" },
  { kind: "joint", spread: "full", pulled: true },
  { kind: "sequential", spread: "none" },
  { kind: "sequential", spread: "none", pulled: true },
  { kind: "confident", spread: "none" },
  { kind: "confident", spread: "none", pulled: true },
  { kind: "drawn", spread: "none" },
  { kind: "drawn", spread: "none", pulled: true },
  { kind: "moments", spread: "none" },
];

/** How a rating becomes a vector, whether all rows share a matrix, and whether a draw is wanted. */
const PARTS: Record<GramKind, { readonly stage: string; readonly base: boolean; readonly noise: boolean }> = {
  joint: { stage: stageExplicitText, base: false, noise: false },
  sequential: { stage: stageExplicitText, base: false, noise: false },
  confident: { stage: stageConfidentText, base: true, noise: false },
  drawn: { stage: stageExplicitText, base: true, noise: true },
  moments: { stage: stageMomentsText, base: false, noise: false },
};

/** What the kernel's text depends on. */
export type GramVariant = GramSystem & {
  readonly factors: number;
  /** How the values of ratings lie in memory. Default: as float32. */
  readonly values?: ValueFormat | undefined;
  /** Whether the other side's rows are gathered in half precision. Default false. */
  readonly halves?: boolean | undefined;
  /** Whether loops of the kernels by tiles and by teams stay loops, so that it compiles sooner on some drivers. Default false. */
  readonly loopsLeft?: boolean | undefined;
};

/** The part of a kernel that reads pulls. */
export const pullsText = (pulled: boolean, binding = 8): string =>
  `const PULLED = ${pulled};\n${pulled ? `@group(0) @binding(${binding}) var<storage, read> pulls: array<vec4f>;\n${pullsRowsText}` : pullsNoneText}`;

/** Whether all rows of a system share a matrix. */
export const sharesMatrix = (kind: GramKind): boolean => PARTS[kind].base;

/**
 * Whether solved rows carry Σ e² of their ratings at the new parameters, in the component that is free:
 * point estimates of factors and bias together.
 */
export const leavesErrors = ({ kind, spread }: GramSystem): boolean => kind === "joint" && spread === "none";

/** Whether solved rows carry Σ E[e²] behind their covariances. */
export const leavesExpectedErrors = ({ spread }: GramSystem): boolean => spread === "diagonal" || spread === "full";

export function gramSolveKernel(plan: TilePlan | MatrixPlan, variant: GramVariant): Kernel {
  const { factors: K, kind, spread, pulled = false, values = FLOATS, halves = false, loopsLeft = false } = variant;
  const { stage, base, noise } = PARTS[kind];
  const matrices = "matrices" in plan;
  // Of tiles side by side, which a benchmark may ask for, there are no such texts.
  const inTurns = loopsLeft && plan.width === 1;
  const turned = (text: string): string => (inTurns && plan.height > 1 ? withTilesInTurns(text) : text);
  const solver = SOLVERS[spread];
  const parts = [
    matrices ? MATRIX_EXTENSIONS : "",
    planConstants(K, plan, kind === "sequential", spread, loopsLeft),
    `const ERRORS = ${leavesErrors(variant)};`,
    `const EXPECTED_ERRORS = ${leavesExpectedErrors(variant)};`,
    rowsText,
    valuesText(values),
    halves ? fixedHalvesText : fixedFloatsText,
    halfSweepText,
    teamsText,
    tilesText,
    base ? baseTilesText : baseNoneText,
    pullsText(pulled),
    noise ? `${counterRandomText}\n${noiseNormalText}` : noiseNoneText,
    pivotText,
    solver.tiles,
    ...(inTurns ? [tileTurnsText, solver.turns] : [solver.solve]),
    turned(solver.spread),
    ...(matrices ? [matrixConstants(plan), leadingText, gatherMatricesText, gatherMatrices(plan)] : [stage, gatherTilesText]),
    turned(gramSolveText),
  ];
  const differing = [
    kind !== "joint" && kind,
    spread !== "none" && spread,
    pulled && "pulled",
    halves && "halves",
    matrices && `matrices ${plan.matrices.size}`,
    loopsLeft && "loops left",
  ];
  const once = withoutLoopsOfOne(parts.join("\n"), loopsOfOne(plan, loopsLeft));
  const code = loopsLeft ? withLoopsLeftBe(once, ["STAGE", "BLOCKS", "BIAS_BLOCK", "BATCHES", "MOST_VECTORS"]) : once;
  return { name: ["gram-solve", `K=${K}`, ...differing.filter(Boolean)].join(" "), code };
}

/** Whether conjugate gradients move its rows: systems without draws and covariances. */
export const descends = ({ kind, spread }: GramSystem): boolean =>
  kind === "confident" || ((kind === "joint" || kind === "sequential") && spread === "none");

/** Whether there is a kernel by subgroups for a system: no full covariances, no pulls. */
export const suitsSubgroups = ({ kind, spread, pulled }: GramSystem): boolean => kind !== "moments" && spread !== "full" && !pulled;

export function gramSolveSubgroupKernel(plan: SubgroupPlan, variant: GramVariant): Kernel {
  const { factors: K, kind, spread, values = FLOATS, halves = false } = variant;
  const { base, noise } = PARTS[kind];
  const code = [
    "enable subgroups;",
    subgroupConstants(K, plan, kind === "sequential", spread),
    `const ERRORS = ${leavesErrors(variant)};`,
    `const EXPECTED_ERRORS = ${leavesExpectedErrors(variant)};`,
    rowsText,
    valuesText(values),
    halves ? fixedHalvesText : fixedFloatsText,
    halfSweepText,
    base ? `const TILES = ${tilesOf(K)}u;\n${baseTilesText}` : baseNoneText,
    noise ? `${counterRandomText}\n${noiseNormalText}` : noiseNoneText,
    pivotText,
    kind === "confident" ? ratingConfidentText : ratingExplicitText,
    subgroupLoops(K, plan, { base, diagonal: spread === "diagonal", noise }),
    subgroupTasksText,
    plan.size < MANY_LANES ? taskFieldsText : taskWordsText,
    subgroupText,
  ].join("\n");
  const differing = [kind !== "joint" && kind, spread !== "none" && spread].filter(Boolean);
  return { name: ["gram-solve-subgroup", `K=${K}`, ...differing].join(" "), code };
}

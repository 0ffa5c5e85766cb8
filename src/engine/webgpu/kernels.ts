// The text of every kernel variant: constants first, then the shared parts, then the kernel. One place, so that a test can compile them all.

import gramSolveText from "../../../shaders/gram-solve.wgsl?raw";
import subgroupText from "../../../shaders/gram-solve-subgroup.wgsl?raw";
import baseNoneText from "../../../shaders/shared/base-none.wgsl?raw";
import baseTilesText from "../../../shaders/shared/base-tiles.wgsl?raw";
import counterRandomText from "../../../shaders/shared/counter-random.wgsl?raw";
import meanNoneText from "../../../shaders/shared/mean-none.wgsl?raw";
import meanRowsText from "../../../shaders/shared/mean-rows.wgsl?raw";
import noiseNoneText from "../../../shaders/shared/noise-none.wgsl?raw";
import noiseNormalText from "../../../shaders/shared/noise-normal.wgsl?raw";
import stageConfidentText from "../../../shaders/shared/stage-confident.wgsl?raw";
import stageExplicitText from "../../../shaders/shared/stage-explicit.wgsl?raw";
import stageMomentsText from "../../../shaders/shared/stage-moments.wgsl?raw";
import addLanesText from "../../../shaders/shared/add-lanes.wgsl?raw";
import choleskyText from "../../../shaders/shared/cholesky.wgsl?raw";
import gatherMatricesText from "../../../shaders/shared/gather-matrices.wgsl?raw";
import gatherTilesText from "../../../shaders/shared/gather-tiles.wgsl?raw";
import fixedFloatsText from "../../../shaders/shared/fixed-floats.wgsl?raw";
import fixedHalvesText from "../../../shaders/shared/fixed-halves.wgsl?raw";
import halfSweepText from "../../../shaders/shared/half-sweep.wgsl?raw";
import leadingText from "../../../shaders/shared/leading.wgsl?raw";
import pivotText from "../../../shaders/shared/pivot.wgsl?raw";
import predictText from "../../../shaders/shared/predict.wgsl?raw";
import ratingsText from "../../../shaders/shared/ratings.wgsl?raw";
import rowsText from "../../../shaders/shared/rows.wgsl?raw";
import spreadDiagonalText from "../../../shaders/shared/spread-diagonal.wgsl?raw";
import spreadFullText from "../../../shaders/shared/spread-full.wgsl?raw";
import spreadNoneText from "../../../shaders/shared/spread-none.wgsl?raw";
import sweepText from "../../../shaders/shared/sweep.wgsl?raw";
import teamsText from "../../../shaders/shared/teams.wgsl?raw";
import tilesText from "../../../shaders/shared/tiles.wgsl?raw";
import valuesCodesText from "../../../shaders/shared/values-codes.wgsl?raw";
import valuesFloatsText from "../../../shaders/shared/values-floats.wgsl?raw";
import addPartialsText from "../../../shaders/add-partials.wgsl?raw";
import averagedErrorsText from "../../../shaders/averaged-errors.wgsl?raw";
import confidentErrorsText from "../../../shaders/confident-errors.wgsl?raw";
import expectedErrorsText from "../../../shaders/expected-errors.wgsl?raw";
import featureFactorsText from "../../../shaders/feature-factors.wgsl?raw";
import gradientStepText from "../../../shaders/gradient-step.wgsl?raw";
import heavyBallText from "../../../shaders/heavy-ball.wgsl?raw";
import packHalvesText from "../../../shaders/pack-halves.wgsl?raw";
import itemScoresText from "../../../shaders/item-scores.wgsl?raw";
import logLossesText from "../../../shaders/log-losses.wgsl?raw";
import sgdBlocksText from "../../../shaders/sgd-blocks.wgsl?raw";
import topItemsText from "../../../shaders/top-items.wgsl?raw";
import takeStepText from "../../../shaders/take-step.wgsl?raw";
import posteriorSumsText from "../../../shaders/posterior-sums.wgsl?raw";
import squaredErrorsText from "../../../shaders/squared-errors.wgsl?raw";
import squaredNormsText from "../../../shaders/squared-norms.wgsl?raw";
import { gatherMatrices, matrixConstants, type MatrixPlan } from "./matrix-plan.js";
import { listConstants, type ListPlan, scoreLoops, type ScorePlan } from "./ranking-plan.js";
import { subgroupConstants, subgroupLoops, type SubgroupPlan } from "./subgroup-plan.js";
import { gradientTeams, planConstants, rowConstants, type Spread, type TilePlan } from "./tile-plan.js";
import { FLOATS, type ValueFormat } from "./values.js";

/** Lanes of the workgroups that add up errors and norms, or go through rows. */
export const SUM_LANES = 128;

/** One WGSL module and its entry points. */
export interface Kernel {
  readonly name: string;
  readonly code: string;
}

/** How the system is solved, and what of a posterior's covariance goes in and out, by what a row carries of it. */
const SOLVERS: Record<Spread, readonly string[]> = {
  none: [choleskyText, spreadNoneText],
  means: [choleskyText, spreadNoneText],
  velocity: [],
  diagonal: [choleskyText, spreadDiagonalText],
  full: [sweepText, spreadFullText],
};

/** How a rating, or a row of a side, becomes a vector whose outer product is added. */
export type Stage = "explicit" | "confident" | "moments";

const STAGES: Record<Stage, string> = { explicit: stageExplicitText, confident: stageConfidentText, moments: stageMomentsText };

/** Branches by number of subgroup are uniform in each, which the compiler does not see. */
const MATRIX_EXTENSIONS = `enable chromium_experimental_subgroup_matrix;
enable f16;
enable subgroups;
diagnostic(off, chromium.subgroup_matrix_uniformity);`;

/** What of the kernel's text depends on the model. */
export interface GramVariant {
  readonly factors: number;
  /** Whether the bias is solved after the factors instead of with them. Default false. */
  readonly sequential?: boolean | undefined;
  /** Covariances that go in and out. Default "none". */
  readonly spread?: Spread | undefined;
  /** How ratings become rows of the system. Default "explicit". */
  readonly stage?: Stage | undefined;
  /** Whether all rows share a matrix. Default false. */
  readonly base?: boolean | undefined;
  /** Whether a draw is wanted instead of the mean. Default false. */
  readonly noise?: boolean | undefined;
  /** How the values of ratings lie in memory. Default: as float32. */
  readonly values?: ValueFormat | undefined;
  /** Whether the other side's rows are gathered in half precision. Default false. */
  readonly halves?: boolean | undefined;
}

/**
 * Whether solved rows carry Σ e² of their ratings at the new parameters, in the component that is free: point estimates of factors and bias
 * together, from plain ratings.
 */
export function leavesErrors({ sequential, spread = "none", stage = "explicit", base, noise }: GramVariant): boolean {
  return !sequential && !base && !noise && stage === "explicit" && (spread === "none" || spread === "means");
}

const valuesText = ({ kind, step }: ValueFormat): string =>
  kind === "codes" ? `const VALUE_STEP = ${step};\n${valuesCodesText}` : valuesFloatsText;

export function gramSolveKernel(plan: TilePlan | MatrixPlan, variant: GramVariant): Kernel {
  const {
    factors: K,
    sequential = false,
    spread = "none",
    stage = "explicit",
    base = false,
    noise = false,
    values = FLOATS,
    halves = false,
  } = variant;
  const matrices = "matrices" in plan;
  const parts = [
    matrices ? MATRIX_EXTENSIONS : "",
    planConstants(K, plan, sequential, spread),
    `const ERRORS = ${leavesErrors(variant)};`,
    `const EXPECTED_ERRORS = ${spread === "diagonal" || spread === "full"};`,
    rowsText,
    valuesText(values),
    halves ? fixedHalvesText : fixedFloatsText,
    halfSweepText,
    teamsText,
    tilesText,
    base ? baseTilesText : baseNoneText,
    spread === "means" ? `const MEANS = true;\n${meanRowsText}` : `const MEANS = false;\n${meanNoneText}`,
    noise ? `${counterRandomText}\n${noiseNormalText}` : noiseNoneText,
    pivotText,
    ...SOLVERS[spread],
    ...(matrices ? [matrixConstants(plan), leadingText, gatherMatricesText, gatherMatrices(plan)] : [STAGES[stage], gatherTilesText]),
    gramSolveText,
  ];
  const differing = [
    sequential && "sequential",
    spread !== "none" && spread,
    stage !== "explicit" && stage,
    base && "base",
    noise && "noise",
    halves && "halves",
    matrices && `matrices ${plan.matrices.size}`,
  ];
  return { name: ["gram-solve", `K=${K}`, ...differing.filter(Boolean)].join(" "), code: parts.join("\n") };
}

export function gramSolveSubgroupKernel(plan: SubgroupPlan, variant: GramVariant): Kernel {
  const { factors: K, sequential = false, values = FLOATS, halves = false } = variant;
  const constants = subgroupConstants(K, plan, sequential);
  const code = [
    "enable subgroups;",
    constants,
    rowsText,
    valuesText(values),
    halves ? fixedHalvesText : fixedFloatsText,
    halfSweepText,
    "const BASE = false;",
    pivotText,
    subgroupLoops(K, plan),
    subgroupText,
  ].join("\n");
  return { name: `gram-solve-subgroup K=${K}${sequential ? " sequential" : ""}`, code };
}

function summingKernel(name: string, K: number, spread: Spread, ...texts: readonly string[]): Kernel {
  return { name: `${name} K=${K}`, code: [rowConstants(K, spread), sumConstants, rowsText, ...texts].join("\n") };
}

/** A kernel that sums over ratings. */
function ratingSumKernel(name: string, K: number, spread: Spread, values: ValueFormat, ...texts: readonly string[]): Kernel {
  return summingKernel(name, K, spread, valuesText(values), addLanesText, ratingsText, ...texts);
}

export const squaredErrorsKernel = (K: number, values = FLOATS, spread: Spread = "none"): Kernel =>
  ratingSumKernel("squared-errors", K, spread, values, predictText, squaredErrorsText);

export const squaredNormsKernel = (K: number, spread: Spread = "none"): Kernel =>
  summingKernel("squared-norms", K, spread, `const MEANS = ${spread === "means"};`, addLanesText, squaredNormsText);

export const expectedErrorsKernel = (K: number, values: ValueFormat, spread: Spread): Kernel =>
  ratingSumKernel(`expected-errors ${spread}`, K, spread, values, expectedErrorsText);

export const posteriorSumsKernel = (K: number, spread: Spread): Kernel =>
  summingKernel(`posterior-sums ${spread}`, K, spread, posteriorSumsText);

export const confidentErrorsKernel = (K: number, values = FLOATS): Kernel =>
  ratingSumKernel("confident-errors", K, "none", values, confidentErrorsText);

export const logLossesKernel = (K: number, values = FLOATS): Kernel =>
  ratingSumKernel("log-losses", K, "none", values, predictText, logLossesText);

export const averagedErrorsKernel = (K: number, values = FLOATS): Kernel =>
  ratingSumKernel("averaged-errors", K, "none", values, predictText, averagedErrorsText);

export const heavyBallKernel = (K: number, spread: Spread = "none"): Kernel => summingKernel("heavy-ball", K, spread, heavyBallText);

export const packHalvesKernel = (K: number, spread: Spread = "none"): Kernel =>
  summingKernel("pack-halves", K, spread, leadingText, packHalvesText);

export function gradientStepKernel(K: number, values = FLOATS): Kernel {
  const { team, teams } = gradientTeams(K);
  const constants = `${rowConstants(K, "velocity")}const TEAM = ${team}u;\nconst TEAMS = ${teams}u;\nconst STAGE = TEAM;\nconst SLICE = TEAM;\nconst BASE = false;\n`;
  const parts = [constants, rowsText, valuesText(values), fixedFloatsText, halfSweepText, teamsText, gradientStepText];
  return { name: `gradient-step K=${K}`, code: parts.join("\n") };
}

export const takeStepKernel = (K: number): Kernel => summingKernel("take-step", K, "velocity", takeStepText);

export function sgdBlocksKernel(K: number, logistic: boolean): Kernel {
  const constants = `${rowConstants(K)}const LOGISTIC = ${logistic};\n`;
  return { name: `sgd-blocks K=${K}${logistic ? " logistic" : ""}`, code: [constants, rowsText, sgdBlocksText].join("\n") };
}

export function itemScoresKernel(K: number, plan: ScorePlan): Kernel {
  return { name: `item-scores K=${K}`, code: [scoreLoops(plan), itemScoresText].join("\n") };
}

export function topItemsKernel(plan: ListPlan): Kernel {
  return { name: `top-items of ${plan.places} places`, code: [listConstants(plan), topItemsText].join("\n") };
}

export function featureFactorsKernel(K: number): Kernel {
  return { name: `feature-factors K=${K}`, code: [rowConstants(K, "means"), rowsText, featureFactorsText].join("\n") };
}

export function addPartialsKernel(K: number): Kernel {
  return { name: `add-partials K=${K}`, code: [rowConstants(K), addPartialsText].join("\n") };
}

const sumConstants = `const LANES = ${SUM_LANES}u;\n`;

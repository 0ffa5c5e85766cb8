// The text of the kernels that step: batch steps by rows, stochastic steps by blocks of ratings.

import fixedFloatsText from "../../../../shaders/shared/fixed-floats.wgsl?raw";
import gradientStepText from "../../../../shaders/gradient-step.wgsl?raw";
import halfSweepText from "../../../../shaders/shared/half-sweep.wgsl?raw";
import rowsText from "../../../../shaders/shared/rows.wgsl?raw";
import sgdBlocksSubgroupText from "../../../../shaders/sgd-blocks-subgroup.wgsl?raw";
import sgdBlocksText from "../../../../shaders/sgd-blocks.wgsl?raw";
import stochasticStepText from "../../../../shaders/shared/stochastic-step.wgsl?raw";
import takeStepText from "../../../../shaders/take-step.wgsl?raw";
import teamSumMemoryText from "../../../../shaders/shared/team-sum-memory.wgsl?raw";
import teamSumSubgroupText from "../../../../shaders/shared/team-sum-subgroup.wgsl?raw";
import teamsText from "../../../../shaders/shared/teams.wgsl?raw";
import type { Epoch } from "../../engine.js";
import type { SubgroupSizes } from "../device/device.js";
import type { Kernel } from "../device/kernel.js";
import { withLoopsLeftBe } from "../device/loops-of-one.js";
import { FLOATS, valuesText } from "../memory/values.js";
import { rowKernel } from "../rows/row-kernels.js";
import { blocksOf, gradientTeams, rowConstants } from "../rows/tile-plan.js";

/** Loops over so few blocks are faster written out, and compile as soon. */
const FEW_BLOCKS = 4;

/** @param loopsLeft whether loops over a row's blocks stay loops, so that the kernel compiles sooner on some drivers. */
export function gradientStepKernel(K: number, values = FLOATS, loopsLeft = false): Kernel {
  const { team, teams } = gradientTeams(K);
  const constants = `${rowConstants(K, "velocity")}const TEAM = ${team}u;\nconst TEAMS = ${teams}u;\nconst STAGE = TEAM;\nconst SLICE = TEAM;\nconst BASE = false;\n`;
  const code = [constants, rowsText, valuesText(values), fixedFloatsText, halfSweepText, teamsText, gradientStepText].join("\n");
  if (!loopsLeft || blocksOf(K) <= FEW_BLOCKS) return { name: `gradient-step K=${K}`, code };
  return { name: `gradient-step K=${K} loops left`, code: withLoopsLeftBe(code, ["BLOCKS", "PARTS"]) };
}

export const takeStepKernel = (K: number): Kernel => rowKernel("take-step", K, "velocity", takeStepText);

/** How many lanes share a block of ratings, and how many blocks a workgroup takes, in sgd-blocks.wgsl. */
export interface BlockTeams {
  /** A power of two. */
  readonly team: number;
  readonly teams: number;
  /** Whether teams lie within a subgroup and sum by its shuffles; else through workgroup memory. */
  readonly subgroups: boolean;
  /** Whether they are those of a software driver. */
  readonly software: boolean;
}

const MOST_TEAM = 32;
/**
 * Lanes of a workgroup, unless a team has more. A workgroup goes on until its longest block ends, and a wave asks for the
 * rows of its teams one after the other, so that a few teams are soonest done; on a software driver it is one SIMD
 * register.
 */
const LANES = 8;
/** About how many of a row's vec4s a lane takes. */
const OWN_BLOCKS = { hardware: 2, software: 3 };

/** Without subgroups of four lanes or more, teams sum through workgroup memory. */
export function blockTeams(K: number, subgroups: SubgroupSizes | undefined, softwareDriver: boolean): BlockTeams {
  const wide = subgroups !== undefined && subgroups.minimum >= 4;
  const software = softwareDriver && wide;
  const ownBlocks = software ? OWN_BLOCKS.software : OWN_BLOCKS.hardware;
  const most = Math.min(software ? LANES : MOST_TEAM, wide ? subgroups.minimum : MOST_TEAM);
  let team = 1;
  while (team < most && team * ownBlocks < blocksOf(K)) team *= 2;
  return { team, teams: Math.max(LANES, team) / team, subgroups: wide, software };
}

/** Most of a row's vec4s a lane with which the rows of two ratings fit its registers on every card. */
const mostAhead = (ownRates: boolean): number => (ownRates ? 3 : 5);

/**
 * @param ownRates whether rows carry the squares of their slopes, and step by rates of their own.
 * @param values unless for software, whose ratings are records (`block-tasks.ts`).
 */
export function sgdBlocksKernel(
  K: number,
  link: Epoch["link"],
  ownRates: boolean,
  { team, teams, subgroups, software }: BlockTeams,
  values = FLOATS,
): Kernel {
  const rows = rowConstants(K, ownRates ? "squares" : "none");
  const ahead = Math.ceil(blocksOf(K) / team) <= mostAhead(ownRates);
  const constants = `${rows}const LOGISTIC = ${link === "logistic"};\nconst OWN_RATES = ${ownRates};\nconst TEAM = ${team}u;\nconst TEAMS = ${teams}u;\n`;
  const parts = [
    subgroups ? "enable subgroups;" : "",
    // On a software driver there is nothing to be asked for ahead.
    software ? constants : `${constants}const AHEAD = ${ahead};\n`,
    rowsText,
    ...(software ? [] : [valuesText(values)]),
    subgroups ? teamSumSubgroupText : teamSumMemoryText,
    stochasticStepText,
    software ? sgdBlocksSubgroupText : sgdBlocksText,
  ];
  const variants = `${ownRates ? " own rates" : ""}${subgroups ? " subgroups" : ""}${software ? " for software" : ""}`;
  return { name: `sgd-blocks K=${K} ${link}${variants}`, code: parts.join("\n") };
}

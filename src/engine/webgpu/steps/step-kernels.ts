// The text of the kernels that step: batch steps by rows, stochastic steps by blocks of ratings.

import fixedFloatsText from "../../../../shaders/shared/fixed-floats.wgsl?raw";
import gradientStepText from "../../../../shaders/gradient-step.wgsl?raw";
import halfSweepText from "../../../../shaders/shared/half-sweep.wgsl?raw";
import rowsText from "../../../../shaders/shared/rows.wgsl?raw";
import sgdBlocksText from "../../../../shaders/sgd-blocks.wgsl?raw";
import takeStepText from "../../../../shaders/take-step.wgsl?raw";
import teamsText from "../../../../shaders/shared/teams.wgsl?raw";
import type { Epoch } from "../../engine.js";
import type { Kernel } from "../device/kernel.js";
import { FLOATS, valuesText } from "../memory/values.js";
import { rowKernel } from "../rows/row-kernels.js";
import { gradientTeams, rowConstants } from "../rows/tile-plan.js";

export function gradientStepKernel(K: number, values = FLOATS): Kernel {
  const { team, teams } = gradientTeams(K);
  const constants = `${rowConstants(K, "velocity")}const TEAM = ${team}u;\nconst TEAMS = ${teams}u;\nconst STAGE = TEAM;\nconst SLICE = TEAM;\nconst BASE = false;\n`;
  const parts = [constants, rowsText, valuesText(values), fixedFloatsText, halfSweepText, teamsText, gradientStepText];
  return { name: `gradient-step K=${K}`, code: parts.join("\n") };
}

export const takeStepKernel = (K: number): Kernel => rowKernel("take-step", K, "velocity", takeStepText);

export function sgdBlocksKernel(K: number, link: Epoch["link"]): Kernel {
  const constants = `${rowConstants(K)}const LOGISTIC = ${link === "logistic"};\n`;
  return { name: `sgd-blocks K=${K} ${link}`, code: [constants, rowsText, sgdBlocksText].join("\n") };
}

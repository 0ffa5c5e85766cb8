// The kernel of half-sweeps by conjugate gradients: how it is cut for a number of factors, and its text.

import conjugateGradientsText from "../../../../shaders/conjugate-gradients.wgsl?raw";
import subgroupText from "../../../../shaders/conjugate-gradients-subgroup.wgsl?raw";
import confidentText from "../../../../shaders/shared/descent-confident.wgsl?raw";
import explicitText from "../../../../shaders/shared/descent-explicit.wgsl?raw";
import descentRowsText from "../../../../shaders/shared/descent-rows.wgsl?raw";
import fixedFloatsText from "../../../../shaders/shared/fixed-floats.wgsl?raw";
import fixedHalvesText from "../../../../shaders/shared/fixed-halves.wgsl?raw";
import halfSweepText from "../../../../shaders/shared/half-sweep.wgsl?raw";
import imageNoneText from "../../../../shaders/shared/image-none.wgsl?raw";
import imageTilesText from "../../../../shaders/shared/image-tiles.wgsl?raw";
import imageTilesSubgroupText from "../../../../shaders/shared/image-tiles-subgroup.wgsl?raw";
import rowsText from "../../../../shaders/shared/rows.wgsl?raw";
import subgroupTasksText from "../../../../shaders/shared/subgroup-tasks.wgsl?raw";
import teamsText from "../../../../shaders/shared/teams.wgsl?raw";
import type { Device } from "../device/device.js";
import type { Kernel } from "../device/kernel.js";
import { withLoopsLeftBe, withoutLoopsOfOne } from "../device/loops-of-one.js";
import { FLOATS, valuesText } from "../memory/values.js";
import { descentLoops } from "./descent-loops.js";
import { type GramKernel, type GramTuning, wantedSubgroups } from "./gram-kernel.js";
import { type GramVariant, pullsText } from "./gram-kernels.js";
import { subgroupSize } from "./subgroup-plan.js";
import { blocksOf, descentPartialBytes, rowConstants, tilesOf } from "./tile-plan.js";

interface DescentPlan {
  /** Lanes that share one row. */
  readonly team: number;
  /** Rows side by side in one workgroup. */
  readonly teams: number;
  /** Lanes that form one product of a rating. */
  readonly parts: number;
  /** Ratings taken between two barriers. */
  readonly stage: number;
}

const LANES = 64;
const FEWEST_LANES = 8;
const BYTES_PER_TILE = 64;

/** Two or three blocks a lane where rows are long enough. */
export function planDescent(K: number): DescentPlan {
  const team = Math.min(LANES, Math.max(FEWEST_LANES, 2 ** Math.floor(Math.log2(blocksOf(K)))));
  return { team, teams: LANES / team, parts: 4, stage: 32 };
}

export function conjugateGradientsKernel(plan: DescentPlan, variant: GramVariant): Kernel {
  const { factors: K } = variant;
  const { team, teams, parts, stage } = plan;
  const own = Math.ceil(blocksOf(K) / team);
  const constants = `const TEAM = ${team}u;
const TEAMS = ${teams}u;
const PARTS = ${parts}u;
const STAGE = ${stage}u;
const OWN = ${own}u;
// Teams count themselves.
const SLICE = 1u;
`;
  const text = [...textsOf(variant, constants, imageTilesText), conjugateGradientsText].join("\n");
  const once = withoutLoopsOfOne(text, own === 1 ? ["OWN"] : []);
  const name = nameOf("conjugate-gradients", variant);
  return variant.loopsLeft ? { name: `${name} loops left`, code: withLoopsLeftBe(once, ["OWN", "TEAM"]) } : { name, code: once };
}

/** By subgroups of so many lanes: for software drivers that have them. */
export function conjugateGradientsSubgroupKernel(size: number, variant: GramVariant): Kernel {
  const { factors: K, kind } = variant;
  const own = Math.ceil(blocksOf(K) / size);
  const constants = `const SUBGROUP = ${size}u;
const TEAM = SUBGROUP;
const TEAMS = 1u;
const STAGE = SUBGROUP;
const SLICE = 1u;
const OWN = ${own}u;
`;
  const texts = [
    "enable subgroups;",
    ...textsOf(variant, constants, imageTilesSubgroupText),
    subgroupTasksText,
    subgroupText,
    descentLoops(K, size, kind === "joint"),
  ];
  return {
    name: nameOf("conjugate-gradients-subgroup", variant),
    code: withLoopsLeftBe(withoutLoopsOfOne(texts.join("\n"), own === 1 ? ["OWN"] : []), ["OWN"]),
  };
}

/** What both are put together from, before their own text. */
function textsOf(variant: GramVariant, constants: string, image: string): string[] {
  const { factors: K, kind, spread, pulled = false, values = FLOATS, halves = false } = variant;
  const ofSystem = `const JOINT = ${kind === "joint"};
const SEQUENTIAL = ${kind === "sequential"};
const ALL_PAIRS = ${kind === "confident"};
const PHASES_BEYOND = ${phasesBeyond(kind)}u;
`;
  return [
    `${rowConstants(K, spread)}${constants}${ofSystem}`,
    rowsText,
    valuesText(values),
    halves ? fixedHalvesText : fixedFloatsText,
    halfSweepText,
    teamsText,
    kind === "confident" ? `${confidentText}\n${image}` : `${explicitText}\n${imageNoneText}`,
    // No row is singular here, whose place pulls take where eight storage buffers would be too few.
    pullsText(pulled, kind === "confident" ? 7 : 8),
    descentRowsText,
  ];
}

function nameOf(kernel: string, { factors: K, kind, spread, pulled = false, halves = false }: GramVariant): string {
  const differing = [kind !== "joint" && kind, spread !== "none" && spread, pulled && "pulled", halves && "halves"].filter(Boolean);
  return [kernel, `K=${K}`, ...differing].join(" ");
}

/** Passes beside the steps: the first residual, and the bias after the factors. */
const phasesBeyond = (kind: GramVariant["kind"]): number => (kind === "sequential" ? 2 : 1);

/** The kernel as half-sweeps take it. */
export function descentKernel(device: Device, variant: GramVariant, steps: number, tuning: GramTuning = {}): GramKernel {
  const { factors: K, kind } = variant;
  const plan = planDescent(K);
  const size = subgroupSize(wantedSubgroups(device, tuning));
  const loopsLeft = device.report.writesOutLoops;
  const phases = steps + phasesBeyond(kind);
  return {
    kernel:
      size === undefined ? conjugateGradientsKernel(plan, { ...variant, loopsLeft }) : conjugateGradientsSubgroupKernel(size, variant),
    tasksPerWorkgroup: size === undefined ? plan.teams : 1,
    partialBytes: descentPartialBytes(K),
    operations: { perRating: 4 * phases * (K + 1), perRow: 2 * phases * (K + 1) * (kind === "confident" ? K : 8) },
    tileBytes: tilesOf(K) * BYTES_PER_TILE,
    segment: tuning.segment,
    phases,
    base: kind === "confident" ? "read-only-storage" : undefined,
  };
}

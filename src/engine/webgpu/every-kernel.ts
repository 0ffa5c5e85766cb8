// Every kernel that a session may compile: those of one workload, and those of all workloads that models have.
// What tests compile and `npm run kernels` writes out.

import { type Operations, SIDES, type Spread, type SumKind } from "../engine.js";
import type { SubgroupSizes } from "./device/device.js";
import type { Kernel } from "./device/kernel.js";
import { FLOATS, type ValueFormat, valueFormat } from "./memory/values.js";
import { itemScoresKernel, topItemsKernel } from "./ranking/ranking-kernels.js";
import { planList, planScores } from "./ranking/ranking-plan.js";
import {
  GRAM_SYSTEMS,
  gramSolveKernel,
  gramSolveSubgroupKernel,
  type GramSystem,
  type GramVariant,
  suitsSubgroups,
} from "./rows/gram-kernels.js";
import { addPartialsKernel, heavyBallKernel, packHalvesKernel } from "./rows/row-kernels.js";
import { planSubgroup } from "./rows/subgroup-plan.js";
import { planTiles } from "./rows/tile-plan.js";
import { blockTeams, gradientStepKernel, sgdBlocksKernel, takeStepKernel } from "./steps/step-kernels.js";
import {
  averagedErrorsKernel,
  confidentErrorsKernel,
  expectedErrorsKernel,
  logLossesKernel,
  posteriorSumsKernel,
  squaredErrorsKernel,
  squaredNormsKernel,
} from "./sums/sum-kernels.js";

/** What decides which kernels a session compiles. */
export interface KernelUse {
  readonly factors: number;
  readonly spread: Spread;
  readonly operations: Operations;
  /** Default: as float32. */
  readonly values?: ValueFormat | undefined;
}

/** Stars: values that lie in memory as codes. */
const CODES = valueFormat(Float32Array.of(0.5, 5));
const LIST_PLACES = 20;

/** @param subgroups those of the device, for the kernels that need them. */
export function kernelsOf({ factors: K, spread, operations, values = FLOATS }: KernelUse, subgroups?: SubgroupSizes): Kernel[] {
  const { solve, pulls = [], extrapolate = [], batchStep, epochs } = operations;
  return [
    ...(solve ? gramKernels({ kind: solve, spread, pulled: pulls.length > 0 } as GramSystem, K, values, subgroups) : []),
    ...(solve === "confident" || operations.sums.includes("moments") ? momentKernels(K) : []),
    ...(extrapolate.length > 0 ? [heavyBallKernel(K, spread)] : []),
    ...(batchStep ? [gradientStepKernel(K, values), takeStepKernel(K)] : []),
    ...(epochs ? [...new Set([subgroups, undefined])].map((sizes) => sgdBlocksKernel(K, epochs.link, blockTeams(K, sizes))) : []),
    ...operations.sums.flatMap((kind) => sumKernels(kind, K, spread, values)),
  ].map(({ name, code }) => ({ name: `${name} ${values.kind}`, code }));
}

/** Those of every workload that a session is made for, of ranked lists, and of half precision. */
export function everyKernel(K: number, subgroups?: SubgroupSizes): Kernel[] {
  const points: readonly SumKind[] = ["squaredErrors", "squaredNorms", "moments", "averagedErrors", "confidentErrors"];
  const uncertain: readonly SumKind[] = ["expectedSquares", "expectedErrors", "posteriorSums"];
  const uses = GRAM_SYSTEMS.filter(({ kind }) => kind !== "moments").map(({ kind, spread, pulled }) => ({
    spread,
    operations: {
      solve: kind as Operations["solve"],
      pulls: pulled ? SIDES : [],
      extrapolate: ["items"] as const,
      sums: spread === "none" ? points : uncertain,
    },
  }));
  const steps = [
    { spread: "velocity", operations: { batchStep: true, sums: points } },
    { spread: "none", operations: { epochs: { seed: 1, link: "identity" }, sums: points } },
    { spread: "none", operations: { epochs: { seed: 1, link: "logistic" }, sums: ["logLosses", "squaredNorms"] } },
  ] as const;
  const kernels = [FLOATS, CODES].flatMap((values) =>
    [...uses, ...steps].flatMap((use) => kernelsOf({ ...use, factors: K, values }, subgroups)),
  );
  const halves = { factors: K, kind: "joint", spread: "none", halves: true, values: CODES } as const;
  const others = [packHalvesKernel(K), ...[false, true].map((pulled) => gramSolveKernel(planTiles(K), { ...halves, pulled }))];
  const ranking = [itemScoresKernel(K, planScores(K)), topItemsKernel(planList(LIST_PLACES, false))];
  return [...new Map([...kernels, ...others, ...ranking].map((kernel) => [kernel.name, kernel])).values()];
}

function gramKernels(system: GramSystem, K: number, values: ValueFormat, subgroups?: SubgroupSizes): Kernel[] {
  const variant: GramVariant = { ...system, factors: K, values };
  const plan = subgroups && suitsSubgroups(system) && planSubgroup(K, subgroups);
  return [gramSolveKernel(planTiles(K), variant), ...(plan ? [gramSolveSubgroupKernel(plan, variant)] : [])];
}

const momentKernels = (K: number): Kernel[] => [
  gramSolveKernel(planTiles(K), { factors: K, kind: "moments", spread: "none" }),
  addPartialsKernel(K),
];

function sumKernels(kind: SumKind, K: number, spread: Spread, values: ValueFormat): Kernel[] {
  const family = spread === "full" ? "full" : "diagonal";
  switch (kind) {
    case "squaredNorms":
      return [squaredNormsKernel(K, spread)];
    case "squaredErrors":
      return [squaredErrorsKernel(K, values, spread)];
    case "logLosses":
      return [logLossesKernel(K, values)];
    case "expectedSquares":
      return [squaredErrorsKernel(K, values, spread), expectedErrorsKernel(K, values, family), posteriorSumsKernel(K, family)];
    case "expectedErrors":
      return [expectedErrorsKernel(K, values, family)];
    case "posteriorSums":
      return [posteriorSumsKernel(K, family)];
    case "confidentErrors":
      return [confidentErrorsKernel(K, values)];
    case "averagedErrors":
      return [averagedErrorsKernel(K, values)];
    case "moments":
      return [];
  }
}

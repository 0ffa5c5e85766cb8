// Every kernel that a session may compile: those of one workload, and those of all workloads that models have.
// What tests compile and `npm run kernels` writes out.

import { type Operations, SIDES, type Spread, type SumKind } from "../engine.js";
import type { SubgroupSizes } from "./device/device.js";
import type { Kernel } from "./device/kernel.js";
import { FLOATS, PAIRS, type ValueFormat, valueFormat } from "./memory/values.js";
import { itemScoresKernel, topItemsKernel } from "./ranking/ranking-kernels.js";
import { planList, planScores } from "./ranking/ranking-plan.js";
import { conjugateGradientsKernel, conjugateGradientsSubgroupKernel, planDescent } from "./rows/descent-kernel.js";
import {
  descends,
  GRAM_SYSTEMS,
  gramSolveKernel,
  gramSolveSubgroupKernel,
  type GramSystem,
  type GramVariant,
  suitsSubgroups,
} from "./rows/gram-kernels.js";
import { addPartialsKernel, heavyBallKernel, momentsKernel, packHalvesKernel } from "./rows/row-kernels.js";
import { planSubgroup, subgroupSize } from "./rows/subgroup-plan.js";
import { planTiles } from "./rows/tile-plan.js";
import { type BlockTeams, blockTeams, gradientStepKernel, sgdBlocksKernel, takeStepKernel } from "./steps/step-kernels.js";
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
interface KernelUse {
  readonly factors: number;
  readonly spread: Spread;
  readonly operations: Operations;
  /** Default: as float32. */
  readonly values?: ValueFormat | undefined;
}

/** Stars: values that lie in memory as codes. */
const CODES = valueFormat(Float32Array.of(0.5, 5));
const LIST_PLACES = 20;
/** What reads codes and weights is the same at every K: it is compiled at one of so many. */
const OTHER_FORMATS_EVERY = 16;

/** @param subgroups those of the device, for the kernels that need them. */
export function kernelsOf({ factors: K, spread, operations, values = FLOATS }: KernelUse, subgroups?: SubgroupSizes): Kernel[] {
  const { solve, steps, pulls = [], extrapolate = [], batchStep, epochs } = operations;
  const stepwise = steps !== undefined;
  const solving = stepwise ? descentKernels : gramKernels;
  return [
    ...(solve ? solving({ kind: solve, spread, pulled: pulls.length > 0 } as GramSystem, K, values, subgroups) : []),
    ...(solve === "confident" || operations.sums.includes("moments") ? momentKernels(K, stepwise) : []),
    ...(extrapolate.length > 0 ? [heavyBallKernel(K, spread)] : []),
    ...(batchStep ? [...loopsOf(values).map((loopsLeft) => gradientStepKernel(K, values, loopsLeft)), takeStepKernel(K)] : []),
    ...(epochs
      ? blockTeamsOf(K, subgroups).map((teams) =>
          sgdBlocksKernel(K, epochs.link, spread === "squares", teams, values.kind === "pairs" ? values : FLOATS),
        )
      : []),
    ...operations.sums.flatMap((kind) => sumKernels(kind, K, spread, values)),
  ].map(({ name, code }) => ({ name: `${name} ${values.kind}`, code }));
}

const POINT_SUMS: readonly SumKind[] = ["squaredErrors", "squaredNorms", "moments", "averagedErrors", "confidentErrors"];

/** Those of every workload whose systems are factored, of ranked lists, and of half precision. */
export function everyKernel(K: number, subgroups?: SubgroupSizes): Kernel[] {
  const uncertain: readonly SumKind[] = ["expectedSquares", "expectedErrors", "posteriorSums"];
  const uses = GRAM_SYSTEMS.filter(({ kind }) => kind !== "moments").map(({ kind, spread, pulled }) => ({
    spread,
    operations: {
      solve: kind as Operations["solve"],
      pulls: pulled ? SIDES : [],
      extrapolate: ["items"] as const,
      sums: spread === "none" ? POINT_SUMS : uncertain,
    },
  }));
  const steps = [
    { spread: "velocity", operations: { batchStep: true, sums: POINT_SUMS } },
    ...(["none", "squares"] as const).flatMap((carried) => [
      { spread: carried, operations: { epochs: { seed: 1, link: "identity" as const }, sums: POINT_SUMS } },
      { spread: carried, operations: { epochs: { seed: 1, link: "logistic" as const }, sums: ["logLosses", "squaredNorms"] as const } },
    ]),
  ] as const;
  const halves = { factors: K, kind: "joint", spread: "none", halves: true, values: CODES } as const;
  const others = [packHalvesKernel(K), ...[false, true].map((pulled) => gramSolveKernel(planTiles(K), { ...halves, pulled }))];
  return differentKernels([...kernelsOfUses([...uses, ...steps], K, subgroups), ...others, ...rankingKernels(K)]);
}

/**
 * Those of workloads that are solved by conjugate gradients, of half precision, and of ranked lists: of more
 * factors, too.
 */
export function everyDescentKernel(K: number, subgroups?: SubgroupSizes): Kernel[] {
  const uses = GRAM_SYSTEMS.filter(descends).map(({ kind, spread, pulled }) => ({
    spread,
    operations: {
      solve: kind as Operations["solve"],
      steps: 3,
      pulls: pulled ? SIDES : [],
      extrapolate: ["items"] as const,
      sums: POINT_SUMS,
    },
  }));
  const variant = { factors: K, kind: "joint", spread: "none", halves: true, values: CODES } as const;
  const pairs = [false, true].flatMap((pulled) => descentKernelsOf({ ...variant, pulled }, subgroups));
  const halves = [packHalvesKernel(K), ...pairs];
  return differentKernels([...kernelsOfUses(uses, K, subgroups), ...halves, ...rankingKernels(K)]);
}

const rankingKernels = (K: number): Kernel[] => [
  ...[false, true].map((loopsLeft) => itemScoresKernel(K, planScores(K), loopsLeft)),
  topItemsKernel(planList(LIST_PLACES, false)),
];

const kernelsOfUses = (uses: readonly Omit<KernelUse, "factors">[], K: number, subgroups?: SubgroupSizes): Kernel[] =>
  [FLOATS, ...(K % OTHER_FORMATS_EVERY === 0 ? [CODES, PAIRS] : [])].flatMap((values) =>
    uses.flatMap((use) => kernelsOf({ ...use, factors: K, values }, subgroups)),
  );

const differentKernels = (kernels: readonly Kernel[]): Kernel[] => [...new Map(kernels.map((kernel) => [kernel.name, kernel])).values()];

/** Whether loops are left to the driver: what they are made of is the same for all values. */
const loopsOf = (values: ValueFormat): boolean[] => (values.kind === "floats" ? [false, true] : [false]);

function gramKernels(system: GramSystem, K: number, values: ValueFormat, subgroups?: SubgroupSizes): Kernel[] {
  const variant: GramVariant = { ...system, factors: K, values };
  const plan = subgroups && suitsSubgroups(system) && planSubgroup(K, subgroups);
  const tiles = loopsOf(values).map((loopsLeft) => gramSolveKernel(planTiles(K), { ...variant, loopsLeft }));
  return [...tiles, ...(plan ? [gramSolveSubgroupKernel(plan, variant)] : [])];
}

const descentKernels = (system: GramSystem, K: number, values: ValueFormat, subgroups?: SubgroupSizes): Kernel[] =>
  descentKernelsOf({ ...system, factors: K, values }, subgroups);

/** For all devices, and for software drivers that have subgroups. */
function descentKernelsOf(variant: GramVariant & { readonly values: ValueFormat }, subgroups?: SubgroupSizes): Kernel[] {
  const size = subgroupSize(subgroups);
  const teams = loopsOf(variant.values).map((loopsLeft) =>
    conjugateGradientsKernel(planDescent(variant.factors), { ...variant, loopsLeft }),
  );
  return [...teams, ...(size === undefined ? [] : [conjugateGradientsSubgroupKernel(size, variant)])];
}

/** For hardware, with and without subgroups, and for software drivers that have them. */
const blockTeamsOf = (K: number, subgroups?: SubgroupSizes): BlockTeams[] => [
  ...(subgroups ? [false, true].map((software) => blockTeams(K, subgroups, software)) : []),
  blockTeams(K, undefined, false),
];

const momentKernels = (K: number, patches: boolean): Kernel[] => [
  ...(patches
    ? [momentsKernel(K).kernel]
    : [false, true].map((loopsLeft) => gramSolveKernel(planTiles(K), { factors: K, kind: "moments", spread: "none", loopsLeft }))),
  addPartialsKernel(K),
];

function sumKernels(kind: SumKind, K: number, spread: Spread, values: ValueFormat): Kernel[] {
  const family = spread === "full" ? "full" : "diagonal";
  const variants = loopsOf(values).map((loopsLeft) => ({ factors: K, values, loopsLeft }));
  switch (kind) {
    case "squaredNorms":
      return [squaredNormsKernel(K, spread)];
    case "squaredErrors":
      return variants.map((variant) => squaredErrorsKernel(variant, spread));
    case "logLosses":
      return variants.map((variant) => logLossesKernel(variant, spread));
    case "expectedSquares":
      return [
        ...variants.flatMap((variant) => [squaredErrorsKernel(variant, spread), expectedErrorsKernel(variant, family)]),
        posteriorSumsKernel(K, family),
      ];
    case "expectedErrors":
      return variants.map((variant) => expectedErrorsKernel(variant, family));
    case "posteriorSums":
      return [posteriorSumsKernel(K, family)];
    case "confidentErrors":
      return variants.map(confidentErrorsKernel);
    case "averagedErrors":
      return variants.map(averagedErrorsKernel);
    case "moments":
      return [];
  }
}

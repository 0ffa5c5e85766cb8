// Every kernel that a session may compile, for one number of factors: what tests compile and `npm run kernels` writes out.

import type { SubgroupSizes } from "./device/device.js";
import type { Kernel } from "./device/kernel.js";
import { FLOATS, valueFormat } from "./memory/values.js";
import { planList, planScores } from "./ranking/ranking-plan.js";
import { itemScoresKernel, topItemsKernel } from "./ranking/ranking-kernels.js";
import { GRAM_SYSTEMS, gramSolveKernel, gramSolveSubgroupKernel, type GramVariant, suitsSubgroups } from "./rows/gram-kernels.js";
import { addPartialsKernel, featureFactorsKernel, heavyBallKernel, packHalvesKernel } from "./rows/row-kernels.js";
import { planSubgroup } from "./rows/subgroup-plan.js";
import { planTiles } from "./rows/tile-plan.js";
import { gradientStepKernel, sgdBlocksKernel, takeStepKernel } from "./steps/step-kernels.js";
import {
  averagedErrorsKernel,
  confidentErrorsKernel,
  expectedErrorsKernel,
  logLossesKernel,
  posteriorSumsKernel,
  squaredErrorsKernel,
  squaredNormsKernel,
} from "./sums/sum-kernels.js";

/** Stars: values that lie in memory as codes. */
const CODES = valueFormat(Float32Array.of(0.5, 5));
const LIST_PLACES = 20;

/** @param subgroups those of the device, for the kernels that need them. */
export function everyKernel(K: number, subgroups?: SubgroupSizes): Kernel[] {
  const plan = subgroups && planSubgroup(K, subgroups);
  const gram = GRAM_SYSTEMS.flatMap((system): Kernel[] => {
    const ways = [FLOATS, CODES].map((values): GramVariant => ({ ...system, factors: K, values }));
    const halves = system.kind === "joint" && (system.spread === "none" || system.spread === "means");
    const variants = halves ? [...ways, { ...ways[1], halves: true }] : ways;
    const tiles = variants.map((variant) => valuesNamed(gramSolveKernel(planTiles(K), variant), variant.values));
    if (!plan || !suitsSubgroups(system)) return tiles;
    return [...tiles, ...variants.map((variant) => valuesNamed(gramSolveSubgroupKernel(plan, variant), variant.values))];
  });
  const sums = [FLOATS, CODES].flatMap((values) =>
    [
      squaredErrorsKernel(K, values),
      squaredErrorsKernel(K, values, "means"),
      squaredErrorsKernel(K, values, "velocity"),
      squaredErrorsKernel(K, values, "diagonal"),
      squaredErrorsKernel(K, values, "full"),
      logLossesKernel(K, values),
      confidentErrorsKernel(K, values),
      averagedErrorsKernel(K, values),
      expectedErrorsKernel(K, values, "diagonal"),
      expectedErrorsKernel(K, values, "full"),
      gradientStepKernel(K, values),
    ].map((kernel) => valuesNamed(kernel, values)),
  );
  const rows = [
    ...(["none", "means", "velocity"] as const).map((spread) => squaredNormsKernel(K, spread)),
    ...(["diagonal", "full"] as const).map((family) => posteriorSumsKernel(K, family)),
    ...(["none", "means"] as const).flatMap((spread) => [heavyBallKernel(K, spread), packHalvesKernel(K, spread)]),
    featureFactorsKernel(K),
    addPartialsKernel(K),
    takeStepKernel(K),
    sgdBlocksKernel(K, "identity"),
    sgdBlocksKernel(K, "logistic"),
    itemScoresKernel(K, planScores(K)),
    topItemsKernel(planList(LIST_PLACES, false)),
  ];
  return [...gram, ...sums, ...rows];
}

const valuesNamed = ({ name, code }: Kernel, values = FLOATS): Kernel => ({ name: `${name} ${values.kind}`, code });

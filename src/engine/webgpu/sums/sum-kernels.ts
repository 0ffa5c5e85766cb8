// The text of the kernels that add up over ratings or rows.

import addLanesText from "../../../../shaders/shared/add-lanes.wgsl?raw";
import averagedErrorsText from "../../../../shaders/averaged-errors.wgsl?raw";
import confidentErrorsText from "../../../../shaders/confident-errors.wgsl?raw";
import expectedErrorsText from "../../../../shaders/expected-errors.wgsl?raw";
import fullCovariancesText from "../../../../shaders/shared/full-covariances.wgsl?raw";
import logLossesText from "../../../../shaders/log-losses.wgsl?raw";
import posteriorSumsText from "../../../../shaders/posterior-sums.wgsl?raw";
import predictText from "../../../../shaders/shared/predict.wgsl?raw";
import ratingTurnsText from "../../../../shaders/shared/rating-turns.wgsl?raw";
import ratingsText from "../../../../shaders/shared/ratings.wgsl?raw";
import squaredErrorsText from "../../../../shaders/squared-errors.wgsl?raw";
import varianceDiagonalText from "../../../../shaders/shared/variance-diagonal.wgsl?raw";
import varianceFullText from "../../../../shaders/shared/variance-full.wgsl?raw";
import varianceLaneText from "../../../../shaders/shared/variance-lane.wgsl?raw";
import varianceTeamText from "../../../../shaders/shared/variance-team.wgsl?raw";
import squaredNormsText from "../../../../shaders/squared-norms.wgsl?raw";
import type { CovarianceFamily, Spread } from "../../engine.js";
import type { Kernel } from "../device/kernel.js";
import { withLoopsLeftBe } from "../device/loops-of-one.js";
import { FLOATS, type ValueFormat, valuesText } from "../memory/values.js";
import { rowKernel } from "../rows/row-kernels.js";
import { blocksOf, tilesOf } from "../rows/tile-plan.js";

/** What the text of a kernel that sums over ratings depends on, beside what is summed. */
interface RatingSumVariant {
  readonly factors: number;
  /** How the values of ratings lie in memory. Default: as float32. */
  readonly values?: ValueFormat | undefined;
  /** Whether loops over a row's blocks stay loops, so that the kernel compiles sooner on some drivers. Default false. */
  readonly loopsLeft?: boolean | undefined;
}

/** Loops over so few blocks are faster written out, and compile as soon. */
const FEW_BLOCKS = 4;

function ratingSumKernel(name: string, spread: Spread, variant: RatingSumVariant, ...texts: readonly string[]): Kernel {
  const { factors, values = FLOATS, loopsLeft = false } = variant;
  const kernel = rowKernel(name, factors, spread, valuesText(values), addLanesText, ratingsText, ...texts);
  return loopsLeft && blocksOf(factors) > FEW_BLOCKS ? withLoopsLeft(kernel) : kernel;
}

const withLoopsLeft = ({ name, code }: Kernel): Kernel => ({
  name: `${name} loops left`,
  code: `${withLoopsLeftBe(code, ["BLOCKS"])}\n${ratingTurnsText}`,
});

export const squaredErrorsKernel = (variant: RatingSumVariant, spread: Spread = "none"): Kernel =>
  ratingSumKernel("squared-errors", spread, variant, predictText, squaredErrorsText);

export const logLossesKernel = (variant: RatingSumVariant, spread: Spread = "none"): Kernel =>
  ratingSumKernel("log-losses", spread, variant, predictText, logLossesText);

export const averagedErrorsKernel = (variant: RatingSumVariant): Kernel =>
  ratingSumKernel("averaged-errors", "none", variant, predictText, averagedErrorsText);

export const confidentErrorsKernel = (variant: RatingSumVariant): Kernel =>
  ratingSumKernel("confident-errors", "none", variant, confidentErrorsText);

/** Lanes that share out the covariances of a rating: a power of two, at most so many, each with a tile at least. */
const MOST_SHARING = 8;
const sharing = (K: number): number => 2 ** Math.floor(Math.log2(Math.min(MOST_SHARING, tilesOf(K))));

export function expectedErrorsKernel(variant: RatingSumVariant, family: CovarianceFamily): Kernel {
  if (family === "diagonal") return ratingSumKernel("expected-errors", family, variant, varianceDiagonalText, expectedErrorsText);
  const { factors, values } = variant;
  const full = (lanes: string): Kernel =>
    ratingSumKernel("expected-errors", family, { factors, values }, fullCovariancesText, varianceFullText, lanes, expectedErrorsText);
  // Where loops are left another text takes the team's place, and so they are with few blocks, too.
  return variant.loopsLeft ? withLoopsLeft(full(varianceLaneText)) : full(`const TEAM = ${sharing(factors)}u;\n${varianceTeamText}`);
}

export const squaredNormsKernel = (K: number, spread: Spread = "none"): Kernel =>
  rowKernel("squared-norms", K, spread, addLanesText, squaredNormsText);

export const posteriorSumsKernel = (K: number, family: CovarianceFamily): Kernel =>
  rowKernel("posterior-sums", K, family, fullCovariancesText, posteriorSumsText);

// The text of the kernels that add up over ratings or rows.

import addLanesText from "../../../../shaders/shared/add-lanes.wgsl?raw";
import averagedErrorsText from "../../../../shaders/averaged-errors.wgsl?raw";
import confidentErrorsText from "../../../../shaders/confident-errors.wgsl?raw";
import expectedErrorsText from "../../../../shaders/expected-errors.wgsl?raw";
import logLossesText from "../../../../shaders/log-losses.wgsl?raw";
import posteriorSumsText from "../../../../shaders/posterior-sums.wgsl?raw";
import predictText from "../../../../shaders/shared/predict.wgsl?raw";
import ratingsText from "../../../../shaders/shared/ratings.wgsl?raw";
import squaredErrorsText from "../../../../shaders/squared-errors.wgsl?raw";
import squaredNormsText from "../../../../shaders/squared-norms.wgsl?raw";
import type { CovarianceFamily, Spread } from "../../engine.js";
import type { Kernel } from "../device/kernel.js";
import { FLOATS, type ValueFormat, valuesText } from "../memory/values.js";
import { rowKernel } from "../rows/row-kernels.js";

/** A kernel that sums over ratings. */
function ratingSumKernel(name: string, K: number, spread: Spread, values: ValueFormat, ...texts: readonly string[]): Kernel {
  return rowKernel(name, K, spread, valuesText(values), addLanesText, ratingsText, ...texts);
}

export const squaredErrorsKernel = (K: number, values = FLOATS, spread: Spread = "none"): Kernel =>
  ratingSumKernel("squared-errors", K, spread, values, predictText, squaredErrorsText);

export const logLossesKernel = (K: number, values = FLOATS, spread: Spread = "none"): Kernel =>
  ratingSumKernel("log-losses", K, spread, values, predictText, logLossesText);

export const averagedErrorsKernel = (K: number, values = FLOATS): Kernel =>
  ratingSumKernel("averaged-errors", K, "none", values, predictText, averagedErrorsText);

export const confidentErrorsKernel = (K: number, values = FLOATS): Kernel =>
  ratingSumKernel("confident-errors", K, "none", values, confidentErrorsText);

export const expectedErrorsKernel = (K: number, values: ValueFormat, family: CovarianceFamily): Kernel =>
  ratingSumKernel("expected-errors", K, family, values, expectedErrorsText);

export const squaredNormsKernel = (K: number, spread: Spread = "none"): Kernel =>
  rowKernel("squared-norms", K, spread, addLanesText, squaredNormsText);

export const posteriorSumsKernel = (K: number, family: CovarianceFamily): Kernel =>
  rowKernel("posterior-sums", K, family, posteriorSumsText);

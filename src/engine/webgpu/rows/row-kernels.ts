// The text of kernels that go through the rows of a side.

import addPartialsText from "../../../../shaders/add-partials.wgsl?raw";
import heavyBallText from "../../../../shaders/heavy-ball.wgsl?raw";
import momentsText from "../../../../shaders/moments.wgsl?raw";
import packHalvesText from "../../../../shaders/pack-halves.wgsl?raw";
import leadingText from "../../../../shaders/shared/leading.wgsl?raw";
import rowsText from "../../../../shaders/shared/rows.wgsl?raw";
import type { Spread } from "../../engine.js";
import type { Kernel } from "../device/kernel.js";
import { blocksOf, rowConstants } from "./tile-plan.js";

/** Lanes of the workgroups that go through rows. */
export const ROW_LANES = 128;

export function rowKernel(name: string, K: number, spread: Spread, ...texts: readonly string[]): Kernel {
  return {
    name: `${name} K=${K}${spread === "none" ? "" : ` ${spread}`}`,
    code: [rowConstants(K, spread), `const LANES = ${ROW_LANES}u;`, rowsText, ...texts].join("\n"),
  };
}

export const heavyBallKernel = (K: number, spread: Spread = "none"): Kernel => rowKernel("heavy-ball", K, spread, heavyBallText);

export const packHalvesKernel = (K: number, spread: Spread = "none"): Kernel =>
  rowKernel("pack-halves", K, spread, leadingText, packHalvesText);

export function addPartialsKernel(K: number): Kernel {
  return { name: `add-partials K=${K}`, code: [rowConstants(K), addPartialsText].join("\n") };
}

/** Tiles along the side of a patch of moments.wgsl. */
const MOMENT_PATCH = 16;

/** Sums of rows' outer products for any number of factors, and the workgroups a segment of rows takes. */
export function momentsKernel(K: number): { readonly kernel: Kernel; readonly patches: number } {
  const side = Math.ceil(blocksOf(K) / MOMENT_PATCH);
  const kernel = { name: `moments K=${K}`, code: [rowConstants(K), rowsText, momentsText].join("\n") };
  return { kernel, patches: (side * (side + 1)) / 2 };
}

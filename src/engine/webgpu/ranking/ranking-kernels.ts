// The text of the kernels that make ranked lists.

import itemScoresText from "../../../../shaders/item-scores.wgsl?raw";
import topItemsText from "../../../../shaders/top-items.wgsl?raw";
import type { Kernel } from "../device/kernel.js";
import { listConstants, type ListPlan, scoreLoops, type ScorePlan } from "./ranking-plan.js";

/** @param loopsLeft whether loops stay loops, so that it compiles sooner on some drivers. */
export function itemScoresKernel(K: number, plan: ScorePlan, loopsLeft = false): Kernel {
  return { name: `item-scores K=${K}${loopsLeft ? " loops left" : ""}`, code: [scoreLoops(plan, loopsLeft), itemScoresText].join("\n") };
}

export function topItemsKernel(plan: ListPlan): Kernel {
  return { name: `top-items of ${plan.places} places`, code: [listConstants(plan), topItemsText].join("\n") };
}

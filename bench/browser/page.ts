// The page that bench/browser.ts opens: the same sweep as in Node, in the tab's main thread.

import { reportOf, requestAdapter } from "../../src/engine/webgpu/device/device.js";
import { SYNTHETIC_SHAPES, syntheticRatings } from "../../src/ratings/synthetic.js";
import { type SweepTime, timeSweep } from "../sweep.js";

declare global {
  var adapterName: () => Promise<string>;
  var timeSweeps: (shape: keyof typeof SYNTHETIC_SHAPES, factors: readonly number[]) => Promise<SweepTime[]>;
}

globalThis.adapterName = async () => reportOf(await requestAdapter()).name;

globalThis.timeSweeps = async (shape, factors) => {
  const ratings = syntheticRatings(SYNTHETIC_SHAPES[shape]);
  const times: SweepTime[] = [];
  for (const K of factors) times.push(await timeSweep(ratings, K));
  return times;
};

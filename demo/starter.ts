// Trains the small model that the page begins with. The build runs this, in Node; nothing of it is sent to a browser.

import { encodeModel } from "../src/model-file.js";
import { splitRatings } from "../src/ratings/split.js";
import { fit } from "../src/training/fit.js";
import { reportOf } from "./report.js";
import { builtIn, STARTER, type StarterReport, summaryOf } from "./data.js";

/** The files that the page asks for, by their names. */
export async function starterFiles(): Promise<Record<string, Uint8Array>> {
  const data = builtIn(STARTER.size);
  const { train, heldOut } = splitRatings(data.ratings, { share: STARTER.share, seed: 1 });
  const { model, stop, device, history } = await fit(train, { ...STARTER.options, heldOut, device: "cpu" });
  const report: StarterReport = { ...reportOf(history, stop, device, train, heldOut), starter: true, data: summaryOf(data) };
  return { "starter.safetensors": encodeModel(model), "starter.json": new TextEncoder().encode(JSON.stringify(report)) };
}

// What computes, in words.

import type { DeviceChoice, DeviceInfo } from "../src/index.js";
import type { Means } from "./engines.js";
import type { Threads } from "./isolation.js";
import { capital } from "../src/report/words.js";

/** "WebAssembly on 2 threads", "the float64 reference", or the name of the GPU. */
export function nameOf({ kind, name }: DeviceInfo): string {
  if (kind === "reference") return "the float64 reference";
  return kind === "cpu" ? `WebAssembly ${/on \d+ threads?$/.exec(name)?.[0] ?? ""}`.trim() : name;
}

/** One line for the page's head. @param threads why there is one only, where there could be more. */
export function badgeOf({ auto, adapter }: Means, choice: DeviceChoice, threads: Threads): string {
  const oneThread = {
    all: "",
    denied: "; more would need a service worker, which this browser denies",
    framed: "; there are more outside this frame",
  }[threads];
  if (choice === "webgpu" && adapter) return `${adapter.software ? "A software GPU" : "Your GPU"} computes, as chosen: ${adapter.name}`;
  if (choice === "reference") return "The float64 reference computes, as chosen: one thread, for comparison";
  if (choice === "cpu") return auto.kind === "cpu" ? `${nameOf(auto)} computes${oneThread}` : "WebAssembly on the CPU computes, as chosen";
  if (auto.kind === "webgpu") return `Your GPU computes: ${auto.name}`;
  const missing = adapter ? "Only a software GPU here" : "No GPU here";
  if (auto.kind === "cpu") return `${missing}: ${nameOf(auto)} computes${oneThread}`;
  return `${missing}, and no WebAssembly SIMD: ${nameOf(auto)} computes, slowly`;
}

/** What the automatic choice comes to. */
export const autoText = ({ auto }: Means): string => `automatic: ${auto.kind === "webgpu" ? "the GPU" : capital(nameOf(auto))}`;

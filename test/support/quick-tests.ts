// What `npm run test:quick` leaves out: the files that need a WebGPU device, a browser, the command line or the
// compilers of cards, and those that run the float64 reference at every K. It is read off the files themselves, so that
// a new test is sorted by what it uses. The tests of all engines stay, without `webgpu` (engines.ts).

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Vite's mode in which the quick tests run. */
export const QUICK = "quick";

const NEEDS: Readonly<Record<string, RegExp>> = {
  "a WebGPU device": /WebGpuEngine\.create|testDevice\(|engineWithin\(|requestDevice|openEngine\([^)]*"webgpu"|device: "webgpu"/,
  "a browser": /from "playwright"/,
  "the reference at every K": /EVERY_K|"\.\/workloads\.js"/,
  "the compilers of cards": /missingCompilers/,
  "the command line, or the built package": /support\/command-line|run-guide|run-code|"dist\//,
};

/** Test files below a folder that are left out, by what they need. */
export function leftOutOfQuick(folder: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
    if (!file.endsWith(".test.ts")) continue;
    const text = readFileSync(join(folder, file), "utf8");
    const need = Object.keys(NEEDS).find((need) => NEEDS[need].test(text));
    if (need) found.set(need, [...(found.get(need) ?? []), file.replaceAll("\\", "/")]);
  }
  return found;
}

/** The same for people. */
export function quickNotice(leftOut: ReadonlyMap<string, readonly string[]>): string {
  const lines = [...leftOut].map(([need, files]) => `  ${need}: ${files.map((file) => file.replace(".test.ts", "")).join(", ")}`);
  return ["Quick tests, without the engine webgpu and without the files that need", ...lines, "npm test runs them all."].join("\n");
}

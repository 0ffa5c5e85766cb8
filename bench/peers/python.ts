// Peers that are Python libraries, each driven by a script of ours beside this file.

import { fileURLToPath } from "node:url";
import type { Parameters } from "../../src/models/parameters.js";
import type { Ratings } from "../../src/ratings/ratings.js";
import { inFolder, outputOf, readParameters, writeProblem } from "./folder.js";

export interface PythonResult {
  readonly version: string;
  readonly device: string;
  /** Of each sweep. */
  readonly seconds: readonly number[];
  readonly parameters: Parameters;
}

/** Whether an interpreter can import a library. */
export async function canImport(python: string, library: string): Promise<boolean> {
  return await outputOf(python, "-c", `import ${library}`).then(
    (output) => output !== undefined,
    () => false,
  );
}

/** Runs a script on a problem. @param biases whether it leaves biases too. */
export async function python(
  interpreter: string,
  script: "torch_als.py" | "implicit_als.py",
  options: readonly string[],
  { train, start, settings, biases }: { train: Ratings; start: Parameters; settings: Readonly<Record<string, number>>; biases: boolean },
): Promise<PythonResult> {
  return await inFolder(async (folder) => {
    await writeProblem(folder, train, start, settings);
    const output = await outputOf(interpreter, fileURLToPath(new URL(`../../bench/peers/${script}`, import.meta.url)), folder, ...options);
    return { ...(JSON.parse(output!) as Omit<PythonResult, "parameters">), parameters: await readParameters(folder, start, biases) };
  });
}

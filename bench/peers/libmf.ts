// LIBMF's mf-train and mf-predict: stochastic gradient descent on several threads, without biases or mean. Its
// objective is Σ over ratings of ½ (r − p·q)² + ½ λ_P |p|² + ½ λ_Q |q|², so that λ is ours of weighted regularization;
// plain τ becomes τ divided by the mean number of ratings of an entity.

import { readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import type { Ratings } from "../../src/ratings/ratings.js";
import { inFolder, outputOf } from "./folder.js";

/** The shortest of several runs: what else the machine does only ever adds to a process's time. */
const REPEATS = 5;

export interface LibmfResult {
  readonly device: string;
  readonly secondsPerSweep: number;
  readonly heldOutRmse: number;
}

/** @param folder where the executables are; default: on the PATH. Undefined when there are none. */
export async function libmf(
  folder: string | undefined,
  { train, heldOut }: { train: Ratings; heldOut: Ratings },
  settings: { factors: number; epochs: number; lambdaUsers: number; lambdaItems: number },
): Promise<LibmfResult | undefined> {
  const program = (name: string): string => (folder ? join(folder, name) : name);
  // Without ratings to predict it prints how it is used, and fails.
  if ((await outputOf(program("mf-train")).catch(() => "found")) === undefined) return undefined;
  return await inFolder(async (work) => {
    const files = {
      train: join(work, "train.txt"),
      heldOut: join(work, "held-out.txt"),
      model: join(work, "model"),
      predicted: join(work, "predicted"),
    };
    await writeFile(files.train, text(train));
    await writeFile(files.heldOut, text(heldOut));
    const threads = cpus().length;
    const seconds = async (epochs: number): Promise<number> => {
      const started = performance.now();
      const given = { k: settings.factors, t: epochs, s: threads, l2: `${settings.lambdaUsers},${settings.lambdaItems}` };
      await outputOf(
        program("mf-train"),
        ...Object.entries(given).flatMap(([name, value]) => [`-${name}`, String(value)]),
        "--quiet",
        files.train,
        files.model,
      );
      return (performance.now() - started) / 1000;
    };
    const shortest = async (epochs: number): Promise<number> => {
      let best = Infinity;
      for (let repeat = 0; repeat < REPEATS; repeat++) best = Math.min(best, await seconds(epochs));
      return best;
    };
    // What one epoch takes with reading the text is no time of training: the others are timed after it.
    const one = await shortest(1);
    const secondsPerSweep = ((await shortest(settings.epochs)) - one) / (settings.epochs - 1);
    await outputOf(program("mf-predict"), files.heldOut, files.model, files.predicted);
    const predicted = (await readFile(files.predicted, "utf8")).trim().split("\n").map(Number);
    const squares = predicted.reduce((sum, value, at) => sum + (value - heldOut.value[at]) ** 2, 0);
    return { device: `CPU threads: ${threads}`, secondsPerSweep, heldOutRmse: Math.sqrt(squares / heldOut.count) };
  });
}

function text({ user, item, value, count }: Ratings): string {
  const lines: string[] = [];
  for (let at = 0; at < count; at++) lines.push(`${user[at]} ${item[at]} ${value[at]}\n`);
  return lines.join("");
}

// A problem as files in a temporary folder, for peers that run as processes of their own,
// and the factors that they leave there.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Parameters } from "../../src/models/parameters.js";
import type { Ratings } from "../../src/ratings/ratings.js";

const run = promisify(execFile);

/** Output of a program, or undefined when there is none of that name. @throws when it fails. */
export async function outputOf(program: string, ...options: string[]): Promise<string | undefined> {
  try {
    return (await run(program, options, { maxBuffer: 2 ** 26 })).stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Gives the work a new folder, which does not outlive it. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "tastespace-peers-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Writes problem.json, the columns of the training ratings, and the starting factors of the items. */
export async function writeProblem(
  folder: string,
  train: Ratings,
  start: Parameters,
  settings: Readonly<Record<string, number>>,
): Promise<void> {
  const problem = { users: train.users.size, items: train.items.size, factors: start.factors, mean: start.globalMean, ...settings };
  const columns = {
    "train-user.u32": train.user,
    "train-item.u32": train.item,
    "train-value.f32": train.value,
    "item-factors.f32": start.itemFactors,
  };
  await writeFile(join(folder, "problem.json"), JSON.stringify(problem));
  for (const [name, column] of Object.entries(columns)) await writeFile(join(folder, name), column);
}

/** Parameters as a peer left them; biases stay 0 where it has none. */
export async function readParameters(folder: string, start: Parameters, biases: boolean): Promise<Parameters> {
  const floats = async (name: string): Promise<Float32Array> =>
    new Float32Array(new Uint8Array(await readFile(join(folder, `${name}.f32`))).buffer);
  return {
    ...start,
    userFactors: await floats("user-factors"),
    itemFactors: await floats("item-factors"),
    userBiases: biases ? await floats("user-biases") : start.userBiases,
    itemBiases: biases ? await floats("item-biases") : start.itemBiases,
  };
}

// Where commands write: files, checked before long work and written whole or not at all, or standard output,
// which "-" stands for.

import { devNull } from "node:os";
import { resolve } from "node:path";
import type { Command } from "commander";
import { checkWritable, checkWritableFolder, DurableFile, writeDurably } from "../durable-file.js";
import { OptionsError, OutputError } from "../errors.js";
import { reasonOf } from "../file-trouble.js";
import { invocation } from "./invocation.js";
import { wordsToStandardError } from "./terminal.js";

const STANDARD_OUTPUT = "-";

/** The options whose value is a file that is written. */
const FILES: ReadonlySet<string> = new Set(["out", "json", "csv", "plot", "perUser", "checkpoint"]);
/** Those whose value is a folder. */
const FOLDERS: ReadonlySet<string> = new Set(["figures"]);

/**
 * Checks all outputs of a command before it begins. With one of them on standard output,
 * what is said to people goes to standard error.
 *
 * @throws OutputError for the first that cannot be written; OptionsError when two are the same.
 */
export async function checkOutputs(command: Command): Promise<void> {
  const seen = new Map<string, string>();
  const given = Object.entries(command.opts<Record<string, unknown>>());
  const isProjector = command.opts<{ format?: string }>().format === "projector";
  for (const [name, path] of given) {
    if (typeof path !== "string" || !(FILES.has(name) || FOLDERS.has(name))) continue;
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const place = path === STANDARD_OUTPUT ? path : resolve(path);
    const other = seen.get(place);
    if (other !== undefined && path !== devNull)
      throw new OptionsError(`${other} and ${flag} are both ${path}`, { remedy: "give each a place of its own" });
    seen.set(place, flag);
    const isFolder = FOLDERS.has(name) || (isProjector && name === "out");
    if (path === STANDARD_OUTPUT) {
      if (isFolder || name === "checkpoint" || command.opts<{ format?: string }>().format === "index")
        throw new OptionsError(`${flag} is -, and standard output cannot hold it`, { remedy: `give ${flag} a path` });
      wordsToStandardError();
      invocation.outputs.onStandardOutput = true;
      continue;
    }
    invocation.outputs.inFiles = true;
    if (isFolder) await checkWritableFolder(path);
    else await checkWritable(path);
  }
}

/** @throws OutputError; a file that was there before is still there. */
export async function writeOutput(path: string, content: Uint8Array | string | Iterable<Uint8Array>): Promise<void> {
  if (path === STANDARD_OUTPUT)
    for (const piece of typeof content === "string" || content instanceof Uint8Array ? [content] : content) await toStandardOutput(piece);
  else await writeDurably(path, content);
}

/** Writes a value as JSON, where a path is given. */
export async function writeJson(path: string | undefined, value: unknown): Promise<void> {
  if (path !== undefined) await writeOutput(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** An output that is written piece by piece. */
export async function openOutput(path: string): Promise<Pick<DurableFile, "write" | "finish" | "abandon">> {
  if (path === STANDARD_OUTPUT) return { write: toStandardOutput, finish: async () => {}, abandon: async () => {} };
  return await DurableFile.open(path);
}

/** Resolves when it has been handed over. */
async function toStandardOutput(content: Uint8Array | string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(content, (error) => {
      if (error) reject(standardOutputFails(error));
      else resolve();
    });
  });
}

/** What is wrong with standard output, in a sentence. */
export const standardOutputFails = (cause: unknown): OutputError =>
  new OutputError(`standard output cannot be written: ${reasonOf(cause)}`, { cause });

export const isStandardOutput = (path: string): boolean => path === STANDARD_OUTPUT;

// The run file that `train --json` writes: what others script against.

import { readFile } from "node:fs/promises";
import type { DeviceInfo } from "../engine/engine.js";
import { ModelFileError } from "../errors.js";
import type { HistoryEntry, Stop } from "../training/history.js";

export interface RunFile {
  readonly version: string;
  readonly device: DeviceInfo;
  readonly data: { readonly users: number; readonly items: number; readonly ratings: number; readonly heldOut: number };
  readonly hyperparameters: Readonly<Record<string, unknown>>;
  readonly history: readonly HistoryEntry[];
  readonly stop: Stop;
  readonly seconds: {
    readonly read: number;
    readonly index: number;
    readonly upload: number;
    readonly train: number;
    readonly total: number;
  };
}

/** The history of a run file, or undefined when there is no such file. @throws ModelFileError when it is damaged. */
export async function readRun(path: string): Promise<readonly HistoryEntry[] | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    return undefined;
  }
  try {
    return (JSON.parse(text) as { history: HistoryEntry[] }).history;
  } catch (cause) {
    throw new ModelFileError(`${path} is damaged`, { cause, remedy: "delete it with its checkpoint and start again" });
  }
}

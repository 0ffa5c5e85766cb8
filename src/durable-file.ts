// Writing a file whole or not at all, in Node: a temporary file beside it, fsync, then rename.
// A crash leaves what was there before.

import { constants } from "node:fs";
import { access, chmod, type FileHandle, mkdir, open, readlink, realpath, rename, stat, unlink } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { OutputError } from "./errors.js";
import { reasonOf } from "./file-trouble.js";

/** As systems follow them. */
const MOST_LINKS = 40;

/**
 * Where a path leads: symbolic links are followed, so that a link is not replaced by a file;
 * also one to what is not there yet.
 */
async function targetOf(path: string): Promise<string> {
  let target = path;
  for (let links = 0; links < MOST_LINKS; links++) {
    const whole = await realpath(target).catch(() => undefined);
    if (whole !== undefined) return whole;
    const next = await readlink(target).catch(() => undefined);
    if (next === undefined) return target;
    target = resolve(dirname(target), next);
  }
  return target;
}

/** Whether something is there that is no plain file, a device or a pipe: it is written into, never replaced. */
async function isStream(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && !found.isFile() && !found.isDirectory();
}

/** Temporary files of this process. */
let unfinishedFiles = 0;
const unfinishedName = (target: string): string => `${target}.${process.pid}-${++unfinishedFiles}.part`;

/**
 * Checks that a file can be written, before long work starts. Nothing is left behind.
 *
 * @throws OutputError naming the path and what is wrong with it.
 */
export async function checkWritable(path: string): Promise<void> {
  const target = await targetOf(path);
  const found = await stat(target).catch(() => undefined);
  try {
    if (found?.isDirectory()) throw new Error("it is a folder");
    if (found) await access(target, constants.W_OK);
    if (!found || found.isFile()) {
      const name = unfinishedName(target);
      await (await open(name, "w")).close();
      await unlink(name);
    }
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

/** Checks that files can be written into a folder, which need not be there. @throws OutputError */
export async function checkWritableFolder(path: string): Promise<void> {
  try {
    for (let at = resolve(path); ; at = dirname(at)) {
      const found = await stat(at).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      });
      if (!found) continue;
      if (!found.isDirectory()) throw new Error(`${at} is no folder`);
      return await access(at, constants.W_OK | constants.X_OK);
    }
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

/** A file that is written piece by piece, and takes its place when it is whole. */
export class DurableFile {
  readonly #path: string;
  readonly #target: string;
  /** Undefined for a device or a pipe. */
  readonly #unfinished: string | undefined;
  readonly #file: FileHandle;

  private constructor(path: string, target: string, unfinished: string | undefined, file: FileHandle) {
    this.#path = path;
    this.#target = target;
    this.#unfinished = unfinished;
    this.#file = file;
  }

  /** @throws OutputError naming the path. */
  static async open(path: string): Promise<DurableFile> {
    try {
      const target = await targetOf(path);
      const unfinished = (await isStream(target)) ? undefined : unfinishedName(target);
      const before = unfinished === undefined ? undefined : await stat(target).catch(() => undefined);
      if (before?.isDirectory()) throw new Error("it is a folder");
      const file = await open(unfinished ?? target, "w");
      // Who may read the file stays as it was.
      if (before && unfinished !== undefined) await chmod(unfinished, before.mode).catch(() => {});
      return new DurableFile(path, target, unfinished, file);
    } catch (cause) {
      throw cannotWrite(path, cause);
    }
  }

  /**
   * All of it: a call of the file system may write a part.
   *
   * @throws OutputError naming the path; nothing is left behind.
   */
  async write(bytes: Uint8Array | string): Promise<void> {
    await this.#orAbandon(() => this.#file.writeFile(bytes));
  }

  /** Gives the file its name. @throws OutputError naming the path; the file that was there before is still there. */
  async finish(): Promise<void> {
    await this.#orAbandon(async () => {
      // Pipes and devices have nothing to be synced.
      await this.#file.sync().catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EINVAL" && error.code !== "ENOTSUP") throw error;
      });
      await this.#file.close();
      if (this.#unfinished !== undefined) await rename(this.#unfinished, this.#target);
    });
    if (this.#unfinished !== undefined) await syncFolder(dirname(this.#target));
  }

  /** Leaves what was there before. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
    if (this.#unfinished !== undefined) await unlink(this.#unfinished).catch(() => {});
  }

  async #orAbandon(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      await this.abandon();
      throw cannotWrite(this.#path, cause);
    }
  }
}

/** @throws OutputError naming the path; the file that was there before is still there. */
export async function writeDurably(path: string, bytes: Uint8Array | string | Iterable<Uint8Array>): Promise<void> {
  const file = await DurableFile.open(path);
  try {
    for (const piece of typeof bytes === "string" || bytes instanceof Uint8Array ? [bytes] : bytes) await file.write(piece);
  } catch (error) {
    // What fails may be the pieces themselves.
    await file.abandon();
    throw error;
  }
  await file.finish();
}

/** Makes a folder, and those that it lies in. @throws OutputError */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

/** Makes a rename outlive a loss of power, where folders can be synced. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

function cannotWrite(path: string, cause: unknown): OutputError {
  const reason = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "its folder does not exist" : reasonOf(cause);
  return new OutputError(`${path} cannot be written: ${reason}`, { cause, remedy: "name another place" });
}

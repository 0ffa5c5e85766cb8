// Writing a file whole or not at all, in Node: a temporary file beside it, fsync, then rename.
// A crash leaves what was there before.

import { constants } from "node:fs";
import { access, open, realpath, rename, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { OutputError } from "./errors.js";

/** Where a path leads: symbolic links are followed, so that a link is not replaced by a file. */
async function targetOf(path: string): Promise<string> {
  return await realpath(path).catch(() => path);
}

/** Whether something is there that is no plain file, a device or a pipe: it is written into, never replaced. */
async function isStream(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && !found.isFile() && !found.isDirectory();
}

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
      const trial = await open(`${target}.${process.pid}.part`, "w");
      await trial.close();
      await unlink(`${target}.${process.pid}.part`);
    }
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

/** @throws OutputError naming the path; the file that was there before is still there. */
export async function writeDurably(path: string, bytes: Uint8Array | string): Promise<void> {
  const target = await targetOf(path);
  try {
    if (await isStream(target)) return await writeWhole(target, bytes);
    const unfinished = `${target}.${process.pid}.part`;
    try {
      await writeWhole(unfinished, bytes);
      await rename(unfinished, target);
    } catch (error) {
      await unlink(unfinished).catch(() => {});
      throw error;
    }
    await syncFolder(dirname(target));
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writeFile(bytes);
    // Pipes and devices have nothing to be synced.
    await file.sync().catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EINVAL" && error.code !== "ENOTSUP") throw error;
    });
  } finally {
    await file.close();
  }
}

/** Makes a rename outlive a loss of power, where folders can be synced. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

function cannotWrite(path: string, cause: unknown): OutputError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    ENOENT: "its folder does not exist",
    ENOTDIR: "a part of its path is no folder",
    EACCES: "it may not be written",
    EROFS: "its file system is read-only",
    ENOSPC: "the disk is full",
    EISDIR: "it is a folder",
  };
  return new OutputError(`${path} cannot be written: ${reasons[code ?? ""] ?? message}`, { cause, remedy: "name another place" });
}

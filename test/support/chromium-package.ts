// Archives inside the npm package that brings Chromium:
// the browser, SwiftShader's Vulkan driver, and libraries that bare machines lack.

import { createReadStream, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createBrotliDecompress } from "node:zlib";
import { extract } from "tar-fs";

/** Where tests keep what they unpack. */
export const cacheFolder = fileURLToPath(new URL("../../.cache/", import.meta.url));

/** The package is built for this platform alone. */
export const hasChromiumPackage = process.platform === "linux" && process.arch === "x64";

/** Unpacks NAME.tar.br of the package into the cache, once, and gives the folder. */
export async function unpacked(name: string): Promise<string> {
  const folder = join(cacheFolder, name);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  await pipeline(createReadStream(join(packageFolder(), "bin", `${name}.tar.br`)), createBrotliDecompress(), extract(unfinished));
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    // Another process was faster.
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

function packageFolder(): string {
  let folder = dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium"));
  while (!existsSync(join(folder, "bin"))) folder = dirname(folder);
  return folder;
}

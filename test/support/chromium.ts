// The Chromium that the browser tests run in: one out of an npm package on x86-64 Linux, elsewhere the machine's own Chrome.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { LaunchOptions } from "playwright";
import { cacheFolder, hasChromiumPackage, unpacked } from "./chromium-package.js";

/** Flags that give a WebGPU adapter without a screen or a GPU. */
const FLAGS = ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

export async function chromiumLaunchOptions(): Promise<LaunchOptions> {
  if (!hasChromiumPackage) return { channel: "chrome", args: FLAGS };
  // The package unpacks to a fixed name in the temporary folder: it is given one of its own.
  const folder = join(cacheFolder, "chromium");
  mkdirSync(folder, { recursive: true });
  const { default: chromium } = await import("@sparticuz/chromium");
  const executablePath = await withTemporaryFolder(folder, () => chromium.executablePath());
  const libraries = join(await unpacked("al2023"), "lib");
  return {
    executablePath,
    args: FLAGS,
    env: { ...process.env, LD_LIBRARY_PATH: [libraries, process.env["LD_LIBRARY_PATH"]].filter(Boolean).join(":") } as Record<
      string,
      string
    >,
  };
}

async function withTemporaryFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
}

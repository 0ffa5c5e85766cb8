// The Chromium that the browser tests run in: one out of an npm package on x86-64 Linux,
// elsewhere the machine's own Chrome.

import { randomUUID } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LaunchOptions } from "playwright";
import { cacheFolder, hasChromiumPackage, unpacked } from "./chromium-package.js";
import { ZERO_BY_LOOP } from "./software-driver.js";

/** Flags that give a WebGPU adapter without a screen or a GPU. */
const FLAGS = ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", `--${ZERO_BY_LOOP}`];

/** Asked for once a process: two at once would each put back what the other had set for the temporary folder. */
let executable: Promise<string> | undefined;

export async function chromiumLaunchOptions(): Promise<LaunchOptions> {
  if (!hasChromiumPackage) return { channel: "chrome", args: FLAGS };
  // The package unpacks to a fixed name in the temporary folder: it is given one of its own.
  const folder = join(cacheFolder, "chromium");
  mkdirSync(folder, { recursive: true });
  const { default: chromium } = await import("@sparticuz/chromium");
  const executablePath = await (executable ??= withTemporaryFolder(folder, () => chromium.executablePath()));
  const libraries = join(await unpacked("al2023"), "lib");
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: [libraries, process.env["LD_LIBRARY_PATH"]].filter(Boolean).join(":"),
    FONTCONFIG_FILE: await fontsConfiguration(),
  };
  return { executablePath, args: FLAGS, env: env as Record<string, string> };
}

/** Flags for a browser that has no WebGPU. */
export const withoutWebGpu = (flags: readonly string[]): string[] => flags.filter((flag) => !flag.includes("webgpu"));

/** Starts a browser, and once more where it dies on the way: Chromium has ended by a segmentation fault there. */
export const started = async <T>(launch: () => Promise<T>): Promise<T> => await launch().catch(launch);

/**
 * Writes a fonts.conf that names the package's fonts and no others, and gives its path. Chromium crashes on every page
 * with text where fontconfig finds no font. The package's own fonts.conf names folders that do not exist here.
 */
async function fontsConfiguration(): Promise<string> {
  const fonts = join(await unpacked("fonts"), "fonts");
  const path = join(cacheFolder, "fonts.conf");
  const unfinished = `${path}.${randomUUID()}`;
  writeFileSync(
    unfinished,
    `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>${xmlText(fonts)}</dir>
  <cachedir>${xmlText(join(cacheFolder, "fontconfig"))}</cachedir>
</fontconfig>
`,
  );
  // Several processes may write it at once: none of them reads half a file.
  renameSync(unfinished, path);
  return path;
}

const xmlText = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

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

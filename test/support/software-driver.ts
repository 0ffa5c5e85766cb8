// The Vulkan driver that the tests run on: the one that VK_DRIVER_FILES names, else, on x86-64 Linux, SwiftShader out of an npm package,
// so that a machine with nothing but Node passes them. TASTESPACE_TEST_ADAPTER=system takes what the machine has.

import { existsSync, mkdirSync } from "node:fs";
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createBrotliDecompress } from "node:zlib";
import { extract } from "tar-fs";

const cache = fileURLToPath(new URL("../../.cache/", import.meta.url));

/** Sets the environment that Dawn and its test workers read. Called once, in the main process, before any worker starts. */
export async function useSoftwareDriver(): Promise<void> {
  process.env["XDG_RUNTIME_DIR"] ??= cache;
  if (process.env["TASTESPACE_TEST_ADAPTER"] === "system" || process.env["VK_DRIVER_FILES"]) return;
  if (process.platform !== "linux" || process.arch !== "x64") return;
  const folder = join(cache, "swiftshader");
  const loader = join(folder, "libvulkan.so.1");
  if (!existsSync(loader)) {
    mkdirSync(folder, { recursive: true });
    await pipeline(createReadStream(join(chromiumPackage(), "bin", "swiftshader.tar.br")), createBrotliDecompress(), extract(folder));
  }
  process.env["VK_DRIVER_FILES"] = join(folder, "vk_swiftshader_icd.json");
  process.env["TASTESPACE_VULKAN_LOADER"] = loader;
}

function chromiumPackage(): string {
  const main = createRequire(import.meta.url).resolve("@sparticuz/chromium");
  let folder = dirname(main);
  while (!existsSync(join(folder, "bin"))) folder = dirname(folder);
  return folder;
}

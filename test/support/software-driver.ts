// The Vulkan driver that the tests run on: the one that VK_DRIVER_FILES names, else, on x86-64 Linux,
// SwiftShader out of an npm package, so that a machine with nothing but Node passes them.
// TASTESPACE_TEST_ADAPTER=system takes what the machine has.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder, hasChromiumPackage, unpacked } from "./chromium-package.js";

const PATIENT_DAWN = fileURLToPath(new URL("patient-dawn.cjs", import.meta.url));

/** Sets the environment that Dawn and its test workers read. Called once, in the main process, before workers start. */
export async function useSoftwareDriver(): Promise<void> {
  process.env["XDG_RUNTIME_DIR"] ??= cacheFolder;
  if (process.env["TASTESPACE_TEST_ADAPTER"] === "system") return;
  process.env["NODE_OPTIONS"] = [process.env["NODE_OPTIONS"], `--require ${JSON.stringify(PATIENT_DAWN)}`].filter(Boolean).join(" ");
  if (process.env["VK_DRIVER_FILES"] || !hasChromiumPackage) return;
  const folder = await unpacked("swiftshader");
  process.env["VK_DRIVER_FILES"] = join(folder, "vk_swiftshader_icd.json");
  process.env["TASTESPACE_VULKAN_LOADER"] = join(folder, "libvulkan.so.1");
}

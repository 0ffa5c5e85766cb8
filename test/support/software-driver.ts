// The Vulkan driver that the tests run on: the one that VK_DRIVER_FILES names, else, on x86-64 Linux,
// SwiftShader out of an npm package, so that a machine with nothing but Node passes them.
// TASTESPACE_TEST_ADAPTER=system takes what the machine has.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder, hasChromiumPackage, unpacked } from "./chromium-package.js";

/**
 * Dawn's word for zeroing workgroup memory by a loop, not by a constant: SwiftShader makes an instruction of every word of
 * such a constant, and compiles most kernels three times as long.
 */
export const ZERO_BY_LOOP = "disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension";

/**
 * Has glibc keep freed memory instead of giving it back to the system: the driver's compiler takes and frees much again
 * and again, and each page that comes back is one to be zeroed. Other C libraries do not read it.
 */
const KEEPING_MEMORY = ["trim_threshold=1073741824", "top_pad=67108864", "mmap_threshold=33554432"]
  .map((setting) => `glibc.malloc.${setting}`)
  .join(":");

const PATIENT_DAWN = fileURLToPath(new URL("patient-dawn.cjs", import.meta.url));

/** Sets the environment that Dawn and its test workers read. Called once, in the main process, before workers start. */
export async function useSoftwareDriver(): Promise<void> {
  process.env["XDG_RUNTIME_DIR"] ??= cacheFolder;
  if (process.env["TASTESPACE_TEST_ADAPTER"] === "system") return;
  process.env["NODE_OPTIONS"] = [process.env["NODE_OPTIONS"], `--require ${JSON.stringify(PATIENT_DAWN)}`].filter(Boolean).join(" ");
  if (process.env["VK_DRIVER_FILES"] || !hasChromiumPackage) return;
  const folder = await unpacked("swiftshader");
  process.env["TASTESPACE_DAWN"] = [process.env["TASTESPACE_DAWN"], ZERO_BY_LOOP].filter(Boolean).join(" ");
  process.env["GLIBC_TUNABLES"] ??= KEEPING_MEMORY;
  process.env["VK_DRIVER_FILES"] = join(folder, "vk_swiftshader_icd.json");
  process.env["TASTESPACE_VULKAN_LOADER"] = join(folder, "libvulkan.so.1");
}

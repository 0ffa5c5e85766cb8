// Whether Dawn can find a GPU on Linux, found out without Dawn:
// where there is none, or only a software driver, it writes warnings to standard error, in words for its makers.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const LOADER = "libvulkan.so.1";
const PROBE_WITHIN_MS = 10_000;
/** Where people name drivers of their own. */
const NAMED_IN = ["TASTESPACE_VULKAN_LOADER", "VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES"];

/** Devices of GPUs: the kernel's own, NVIDIA's, of Windows' subsystem for Linux, of phones' processors. */
const DEVICES = /^(nvidia(ctl|\d+)|dxg|mali\d+|kgsl-3d\d+|pvr_sync)$/;
const RENDER_NODE = /^renderD\d+$/;

/** Why there is no hardware GPU, in words; undefined where there may be one, and where somebody has named a driver. */
export function whyNoHardware(): string | undefined {
  if (process.platform !== "linux" || NAMED_IN.some((name) => process.env[name])) return undefined;
  if (filesIn("/dev").some((file) => DEVICES.test(file)) || filesIn("/dev/dri").some((file) => RENDER_NODE.test(file))) return undefined;
  return "there is no GPU in /dev";
}

/** Why there is no driver, in words; undefined where there may be one. */
export function whyNoVulkan(): string | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    process.dlopen({ exports: {} }, LOADER);
  } catch (error) {
    // A shared library that is no Node addon is loaded all the same.
    const { message } = error as Error;
    if (/cannot open shared object|Error loading shared library/.test(message)) return `${LOADER} is not installed`;
  }
  return isAnyDriverListed() || offersAdapter() ? undefined : "no Vulkan driver is installed";
}

/** Where drivers are listed as a rule; others are found by trying. */
function isAnyDriverListed(): boolean {
  if (NAMED_IN.some((name) => (process.env[name] ?? "").split(":").some((file) => file !== "" && existsSync(file)))) return true;
  const { XDG_DATA_DIRS = "/usr/local/share:/usr/share", XDG_CONFIG_DIRS = "/etc/xdg", XDG_DATA_HOME, XDG_CONFIG_HOME } = process.env;
  const folders = [...XDG_DATA_DIRS.split(":"), ...XDG_CONFIG_DIRS.split(":"), "/etc"];
  const own = [XDG_DATA_HOME ?? join(homedir(), ".local/share"), XDG_CONFIG_HOME ?? join(homedir(), ".config")];
  return [...folders, ...own].some((folder) => filesIn(join(folder, "vulkan/icd.d")).some((file) => file.endsWith(".json")));
}

/** None where there is no such folder. */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Where the package is found by its name in the text of a program, no bundler takes it for a part of its bundle. */
const ASK = `
  import { createRequire } from "node:module";
  import { pathToFileURL } from "node:url";
  let path;
  try {
    path = createRequire(process.argv[1]).resolve("webgpu");
  } catch {
    process.exit(0); // It is not installed: loading it says so.
  }
  const { create } = await import(pathToFileURL(path).href);
  process.exit((await create([]).requestAdapter()) ? 0 : 1);
`;

/** Asks Dawn in a process of its own, whose words nobody reads. */
function offersAdapter(): boolean {
  const args = ["--input-type=module", "--eval", ASK, import.meta.url];
  return spawnSync(process.execPath, args, { stdio: "ignore", timeout: PROBE_WITHIN_MS }).status === 0;
}

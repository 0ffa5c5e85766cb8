// A machine without a system Vulkan loader can still run the tests: TASTESPACE_VULKAN_LOADER names a libvulkan.so.1
// that is loaded for Dawn to find. Only ever on request, so that it never takes the place of a real driver.

import { constants } from "node:os";

const RTLD_NODELETE = 0x1000;

export function dlopenSoftwareDriver(): void {
  const loader = process.env["TASTESPACE_VULKAN_LOADER"];
  if (!loader || process.platform !== "linux") return;
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  try {
    process.dlopen({ exports: {} }, loader, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  } catch (error) {
    // A shared library that is no Node addon is loaded all the same; only the registration fails.
    if (!(error instanceof Error && error.message.includes("did not self-register"))) throw error;
  }
}

// Where there is no GPU, people read our words and none of Dawn's, which are for its makers.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";

/** Without the drivers that the tests bring; `dist/` is what runs. */
function ran(args: readonly string[], env: Record<string, string> = {}): Promise<{ code: number; err: string }> {
  const { VK_DRIVER_FILES: _driver, TASTESPACE_VULKAN_LOADER: _loader, NODE_OPTIONS: _options, ...own } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, ["dist/cli.js", ...args], { env: { ...own, NO_COLOR: "1", ...env } }, (error, _out, err) =>
      resolve({ code: error ? Number(error.code) : 0, err }),
    );
  });
}

test("auto says in a sentence that it trains on the processor, or nothing", async () => {
  const { code, err } = await ran(["train", "--sweeps", "1", "--factors", "1"]);
  expect(code).toBe(0);
  expect(err).toMatch(/^(note training on the CPU: [^\n]+\n)?$/);
});

test.runIf(process.platform === "linux" && !existsSync("/etc/vulkan/icd.d"))("webgpu without a driver ends with a sentence", async () => {
  const nowhere = {
    HOME: "/nowhere",
    XDG_DATA_DIRS: "/nowhere",
    XDG_CONFIG_DIRS: "/nowhere",
    XDG_DATA_HOME: "/nowhere",
    XDG_CONFIG_HOME: "/nowhere",
  };
  const { code, err } = await ran(["train", "--device", "webgpu", "--sweeps", "1"], nowhere);
  expect(code).toBe(1);
  expect(err).toMatch(
    /^error there is no GPU that WebGPU can use: (libvulkan.so.1 is not installed|no Vulkan driver is installed)\n {6}install a Vulkan driver, or train on the CPU\n$/,
  );
});

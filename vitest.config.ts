// Two projects: the library in Node, on a software Vulkan driver, and a smoke test of it in a real browser.

import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { inlineScript } from "./inline-script.js";
import { chromiumLaunchOptions } from "./test/support/chromium.js";
import { useSoftwareDriver } from "./test/support/software-driver.js";

await useSoftwareDriver();
const gpu = (platform: "node" | "browser"): { "#gpu": string } => ({
  "#gpu": fileURLToPath(new URL(`src/engine/webgpu/gpu-${platform}.ts`, import.meta.url)),
});

export default defineConfig({
  test: {
    reporters: ["default", "./test/support/count-reporter.ts"],
    projects: [
      {
        plugins: [inlineScript()],
        resolve: { alias: gpu("node") },
        test: { name: "node", include: ["test/**/*.test.ts"], exclude: ["test/browser/**"], testTimeout: 300_000, hookTimeout: 120_000 },
      },
      {
        resolve: { alias: gpu("browser") },
        optimizeDeps: {
          include: ["papaparse", "fastest-levenshtein", "fflate", "hyparquet", "hyparquet-compressors", "hyparquet-writer", "pure-rand/generator/xoroshiro128plus"],
        },
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 120_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: await chromiumLaunchOptions() }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});

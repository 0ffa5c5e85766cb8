// Two projects: the library in Node, on a software Vulkan driver, and a smoke test of it in a real browser.

import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { inlineAssembly } from "./inline-assembly.js";
import { inlineScript } from "./inline-script.js";
import { chromiumLaunchOptions } from "./test/support/chromium.js";
import { useSoftwareDriver } from "./test/support/software-driver.js";

await useSoftwareDriver();
const source = (path: string): string => fileURLToPath(new URL(`src/engine/${path}`, import.meta.url));
const platformAlias = (platform: "node" | "browser"): Record<string, string> => ({
  "#gpu": source(`webgpu/device/gpu-${platform}.ts`),
  "#workers": source(`cpu/workers-${platform}.ts`),
});
/** Pages share memory with their workers only when they are cross-origin isolated. */
const isolated: Plugin = {
  name: "cross-origin-isolation",
  enforce: "pre",
  configureServer({ middlewares }) {
    middlewares.use((_request, response, next) => {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
      next();
    });
  },
};

export default defineConfig({
  test: {
    reporters: ["default", "./test/support/count-reporter.ts"],
    projects: [
      {
        plugins: [inlineScript(), inlineAssembly()],
        resolve: { alias: platformAlias("node") },
        test: { name: "node", include: ["test/**/*.test.ts"], exclude: ["test/browser/**"], testTimeout: 300_000, hookTimeout: 120_000 },
      },
      {
        plugins: [inlineScript(), inlineAssembly(), isolated],
        resolve: { alias: platformAlias("browser") },
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
            // By number: a bare machine has no /etc/hosts that knows localhost.
            api: { host: "127.0.0.1" },
            screenshotFailures: false,
            provider: playwright({ launchOptions: await chromiumLaunchOptions() }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});

// Two projects: the library in Node, on a software Vulkan driver, and a smoke test of it in a real browser.
// In the mode "quick" there is one, in Node, of what needs neither a driver nor a browser.

import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import type { Plugin } from "vite";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { inlineAssembly } from "./inline-assembly.js";
import { inlineScript } from "./inline-script.js";
import { chromiumLaunchOptions } from "./test/support/chromium.js";
import { LongestFirst } from "./test/support/longest-first.js";
import { leftOutOfQuick, QUICK, quickNotice } from "./test/support/quick-tests.js";
import { useSoftwareDriver } from "./test/support/software-driver.js";

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

const plugins = (): Plugin[] => [inlineScript(), inlineAssembly()];

/**
 * Vitest makes a read of a getter of every use of an import: a quarter of the time of the float64 twins, whose loops
 * call functions of each other. Theirs are bound to names of their own when a module starts.
 */
const boundOnce: Plugin = {
  name: "imports-bound-once",
  enforce: "post",
  transform(code, path) {
    if (!path.includes("/src/engine/reference/")) return undefined;
    return code.replaceAll(/^import \{ ([^}]+) \} from ("[^"]+");$/gm, (_, list: string, from: string) => {
      const names = list.split(", ").map((each) => each.split(" as "));
      const imported = names.map(([theirs, ours = theirs]) => `${theirs} as imported_${ours}`);
      const bound = names.map(([theirs, ours = theirs]) => `${ours} = imported_${ours}`);
      return `import { ${imported.join(", ")} } from ${from}; const ${bound.join(", ")};`;
    });
  },
};

const inNode: TestProjectInlineConfiguration = {
  plugins: [...plugins(), boundOnce],
  resolve: { alias: platformAlias("node") },
  test: {
    name: "node",
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**"],
    globalSetup: ["test/demo/served.ts"],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    env: { NO_COLOR: "1" },
    // Style sheets are part of what is tested.
    css: true,
    // Files share a process and its modules: that saves two processor seconds a file.
    isolate: false,
  },
};

async function inBrowser(): Promise<TestProjectInlineConfiguration> {
  return {
    plugins: [...plugins(), isolated],
    resolve: { alias: platformAlias("browser") },
    optimizeDeps: {
      include: [
        "papaparse",
        "fastest-levenshtein",
        "fflate",
        "hyparquet",
        "hyparquet-compressors",
        "hyparquet-writer",
        "pure-rand/generator/xoroshiro128plus",
      ],
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
  };
}

function withoutDevices(): TestProjectInlineConfiguration {
  const leftOut = leftOutOfQuick("test");
  console.log(quickNotice(leftOut));
  const files = [...leftOut.values()].flat().map((file) => `test/${file}`);
  return { ...inNode, mode: QUICK, test: { ...inNode.test, exclude: [...inNode.test!.exclude!, ...files] } };
}

export default defineConfig(async ({ mode }) => {
  const quick = mode === QUICK;
  if (!quick) await useSoftwareDriver();
  return {
    test: {
      reporters: ["default", "./test/support/count-reporter.ts"],
      // Vitest leaves one core free, which is half of a small machine. One worker more than there are cores gains nothing.
      maxWorkers: availableParallelism(),
      sequence: { sequencer: LongestFirst },
      projects: quick ? [withoutDevices()] : [inNode, await inBrowser()],
    },
  };
});

// The demo: a static page that any file host can serve under any path.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { inlineAssembly } from "../inline-assembly.js";
import { inlineScript } from "../inline-script.js";
import { pageLinks } from "./page-links.js";
import { starterModel } from "./starter-plugin.js";

const ISOLATION = "isolation-worker";
/**
 * Pages that hold these share memory with their workers: more than one thread computes.
 * Elsewhere isolation-worker.ts adds them.
 */
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "./",
  plugins: [inlineScript(), inlineAssembly(), starterModel(), pageLinks()],
  resolve: {
    alias: { "#gpu": here("../src/engine/webgpu/device/gpu-browser.ts"), "#workers": here("../src/engine/cpu/workers-browser.ts") },
  },
  worker: { format: "es", plugins: () => [inlineScript(), inlineAssembly()], rolldownOptions: { checks: { pluginTimings: false } } },
  server: { headers },
  preview: { headers },
  build: {
    target: "es2022",
    outDir: here("dist"),
    emptyOutDir: true,
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: { index: here("index.html"), [ISOLATION]: here("isolation-worker.ts") },
      // A service worker rules over the folder that it lies in, and keeps its name from build to build.
      output: { entryFileNames: ({ name }) => (name === ISOLATION ? "[name].js" : "assets/[name]-[hash].js") },
    },
  },
});

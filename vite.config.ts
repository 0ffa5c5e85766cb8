// The library, built twice: for browsers (dist/index.js) and for Node (dist/node.js and the CLI).
// They differ in where WebGPU comes from.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { inlineAssembly } from "./inline-assembly.js";
import { inlineScript } from "./inline-script.js";

const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url));

export default defineConfig(({ mode }) => {
  const node = mode === "node";
  const platform = node ? "node" : "browser";
  const entry: Record<string, string> = node ? { node: source("node.ts"), cli: source("cli/main.ts") } : { index: source("index.ts") };
  return {
    plugins: [inlineScript(), inlineAssembly()],
    resolve: {
      alias: { "#gpu": source(`engine/webgpu/device/gpu-${platform}.ts`), "#workers": source(`engine/cpu/workers-${platform}.ts`) },
    },
    build: {
      target: "es2022",
      minify: false,
      sourcemap: true,
      emptyOutDir: !node,
      ssr: node,
      lib: { entry, formats: ["es"] },
      rolldownOptions: {
        checks: { pluginTimings: false },
        external:
          /^(node:|webgpu$|koffi$|usearch$|@observablehq\/plot|@mixmark-io\/domino|hyparquet|papaparse|pure-rand|fflate|fastest-levenshtein|commander|hono|@hono\/node-server|cli-progress|string-width|picocolors)/,
      },
    },
  };
});

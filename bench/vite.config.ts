import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { inlineAssembly } from "../inline-assembly.js";
import { inlineScript } from "../inline-script.js";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  root: path("."),
  plugins: [inlineScript(), inlineAssembly()],
  resolve: { alias: { "#gpu": path("../src/engine/webgpu/device/gpu-node.ts"), "#workers": path("../src/engine/cpu/workers-node.ts") } },
  build: {
    target: "es2022",
    ssr: true,
    minify: false,
    outDir: path("../.cache/bench"),
    emptyOutDir: true,
    lib: {
      entry: {
        main: path("main.ts"),
        "ingest-contender": path("ingest-contender.ts"),
        kernels: path("kernels.ts"),
      },
      formats: ["es"],
    },
    rolldownOptions: {
      checks: { pluginTimings: false },
      external:
        /^(node:|webgpu$|koffi$|papaparse|pure-rand|fflate|fastest-levenshtein|picocolors|string-width|cli-|playwright|autocannon|vite$|@sparticuz|tar-fs)/,
    },
  },
});

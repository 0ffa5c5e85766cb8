// The demo: a static page that any file host can serve under any path.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { inlineAssembly } from "../inline-assembly.js";
import { inlineScript } from "../inline-script.js";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "./",
  plugins: [inlineScript(), inlineAssembly()],
  resolve: {
    alias: { "#gpu": here("../src/engine/webgpu/device/gpu-browser.ts"), "#workers": here("../src/engine/cpu/workers-browser.ts") },
  },
  worker: { format: "es", plugins: () => [inlineScript(), inlineAssembly()] },
  build: { target: "es2022", outDir: here("dist"), emptyOutDir: true },
});

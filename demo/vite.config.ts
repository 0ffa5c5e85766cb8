// The demo: a static page that any file host can serve under any path.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "./",
  resolve: { alias: { "#gpu": here("../src/engine/webgpu/device/gpu-browser.ts") } },
  worker: { format: "es" },
  build: { target: "es2022", outDir: here("dist"), emptyOutDir: true },
});

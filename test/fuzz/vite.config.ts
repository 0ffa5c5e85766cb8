import { fileURLToPath } from "node:url";
import { mergeConfig } from "vite";
import bench from "../../bench/vite.config.js";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

// As the benchmarks are built, with another entry.
const { build, ...rest } = bench;
export default mergeConfig(rest, {
  root: path("."),
  build: { ...build, outDir: path("../../.cache/fuzz"), lib: { entry: { main: path("main.ts") }, formats: ["es"] } },
});

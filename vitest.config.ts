import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { useSoftwareDriver } from "./test/support/software-driver.js";

await useSoftwareDriver();

export default defineConfig({
  resolve: { alias: { "#gpu": fileURLToPath(new URL("src/engine/webgpu/gpu-node.ts", import.meta.url)) } },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    reporters: ["default", "./test/support/count-reporter.ts"],
  },
});

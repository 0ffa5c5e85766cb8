// The same sweeps in a browser tab and in Node, on whatever adapter each of them has.
// Chromium comes from the npm package that the tests use, or is the machine's own Chrome.

import { fileURLToPath } from "node:url";
import { chromium } from "playwright";
import { build, preview } from "vite";
import { WebGpuEngine } from "../src/engine/webgpu/engine.js";
import { SYNTHETIC_SHAPES, syntheticRatings } from "../src/ratings/synthetic.js";
import { chromiumLaunchOptions } from "../test/support/chromium.js";
import type {} from "./browser/page.js";
import type { BenchOptions } from "./options.js";
import { timeSweep } from "./sweep.js";

/** From .cache/bench, where this runs. */
const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const SOFTWARE_FLAG = "--use-webgpu-adapter=swiftshader";

export async function browser({ factors, shape }: BenchOptions): Promise<object> {
  const engine = await WebGpuEngine.create();
  const { info } = engine;
  engine.destroy();
  const root = path("bench/browser");
  const outDir = path(".cache/bench-page");
  const alias = { "#gpu": path("src/engine/webgpu/device/gpu-browser.ts") };
  await build({ configFile: false, root, resolve: { alias }, build: { target: "es2022", outDir, emptyOutDir: true }, logLevel: "warn" });
  const server = await preview({ configFile: false, root, build: { outDir }, preview: { port: 0 }, logLevel: "warn" });
  const launch = await chromiumLaunchOptions();
  // A real GPU in Node is to be met by the same one in the tab.
  const args = info.software ? launch.args : [...(launch.args ?? []).filter((flag) => flag !== SOFTWARE_FLAG), "--enable-features=Vulkan"];
  const chrome = await chromium.launch({ ...launch, args });
  try {
    const page = await chrome.newPage();
    await page.goto(server.resolvedUrls!.local[0]);
    await page.waitForFunction(() => "timeSweeps" in globalThis);
    const adapter = await page.evaluate(() => globalThis.adapterName());
    console.log(`${shape}; ms a sweep with its measurement\nbrowser: ${adapter}, Chromium ${chrome.version()}\nnode:    ${info.name}`);
    console.log("    K   browser      node   browser / node");
    const inTab = await page.evaluate(([name, list]) => globalThis.timeSweeps(name, list), [shape, factors] as const);
    const ratings = syntheticRatings(SYNTHETIC_SHAPES[shape]);
    const rows: object[] = [];
    for (const [at, K] of factors.entries()) {
      const node = await timeSweep(ratings, K);
      rows.push({ factors: K, browser: inTab[at], node });
      const cells = [inTab[at].sweepMs, node.sweepMs].map((value) => value.toFixed(1).padStart(10)).join("");
      console.log(`${String(K).padStart(5)}${cells}${(inTab[at].sweepMs / node.sweepMs).toFixed(2).padStart(17)}`);
    }
    return { shape, adapters: { browser: adapter, node: info.name }, chromium: chrome.version(), rows };
  } finally {
    await chrome.close();
    await new Promise((resolve) => server.httpServer.close(resolve));
  }
}

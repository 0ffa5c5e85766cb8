// The engines that property tests run on: one list, so that what must hold of one must hold of all.

import { afterAll } from "vitest";
import { CpuEngine } from "../../src/engine/cpu/engine.js";
import type { Engine } from "../../src/engine/engine.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import { QUICK } from "./quick-tests.js";

const ALL_KINDS = ["reference", "cpu", "webgpu"] as const;
export type EngineKind = (typeof ALL_KINDS)[number];

/** The quick tests open no WebGPU device. */
export const ENGINE_KINDS = ALL_KINDS.filter((kind) => kind !== "webgpu" || import.meta.env.MODE !== QUICK);

const OPEN: Readonly<Record<EngineKind, () => Promise<Engine>>> = {
  reference: async () => new ReferenceEngine(),
  cpu: () => CpuEngine.create(),
  webgpu: () => WebGpuEngine.create({ defaultLimits: true }),
};

/** For the tests that hold shaders against the reference: `describe.runIf(withWebGpu)`. */
export const withWebGpu = ENGINE_KINDS.includes("webgpu");

/** Opens the engines for the tests of a file, at default limits; they are released after its last test. */
export async function testEngines(): Promise<Readonly<Record<EngineKind, Engine>>> {
  const engines = await Promise.all(ENGINE_KINDS.map(async (kind) => [kind, await OPEN[kind]()] as const));
  afterAll(() => engines.forEach(([, engine]) => engine.destroy()));
  return Object.fromEntries(engines) as Record<EngineKind, Engine>;
}

/** What float32 sums wobble by relative to themselves, in the seventh digit; float64 ones hardly do. */
export const wobbleOf = (kind: EngineKind): number => (kind === "reference" ? 1e-12 : 2e-6);

// The engines that property tests run on: one list, so that what must hold of one must hold of all.

import { CpuEngine } from "../../src/engine/cpu/engine.js";
import type { Engine, SumKind } from "../../src/engine/engine.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { Device, type GpuOptions, requestDevice } from "../../src/engine/webgpu/device/device.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import type { GramTuning } from "../../src/engine/webgpu/rows/gram-kernel.js";
import { QUICK } from "./quick-tests.js";

const ALL_KINDS = ["reference", "cpu", "webgpu"] as const;
export type EngineKind = (typeof ALL_KINDS)[number];

/** The quick tests open no WebGPU device. */
export const ENGINE_KINDS = ALL_KINDS.filter((kind) => kind !== "webgpu" || import.meta.env.MODE !== QUICK);

let device: Promise<Device> | undefined;

/** The WebGPU device of this process, at default limits: a kernel is compiled once for all the files that it tests. */
export const testDevice = (): Promise<Device> => (device ??= requestDevice({ defaultLimits: true }));

/** The same, as if its compiler wrote out loops (or did not): it then gets the texts that leave loops be. */
export async function deviceThatWritesOutLoops(writesOutLoops: boolean): Promise<Device> {
  const { gpu, report } = await testDevice();
  return new Device(gpu, { ...report, writesOutLoops });
}

/** An engine on that device, of other limits, so that it compiles nothing anew. Not to be destroyed. */
export async function engineWithin(limits: Pick<GpuOptions, "bindingBytes" | "memoryBytes">, tuning?: GramTuning): Promise<WebGpuEngine> {
  const { gpu, report } = await testDevice();
  return new WebGpuEngine(new Device(gpu, report, limits), tuning);
}

const OPEN: Readonly<Record<EngineKind, () => Promise<Engine>>> = {
  reference: async () => new ReferenceEngine(),
  cpu: () => CpuEngine.create(),
  webgpu: async () => new WebGpuEngine(await testDevice()),
};

/** The engine for trainings that are asked for no sums but these, so that no other one's kernel is compiled. */
export const summing = (engine: Engine, ...sums: readonly SumKind[]): Engine => ({
  info: engine.info,
  memory: (outline) => engine.memory(outline),
  open: (workload) => engine.open({ ...workload, operations: { ...workload.operations, sums } }),
  topItems: (...given) => engine.topItems(...given),
  destroy: () => engine.destroy(),
});

/** For the tests that hold shaders against the reference: `describe.runIf(withWebGpu)`. */
export const withWebGpu = ENGINE_KINDS.includes("webgpu");

const opened = new Map<EngineKind, Promise<Engine>>();

/** The engines of this process, at default limits. Files that share it share them: none is to be destroyed. */
export async function testEngines(): Promise<Readonly<Record<EngineKind, Engine>>> {
  const engines = ENGINE_KINDS.map(async (kind) => {
    if (!opened.has(kind)) opened.set(kind, OPEN[kind]());
    return [kind, await opened.get(kind)!] as const;
  });
  return Object.fromEntries(await Promise.all(engines)) as Record<EngineKind, Engine>;
}

/** What float32 sums wobble by relative to themselves, in the seventh digit; float64 ones hardly do. */
export const wobbleOf = (kind: EngineKind): number => (kind === "reference" ? 1e-12 : 2e-6);

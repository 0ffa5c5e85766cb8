// The kernels as a WebAssembly module: the build that the runtime can run, importing a memory
// that threads share or one of its own.

import "../platform-names.js";
import { DeviceError } from "../../errors.js";
// eslint-disable-next-line import/default
import builds from "./kernels/index.ts?assembly";

export type KernelBuild = "simd" | "relaxed";

/** The smallest modules that use an instruction: i8x16.popcnt of SIMD128, f32x4.relaxed_madd of relaxed SIMD. */
const SIMD_PROBE = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
const RELAXED_PROBE = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 17, 65, 0, 253, 17, 65, 0, 253, 17, 253,
  133, 2, 11,
];

const validates = (bytes: readonly number[]): boolean => typeof WebAssembly === "object" && WebAssembly.validate(Uint8Array.from(bytes));

export const hasSimd = (): boolean => validates(SIMD_PROBE);
export const hasRelaxedSimd = (): boolean => validates(RELAXED_PROBE);

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/**
 * @param build default: the fastest that the runtime has.
 * @throws DeviceError where WebAssembly or its SIMD is missing.
 */
export function kernelModule(shared: boolean, build: KernelBuild = hasRelaxedSimd() ? "relaxed" : "simd"): Promise<WebAssembly.Module> {
  if (!hasSimd()) {
    throw new DeviceError("no-webassembly", "this runtime has no WebAssembly with SIMD, which the cpu engine computes with", {
      remedy: 'update it, or take device: "reference", which is slow',
    });
  }
  const name = `${build} ${shared}`;
  let module = compiled.get(name);
  if (!module) compiled.set(name, (module = WebAssembly.compile(withMemory(bytesOf(builds[build]), shared))));
  return module;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/**
 * The import of the memory as it stands in the module: "env" "memory", a memory with limits.
 * Its flags say whether it has a maximum and is shared.
 */
const MEMORY_IMPORT = [3, 101, 110, 118, 6, 109, 101, 109, 111, 114, 121, 2];
const LIMITED = 1;
const SHARED = 3;

function withMemory(bytes: Uint8Array<ArrayBuffer>, shared: boolean): Uint8Array<ArrayBuffer> {
  for (let at = 0; at + MEMORY_IMPORT.length < bytes.length; at++) {
    if (MEMORY_IMPORT.some((byte, offset) => bytes[at + offset] !== byte)) continue;
    bytes[at + MEMORY_IMPORT.length] = shared ? SHARED : LIMITED;
    return bytes;
  }
  throw new Error("the kernels import no memory");
}

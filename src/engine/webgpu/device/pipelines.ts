// Compiles kernels into pipelines, once per device, with the compiler's own messages in the error when it refuses.

import { DeviceError } from "../../../errors.js";
import type { Device } from "./device.js";
import type { Kernel } from "./kernel.js";

const pipelines = new WeakMap<GPUDevice, Map<string, Promise<GPUComputePipeline>>>();

/**
 * The pipeline of an entry point, from the device's own store when the same text was compiled before.
 *
 * @param layout the bind group layouts; left out, the compiler derives them.
 * @throws DeviceError of code "shader" with the compiler's messages and their lines.
 */
export function compilePipeline(
  device: Device,
  kernel: Kernel,
  entryPoint: string,
  layout?: GPUPipelineLayout,
): Promise<GPUComputePipeline> {
  let compiled = pipelines.get(device.gpu);
  if (!compiled) pipelines.set(device.gpu, (compiled = new Map()));
  const key = `${entryPoint}\n${kernel.code}`;
  let pipeline = compiled.get(key);
  if (!pipeline) {
    compiled.set(key, (pipeline = compile(device, kernel, entryPoint, layout)));
    // What has failed once may be asked for again.
    pipeline.catch(() => compiled.delete(key));
  }
  return pipeline;
}

async function compile(
  device: Device,
  kernel: Kernel,
  entryPoint: string,
  layout: GPUPipelineLayout | undefined,
): Promise<GPUComputePipeline> {
  const module = device.gpu.createShaderModule({ label: kernel.name, code: kernel.code });
  // Begun before anything is waited for: the driver compiles on threads of its own while the caller goes on.
  const begun = device.gpu.createComputePipelineAsync({
    label: `${kernel.name} ${entryPoint}`,
    layout: layout ?? "auto",
    compute: { module, entryPoint },
  });
  begun.catch(() => {});
  const messages = await device.answer(`compiling ${kernel.name}`, compilationMessages(module));
  const errors = messages.filter((message) => message.type === "error");
  if (errors.length > 0) {
    const lines = kernel.code.split("\n");
    const texts = errors.map(
      ({ lineNum, linePos, message }) => `${kernel.name}:${lineNum}:${linePos} ${message}\n  ${lines[lineNum - 1]?.trim()}`,
    );
    throw new DeviceError("shader", texts.join("\n"));
  }
  try {
    return await device.answer(`compiling ${kernel.name}`, begun);
  } catch (cause) {
    device.throwIfLost();
    if (cause instanceof DeviceError) throw cause;
    throw new DeviceError("shader", `${kernel.name} ${entryPoint}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Errors and warnings of the compiler. */
export async function compilationMessages(module: GPUShaderModule): Promise<readonly GPUCompilationMessage[]> {
  return (await module.getCompilationInfo()).messages;
}

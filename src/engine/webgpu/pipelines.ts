// Compiles kernels into pipelines, with the compiler's own messages in the error when it refuses.

import { DeviceError } from "../../errors.js";
import type { Device } from "./device.js";
import type { Kernel } from "./kernels.js";

/** @throws DeviceError of code "shader" with the compiler's messages and their lines. */
export async function compileModule(device: Device, kernel: Kernel): Promise<GPUShaderModule> {
  const module = device.gpu.createShaderModule({ label: kernel.name, code: kernel.code });
  const { messages } = await module.getCompilationInfo();
  const errors = messages.filter((message) => message.type === "error");
  if (errors.length > 0) {
    const listed = errors.map((error) => `${kernel.name}:${error.lineNum}:${error.linePos} ${error.message}`);
    throw new DeviceError("shader", listed.join("\n"));
  }
  return module;
}

/** @throws DeviceError of code "shader" when the device cannot make a pipeline of an entry point. */
export async function compilePipeline(device: Device, module: GPUShaderModule, entryPoint: string, layout: GPUPipelineLayout | "auto" = "auto"): Promise<GPUComputePipeline> {
  try {
    return await device.gpu.createComputePipelineAsync({ label: `${module.label} ${entryPoint}`, layout, compute: { module, entryPoint } });
  } catch (cause) {
    device.throwIfLost();
    throw new DeviceError("shader", `${module.label} ${entryPoint}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

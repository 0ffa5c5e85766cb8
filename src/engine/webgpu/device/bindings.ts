// Bind groups and dispatches as the kernels want them: buffers bound in order, workgroups in two dimensions.

import type { Device } from "./device.js";

const WORKGROUPS_PER_DIMENSION = 65_535;

/** Uniform offsets must be multiples of this at default limits. */
export const UNIFORM_ALIGNMENT = 256;

/** A layout of buffers of these types, bound in order. */
export function bindingLayout(device: Device, label: string, types: readonly GPUBufferBindingType[]): GPUBindGroupLayout {
  const entries = types.map((type, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } }));
  return device.gpu.createBindGroupLayout({ label, entries });
}

/** Whole buffers, bound in order. */
export function bindBuffers(device: Device, label: string, layout: GPUBindGroupLayout, buffers: readonly GPUBuffer[]): GPUBindGroup {
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  return device.gpu.createBindGroup({ label, layout, entries });
}

/**
 * Dispatches workgroups that count themselves along x, then y: as many, or a few more for a whole rectangle. A
 * workgroup without a task of its own still goes through a kernel's barriers, which costs what a row without
 * ratings does.
 */
export function dispatch(pass: GPUComputePassEncoder, workgroups: number): void {
  const high = Math.ceil(workgroups / WORKGROUPS_PER_DIMENSION);
  if (high > 0) pass.dispatchWorkgroups(Math.ceil(workgroups / high), high);
}

// Bind groups and dispatches as the kernels want them: buffers bound in order, workgroups in two dimensions.

import type { Device } from "./device.js";

const WORKGROUPS_PER_DIMENSION = 65_535;

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

/** Dispatches workgroups that count themselves along x, then y. */
export function dispatch(pass: GPUComputePassEncoder, workgroups: number): void {
  const wide = Math.min(workgroups, WORKGROUPS_PER_DIMENSION);
  if (wide > 0) pass.dispatchWorkgroups(wide, Math.ceil(workgroups / wide));
}

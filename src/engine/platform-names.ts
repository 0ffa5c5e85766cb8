// The names of WebGPU and WebAssembly that our published types use, for programs whose libraries lack them. TypeScript
// has WebGPU's in its own library from version 6 on, and in @webgpu/types before; a `lib` without "dom" has neither.
// Where there is one, these merge with it.

/* oxlint-disable typescript/no-empty-object-type, typescript/no-empty-interface, typescript/no-namespace */
declare global {
  interface GPU {}
  interface GPUAdapter {}
  interface GPUCommandBuffer {}
  interface GPUCommandEncoder {}
  interface GPUComputePassEncoder {}
  interface GPUComputePassTimestampWrites {}
  interface GPUDevice {}
  interface GPUQueue {}
  namespace WebAssembly {
    interface Memory {}
    interface Module {}
  }
}

export {};

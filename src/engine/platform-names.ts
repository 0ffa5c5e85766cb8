// The names of WebGPU that our published types use. TypeScript has them in its own library from version 6 on, and in
// @webgpu/types before. Where it has neither, these stand in for them; where it has one, they merge with it.

/* oxlint-disable typescript/no-empty-object-type, typescript/no-empty-interface */
declare global {
  interface GPU {}
  interface GPUAdapter {}
  interface GPUCommandBuffer {}
  interface GPUDevice {}
  interface GPUQueue {}
}

export {};

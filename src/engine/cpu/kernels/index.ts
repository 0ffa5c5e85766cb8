// All kernels of the `cpu` engine, compiled into one WebAssembly module by compile-kernels.ts in the root.

export { setShape } from "./shape";
export * from "./gram-solve";

/** AssemblyScript compiled to WebAssembly, base64 (inline-assembly.ts in the root compiles it). */
declare module "*?assembly" {
  const builds: { readonly simd: string; readonly relaxed: string };
  export default builds;
}

// What a kernel is to the device: one WGSL module, put together from parts.

/** One WGSL module and its entry points. */
export interface Kernel {
  readonly name: string;
  readonly code: string;
}

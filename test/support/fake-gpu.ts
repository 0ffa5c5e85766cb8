// A GPU that computes nothing: buffers are bytes, copies are copies, and dispatches leave everything as it is. Whole
// trainings go through it in milliseconds, so that every call of theirs can be made to fail.

import { globals } from "webgpu";

// The flags of buffers.
Object.assign(globalThis, globals);

type Buffer = GPUBuffer & { readonly bytes: Uint8Array; alive: boolean };

/** What happens at a call: nothing, or what is returned by it instead; a throw is the call's. */
export type AtCall = (kind: string, number: number, device: FakeDevice) => unknown;

export interface FakeDevice {
  readonly gpu: GPUDevice;
  /** Calls so far, by kind. */
  readonly calls: Map<string, number>;
  readonly buffers: Set<Buffer>;
  /** Raises an error in the innermost scope of its kind. */
  raise(kind: GPUErrorFilter, message: string): void;
  lose(reason?: GPUDeviceLostReason): void;
}

/** What calls that never answer return. */
export const NEVER: Promise<never> = new Promise(() => {});

const LIMITS = { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 28 };

/** A GPU whose devices are of this kind. `devices` holds all that were given. */
export function fakeGpu(atCall: AtCall = () => undefined): { gpu: GPU; devices: FakeDevice[] } {
  const devices: FakeDevice[] = [];
  const adapter = {
    info: { vendor: "fake", architecture: "", description: "a fake", device: "" },
    limits: LIMITS,
    features: new Set<string>(),
    requestDevice: () => {
      const device = fakeDevice(atCall);
      devices.push(device);
      return Promise.resolve(device.gpu);
    },
  };
  return { gpu: { requestAdapter: () => Promise.resolve(adapter) } as unknown as GPU, devices };
}

function fakeDevice(atCall: AtCall): FakeDevice {
  let lost = false;
  /** Whether the next buffer is one that there was no memory for. */
  let exhausted = false;
  let tellLoss: (info: unknown) => void;
  const uncaptured: ((event: { error: object }) => void)[] = [];
  const scopes: { kind: GPUErrorFilter; error: { message: string } | null }[] = [];
  const told = new Promise((resolve) => (tellLoss = resolve));
  const fake = {
    calls: new Map<string, number>(),
    buffers: new Set<Buffer>(),
    raise(kind: GPUErrorFilter, message: string) {
      if (kind === "out-of-memory") exhausted = true;
      const scope = scopes.filter((own) => own.kind === kind).at(-1);
      if (scope) scope.error ??= { message };
      else for (const tell of uncaptured) tell({ error: new GPUOutOfMemoryError(message) });
    },
    lose(reason = "unknown") {
      if (lost) return;
      lost = true;
      // As browsers do, a little later than calls fail.
      setTimeout(() => tellLoss({ reason, message: "it was taken away" }), 2);
    },
  } as unknown as FakeDevice & { gpu: GPUDevice };

  /** A call that can be made to fail. */
  const call =
    <F extends (...args: never[]) => unknown>(kind: string, work: F) =>
    (...args: Parameters<F>): ReturnType<F> => {
      const number = (fake.calls.get(kind) ?? 0) + 1;
      fake.calls.set(kind, number);
      const instead = atCall(kind, number, fake);
      return (instead === undefined ? work(...args) : instead) as ReturnType<F>;
    };
  const gone = (): Promise<never> => Promise.reject(new DOMException("the device is lost", "AbortError"));

  const pass = {
    setPipeline: call("setPipeline", () => {}),
    setBindGroup: call("setBindGroup", () => {}),
    dispatchWorkgroups: call("dispatchWorkgroups", () => {}),
    end: call("end", () => {}),
  };
  const encoder = () => {
    const copies: (() => void)[] = [];
    return {
      beginComputePass: call("beginComputePass", () => pass),
      copyBufferToBuffer: call("copyBufferToBuffer", (source: Buffer, from: number, target: Buffer, to: number, size: number) => {
        copies.push(() => target.bytes.set(source.bytes.subarray(from, from + size), to));
      }),
      clearBuffer: call("clearBuffer", (buffer: Buffer, from = 0, size = buffer.size - from) => {
        copies.push(() => buffer.bytes.fill(0, from, from + size));
      }),
      finish: call("finish", () => copies),
    };
  };
  fake.gpu = {
    limits: LIMITS,
    features: new Set(),
    adapterInfo: {},
    lost: told,
    addEventListener: (_: "uncapturederror", tell: (event: { error: object }) => void) => void uncaptured.push(tell),
    destroy: () => fake.lose("destroyed"),
    pushErrorScope: call("pushErrorScope", (kind: GPUErrorFilter) => void scopes.push({ kind, error: null })),
    popErrorScope: call("popErrorScope", () => (lost ? (scopes.pop(), Promise.resolve(null)) : Promise.resolve(scopes.pop()!.error))),
    createBuffer: call("createBuffer", ({ label = "", size, usage }: GPUBufferDescriptor): Buffer => {
      const failed = exhausted;
      exhausted = false;
      const refused = (): Promise<never> => Promise.reject(new DOMException("the buffer is invalid", "OperationError"));
      const buffer = {
        label,
        size,
        usage,
        bytes: new Uint8Array(size),
        mapAsync: call("mapAsync", () => (lost ? gone() : failed ? refused() : Promise.resolve())),
        getMappedRange: call("getMappedRange", (from = 0, count = size - from) => buffer.bytes.buffer.slice(from, from + count)),
        unmap: () => {},
        destroy: () => void fake.buffers.delete(buffer),
      } as unknown as Buffer;
      fake.buffers.add(buffer);
      return buffer;
    }),
    createShaderModule: call("createShaderModule", () => ({
      getCompilationInfo: call("getCompilationInfo", () => Promise.resolve({ messages: [] })),
    })),
    createBindGroupLayout: call("createBindGroupLayout", () => ({})),
    createPipelineLayout: call("createPipelineLayout", () => ({})),
    createComputePipelineAsync: call("createComputePipelineAsync", () => Promise.resolve({ getBindGroupLayout: () => ({}) })),
    createBindGroup: call("createBindGroup", () => ({})),
    createCommandEncoder: call("createCommandEncoder", encoder),
    queue: {
      submit: call("submit", (lists: readonly (readonly (() => void)[])[]) => {
        if (!lost) for (const copies of lists) for (const copy of copies) copy();
      }),
      writeBuffer: call("writeBuffer", (buffer: Buffer, at: number, data: ArrayBufferView | ArrayBuffer, from = 0, count?: number) => {
        if (lost) return;
        const view = ArrayBuffer.isView(data);
        const unit = view ? (data as Uint8Array).BYTES_PER_ELEMENT : 1;
        const bytes = view ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
        buffer.bytes.set(bytes.subarray(from * unit, count === undefined ? undefined : (from + count) * unit), at);
      }),
      onSubmittedWorkDone: call("onSubmittedWorkDone", () => Promise.resolve()),
    },
  } as unknown as GPUDevice;
  return fake;
}

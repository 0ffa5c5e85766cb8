// Storage buffers: creation with a size check, upload, and readback.

import type { Device } from "./device.js";

const WORD = 4;
/** Bindings may not be empty, and arrays of vec4s want one whole element. */
const SMALLEST_BUFFER = 16;

/** A zero-filled storage buffer. @throws DeviceError naming the buffer when it is beyond what the device can bind. */
export function createStorage(device: Device, label: string, bytes: number): GPUBuffer {
  device.checkSize(label, bytes);
  return device.gpu.createBuffer({
    label,
    size: Math.max(SMALLEST_BUFFER, Math.ceil(bytes / WORD) * WORD),
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
}

/** A storage buffer holding `data`. */
export function uploadStorage(device: Device, label: string, data: Uint32Array | Float32Array): GPUBuffer {
  const buffer = createStorage(device, label, data.byteLength);
  device.gpu.queue.writeBuffer(buffer, 0, data as Uint32Array<ArrayBuffer>);
  return buffer;
}

/** A uniform buffer holding 32-bit words. */
export function uploadUniform(device: Device, label: string, words: ArrayBuffer): GPUBuffer {
  const buffer = device.gpu.createBuffer({ label, size: words.byteLength, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
  device.gpu.queue.writeBuffer(buffer, 0, words);
  return buffer;
}

/** A zero-filled uniform buffer. */
export function createUniform(device: Device, label: string, bytes: number): GPUBuffer {
  return device.gpu.createBuffer({ label, size: bytes, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
}

/** Words of a uniform struct: "f" a float32, "u" a u32, in order, padded to whole vec4s. */
export function uniformWords(fields: readonly (readonly ["f" | "u", number])[]): ArrayBuffer {
  const bytes = new ArrayBuffer(Math.ceil((fields.length * WORD) / 16) * 16);
  const view = new DataView(bytes);
  fields.forEach(([kind, value], at) => (kind === "f" ? view.setFloat32(at * WORD, value, true) : view.setUint32(at * WORD, value, true)));
  return bytes;
}

/** Bytes of a buffer that the host wants to see. */
export interface Copy {
  readonly source: GPUBuffer;
  /** First byte. Default 0. */
  readonly from?: number | undefined;
  /** Default: all from there on. */
  readonly size?: number | undefined;
}

/** What is read at once shares mappable buffers of at most about this size: each of them is an answer to wait for. */
const MOST_SHARED_BYTES = 16 * 2 ** 20;
/** Mappable buffers are kept for the next read, for their memory is dear to allocate: of a device, so many bytes. */
const MOST_POOLED_BYTES = 32 * 2 ** 20;
/** Of what a training may take. */
const POOLED_SHARE = 1 / 16;
const SMALLEST_POOLED_BYTES = 256;

/** Mappable buffers that are free, by size. */
interface Pool {
  readonly free: Map<number, GPUBuffer[]>;
  bytes: number;
}
const pools = new WeakMap<Device, Pool>();

function poolOf(device: Device): Pool {
  let pool = pools.get(device);
  if (!pool) pools.set(device, (pool = { free: new Map(), bytes: 0 }));
  return pool;
}

/** A mappable buffer of so many bytes or more. */
function takeReadback(device: Device, bytes: number): GPUBuffer {
  const size = bytes > MOST_SHARED_BYTES ? bytes : Math.max(SMALLEST_POOLED_BYTES, 2 ** Math.ceil(Math.log2(bytes)));
  const pool = poolOf(device);
  const pooled = pool.free.get(size)?.pop();
  if (pooled) pool.bytes -= size;
  return pooled ?? device.gpu.createBuffer({ label: "readback", size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
}

function giveBack(device: Device, buffer: GPUBuffer): void {
  const pool = poolOf(device);
  buffer.unmap();
  if (buffer.size > MOST_SHARED_BYTES) return buffer.destroy();
  const most = Math.min(MOST_POOLED_BYTES, POOLED_SHARE * device.memoryBytes);
  // Small ones, which every sweep takes, before large ones.
  while (pool.bytes + buffer.size > most) {
    const largest = Math.max(...[...pool.free].filter(([, free]) => free.length > 0).map(([size]) => size));
    if (largest <= buffer.size) return buffer.destroy();
    pool.free.get(largest)!.pop()!.destroy();
    pool.bytes -= largest;
  }
  pool.bytes += buffer.size;
  const free = pool.free.get(buffer.size);
  if (free) free.push(buffer);
  else pool.free.set(buffer.size, [buffer]);
}

/**
 * Encodes copies of bytes to where the host can see them. Submit the encoder, then call the returned function.
 *
 * @param take what comes of the copies, in their order; they are gone when it returns.
 */
export function readBuffers<T>(
  device: Device,
  encoder: GPUCommandEncoder,
  copies: readonly Copy[],
  take: (parts: readonly Float32Array[]) => T,
): () => Promise<T> {
  const places: { readonly target: number; readonly from: number; readonly size: number }[] = [];
  const sizes: number[] = [];
  for (const { source, from = 0, size = source.size - from } of copies) {
    if (sizes.length === 0 || sizes.at(-1)! + size > MOST_SHARED_BYTES) sizes.push(0);
    const target = sizes.length - 1;
    places.push({ target, from: sizes[target], size });
    sizes[target] += size;
  }
  const targets = sizes.map((bytes) => takeReadback(device, bytes));
  copies.forEach(({ source, from = 0 }, at) => {
    const { target, from: to, size } = places[at];
    encoder.copyBufferToBuffer(source, from, targets[target], to, size);
  });
  return async () => {
    const what = `reading ${copies[0]?.source.label}`;
    let mapped: ArrayBuffer[];
    try {
      await Promise.all(targets.map((target, at) => device.answer(what, target.mapAsync(GPUMapMode.READ, 0, sizes[at]))));
      mapped = targets.map((target, at) => target.getMappedRange(0, sizes[at]));
    } catch (cause) {
      for (const target of targets) target.destroy();
      throw await device.failure(what, cause);
    }
    try {
      return take(places.map(({ target, from, size }) => new Float32Array(mapped[target], from, size / WORD)));
    } finally {
      for (const target of targets) giveBack(device, target);
    }
  };
}

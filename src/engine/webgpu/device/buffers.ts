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

/** Mappable buffers for small reads, of which a training makes several a sweep: their memory is dear to allocate. */
const MOST_POOLED_BYTES = 2 ** 20;
const SMALLEST_POOLED_BYTES = 256;
const MOST_POOLED = 16;
const pools = new WeakMap<Device, Map<number, GPUBuffer[]>>();

/** Of a device, those of one size that are free. */
function freeReadbacks(device: Device, size: number): GPUBuffer[] {
  let pool = pools.get(device);
  if (!pool) pools.set(device, (pool = new Map()));
  let free = pool.get(size);
  if (!free) pool.set(size, (free = []));
  return free;
}

/**
 * Encodes a copy of a buffer, or of some of its bytes, to a mappable one.
 * Submit the encoder, then call the returned function for the bytes.
 */
export function readBuffer(
  device: Device,
  encoder: GPUCommandEncoder,
  source: GPUBuffer,
  from = 0,
  size = source.size - from,
): () => Promise<ArrayBuffer> {
  const pooled = size <= MOST_POOLED_BYTES;
  const room = pooled ? Math.max(SMALLEST_POOLED_BYTES, 2 ** Math.ceil(Math.log2(size))) : size;
  const free = pooled ? freeReadbacks(device, room) : [];
  const target =
    free.pop() ?? device.gpu.createBuffer({ label: "readback", size: room, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  encoder.copyBufferToBuffer(source, from, target, 0, size);
  return async () => {
    const what = `reading ${source.label}`;
    try {
      await device.answer(what, target.mapAsync(GPUMapMode.READ, 0, size));
      const bytes = target.getMappedRange(0, size).slice(0);
      target.unmap();
      if (pooled && free.length < MOST_POOLED) free.push(target);
      else target.destroy();
      return bytes;
    } catch (cause) {
      target.destroy();
      throw await device.failure(what, cause);
    }
  };
}

// The safetensors format: an 8-byte length, a JSON header of that length, then the tensors' bytes,
// little-endian, without gaps.

export type Dtype = "F32" | "F64" | "F16" | "U32" | "I64" | "U8";

export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** From and to, in bytes behind the header. */
  readonly data_offsets: readonly [number, number];
}

export interface Tensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Uint32Array | BigInt64Array | Uint16Array | Uint8Array;
}

export const ELEMENT_BYTES: Record<Dtype, number> = { F32: 4, F64: 8, F16: 2, U32: 4, I64: 8, U8: 1 };

export const LENGTH_BYTES = 8;
const ALIGNMENT = 8;
const LONGEST_HEADER = 100_000_000;

/** A file in its order: the length and header, then the bytes of each tensor. */
export function layOut(tensors: readonly Tensor[], metadata: Record<string, string>): { head: Uint8Array; body: Uint8Array[] } {
  // The widest elements first, so that every tensor is aligned without gaps, which the format forbids.
  const ordered = [...tensors].sort((a, b) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, dtype, shape, data } of ordered) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const head = new Uint8Array(LENGTH_BYTES + length).fill(" ".charCodeAt(0), LENGTH_BYTES);
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(json, LENGTH_BYTES);
  return { head, body: ordered.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) };
}

/** A whole file as bytes, with a checksum of the tensors in its metadata. */
export function encodeTensors(tensors: readonly Tensor[], metadata: Record<string, string>): Uint8Array {
  const { head, body } = layOut(tensors, { ...metadata, checksum: checksumOf(layOut(tensors, {}).body) });
  const bytes = new Uint8Array(body.reduce((sum, part) => sum + part.length, head.length));
  bytes.set(head);
  let at = head.length;
  for (const part of body) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * The header of a file, and what stands behind it.
 *
 * @param fail makes the error that is thrown when there is no header.
 */
export function decodeHeader(
  bytes: Uint8Array,
  fail: (what: string, cause?: unknown) => Error,
): { header: Record<string, unknown>; metadata: Record<string, string>; body: Uint8Array } {
  const end = headEnd(bytes, fail);
  if (end > bytes.length) throw fail("it is no safetensors file, or its header is truncated");
  try {
    const header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, end))) as Record<
      string,
      unknown
    >;
    return { header, metadata: (header["__metadata__"] ?? {}) as Record<string, string>, body: bytes.subarray(end) };
  } catch (cause) {
    throw fail("it is no safetensors file: its header is not JSON", cause);
  }
}

/** Against damage, not against malice: FNV-1a over 32-bit words, two of them, as hexadecimal text. */
export function checksumOf(parts: readonly Uint8Array[]): string {
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  for (const part of parts) {
    const whole = part.length >> 2;
    // `slice` would not copy out of a Node Buffer.
    const aligned = part.byteOffset % 4 === 0 ? part : new Uint8Array(part);
    const words = new Uint32Array(aligned.buffer, aligned.byteOffset, whole);
    for (let at = 0; at < whole; at++) {
      a = Math.imul(a ^ words[at], 0x01000193);
      b = Math.imul(b ^ words[at], 0x85ebca6b);
    }
    for (let at = 4 * whole; at < part.length; at++) {
      a = Math.imul(a ^ part[at], 0x01000193);
      b = Math.imul(b ^ part[at], 0x85ebca6b);
    }
  }
  return [a, b].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/**
 * Checks that tensors lie one behind another and fill the file, and that they are what the checksum was taken of,
 * where there is one.
 *
 * @throws what `fail` makes.
 */
export function checkTensors(header: Record<string, unknown>, body: Uint8Array, fail: (what: string) => Error): [string, TensorEntry][] {
  const { __metadata__: metadata, ...entries } = header as Record<string, TensorEntry> & { __metadata__?: unknown };
  // Empty tensors start where the next one does.
  const [from, to] = [0, 1].map((end) => (entry: TensorEntry | null) => entry?.data_offsets?.[end] ?? 0);
  const inOrder = Object.entries(entries).sort(([, a], [, b]) => from(a) - from(b) || to(a) - to(b));
  let end = 0;
  const parts = inOrder.map(([name, entry]) => {
    if (!Array.isArray(entry?.shape) || !Array.isArray(entry.data_offsets) || !Object.hasOwn(ELEMENT_BYTES, entry.dtype))
      throw fail(`tensor ${name} has no type, shape or offsets that are known`);
    const [start, stop] = entry.data_offsets;
    const elements = entry.shape.reduce((product, size) => product * size, 1);
    if (stop > body.length) throw fail(`tensor ${name} is truncated`);
    if (start !== end || stop - start !== elements * ELEMENT_BYTES[entry.dtype])
      throw fail(`tensor ${name} overlaps another, or leaves a gap`);
    end = stop;
    return body.subarray(start, stop);
  });
  if (end !== body.length) throw fail(`${body.length - end} bytes stand behind the last tensor`);
  const checksum = (metadata as Record<string, string> | undefined)?.["checksum"];
  if (checksum !== undefined && checksum !== checksumOf(parts))
    throw fail("the numbers are not those that were written: their checksum differs");
  return inOrder;
}

/** Halves come as their bits. */
const ARRAYS = { F32: Float32Array, F64: Float64Array, F16: Uint16Array, U32: Uint32Array, I64: BigInt64Array, U8: Uint8Array } as const;

/** Every tensor of a file, in arrays of its own. @throws what `fail` makes when the file is damaged. */
export function decodeTensors(
  bytes: Uint8Array,
  fail: (what: string, cause?: unknown) => Error,
): { metadata: Record<string, string>; tensors: Map<string, Tensor["data"]> } {
  const { header, metadata, body } = decodeHeader(bytes, fail);
  const tensors = checkTensors(header, body, fail).map(
    ([
      name,
      {
        dtype,
        data_offsets: [from, to],
      },
    ]) => {
      // A copy of its own, so that elements are aligned; `slice` would not copy out of a Node Buffer.
      return [name, new ARRAYS[dtype](new Uint8Array(body.subarray(from, to)).buffer)] as const;
    },
  );
  return { metadata, tensors: new Map(tensors) };
}

/** Where the header ends, by the first bytes of a file. */
export function headEnd(bytes: Uint8Array, fail: (what: string) => Error): number {
  if (bytes.length < LENGTH_BYTES) throw fail(`it is no safetensors file: ${bytes.length} bytes`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > LONGEST_HEADER || length < 2) throw fail("it is no safetensors file");
  return LENGTH_BYTES + length;
}

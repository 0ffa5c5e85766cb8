// The safetensors format: an 8-byte length, a JSON header of that length, then the tensors' bytes, little-endian, without gaps.

export type Dtype = "F32" | "F64" | "U32" | "I64" | "U8";

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
  readonly data: Float32Array | Float64Array | Uint32Array | BigInt64Array | Uint8Array;
}

export const ELEMENT_BYTES: Record<Dtype, number> = { F32: 4, F64: 8, U32: 4, I64: 8, U8: 1 };

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

/** A whole file as bytes. */
export function encodeTensors(tensors: readonly Tensor[], metadata: Record<string, string>): Uint8Array {
  const { head, body } = layOut(tensors, metadata);
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

/** Where the header ends, by the first bytes of a file. */
export function headEnd(bytes: Uint8Array, fail: (what: string) => Error): number {
  if (bytes.length < LENGTH_BYTES) throw fail(`it is no safetensors file: ${bytes.length} bytes`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > LONGEST_HEADER || length < 2) throw fail("it is no safetensors file");
  return LENGTH_BYTES + length;
}

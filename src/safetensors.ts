// The safetensors format: an 8-byte length, a JSON header of that length, then the tensors' bytes,
// little-endian, without gaps.

import { isText, isWhole, listOf, object, recordOf } from "./shapes.js";

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
/** What metadata call the files of ours: models, and checkpoints. */
export const MODEL_FORMAT = "tastespace";
export const CHECKPOINT_FORMAT = "tastespace checkpoint";

/** "version ", by which the text begins that stands for a file in Git LFS. */
const POINTER = new TextEncoder().encode("version ");

/** Makes an error of what is wrong. @param remedy where it is another than for all of these errors. */
export type Fail = (what: string, cause?: unknown, remedy?: string) => Error;
const ALIGNMENT = 8;
const LONGEST_HEADER = 100_000_000;

/** Bytes of a part of a tensor, whole words: an array of bytes cannot be as long as one of words is large. */
const PART_BYTES = 2 ** 30;

/** A run of bytes in parts, without a copy. */
function partsOf(buffer: ArrayBufferLike, from: number, to: number, partBytes = PART_BYTES): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = from; at < to; at += partBytes) parts.push(new Uint8Array(buffer, at, Math.min(partBytes, to - at)));
  return parts;
}

/**
 * A file in its order: the length and header, then the bytes of each tensor, in parts.
 *
 * @param partBytes of a part at most, a multiple of 4.
 */
export function layOut(
  tensors: readonly Tensor[],
  metadata: Record<string, string>,
  partBytes?: number,
): { head: Uint8Array; body: Uint8Array[] } {
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
  const body = ordered.flatMap(({ data }) => partsOf(data.buffer, data.byteOffset, data.byteOffset + data.byteLength, partBytes));
  return { head, body };
}

/** Bytes of a piece of a file that is written piece by piece. */
const PIECE_BYTES = 2 ** 26;

/**
 * A file in pieces, in order, with a checksum of the tensors in its metadata: it may be larger than an array can be.
 */
export function* tensorPieces(
  tensors: readonly Tensor[],
  metadata: Record<string, string>,
  pieceBytes = PIECE_BYTES,
): Generator<Uint8Array, void> {
  const { head, body } = layOut(tensors, { ...metadata, checksum: checksumOf(layOut(tensors, {}).body) });
  for (const part of [head, ...body])
    for (let from = 0; from < part.length; from += pieceBytes) yield part.subarray(from, from + pieceBytes);
}

export function joinedPieces(pieces: Iterable<Uint8Array>): Uint8Array {
  const all = [...pieces];
  const bytes = new Uint8Array(all.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of all) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** What stands behind the header of a file, in memory as one array or tensor by tensor. */
interface TensorBody {
  readonly length: number;
  /** The bytes of a tensor, in parts; not to be written to. */
  view(from: number, to: number): readonly Uint8Array[];
  /** The same in memory of its own, so that its elements are aligned. */
  own(from: number, to: number): ArrayBuffer;
}

/** @param bytes behind the header. */
const bodyIn = (bytes: Uint8Array): TensorBody => ({
  length: bytes.length,
  view: (from, to) => [bytes.subarray(from, to)],
  // `slice` would not copy out of a Node Buffer.
  own: (from, to) => new Uint8Array(bytes.subarray(from, to)).buffer,
});

/** The header and the tensors of a file. */
export interface TensorFile {
  readonly header: Record<string, unknown>;
  readonly metadata: Record<string, string>;
  readonly body: TensorBody;
}

/** Bytes that are read at a time. */
const READ_BYTES = 2 ** 30;

/**
 * Reads a file tensor by tensor, each into an array of its own: the file may be larger than an array can be.
 *
 * @param read gives the bytes `from` to `to` − 1 of the file. @param most bytes that are read at a time.
 */
export async function readTensorFile(
  bytes: number,
  read: (from: number, to: number) => Promise<Uint8Array>,
  fail: Fail,
  most = READ_BYTES,
): Promise<TensorFile> {
  const end = headEnd(await read(0, Math.min(bytes, LENGTH_BYTES)), fail);
  const { header, metadata } = decodeHeader(await read(0, Math.min(end, bytes)), fail);
  const tensors = new Map<number, ArrayBuffer>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const [from, to] = (entry as TensorEntry).data_offsets;
    // What does not lie in the file is found out when tensors are checked.
    if (!(from >= 0 && from < to && to <= bytes - end)) continue;
    const tensor = new ArrayBuffer(to - from);
    for (let at = from; at < to; at += most) {
      const piece = await read(end + at, end + Math.min(to, at + most));
      new Uint8Array(tensor, at - from, piece.length).set(piece);
    }
    tensors.set(from, tensor);
  }
  // A tensor without elements begins where the next one does.
  const own = (from: number, to: number): ArrayBuffer => (from < to && tensors.get(from)) || new ArrayBuffer(0);
  const view = (from: number, to: number): Uint8Array[] => partsOf(own(from, to), 0, to - from);
  return { header, metadata, body: { length: bytes - end, view, own } };
}

/**
 * The header of a file, and what stands behind it.
 *
 * @param fail makes the error that is thrown when there is no header.
 */
export function decodeHeader(bytes: Uint8Array, fail: Fail): TensorFile {
  const end = headEnd(bytes, fail);
  if (end > bytes.length) throw fail("it is no safetensors file, or its header is truncated");
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, end))) as Record<string, unknown>;
  } catch (cause) {
    throw fail("it is no safetensors file: its header is not JSON", cause);
  }
  if (!recordOf(() => true)(header)) throw fail("it is no safetensors file: its header is no record");
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!recordOf(isText)(metadata)) throw fail("it is no safetensors file: its metadata is no record of texts");
  const wrong = Object.keys(entries).find((name) => !isEntry(entries[name]));
  if (wrong !== undefined) throw fail(`tensor ${wrong} has no type, shape or offsets that are known`);
  return { header, metadata: metadata as Record<string, string>, body: bodyIn(bytes.subarray(end)) };
}

const isEntry = object({ dtype: isText, shape: listOf(isWhole), data_offsets: listOf(isWhole) });

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
export function checkTensors(header: Record<string, unknown>, body: TensorBody, fail: (what: string) => Error): [string, TensorEntry][] {
  const { __metadata__: metadata, ...entries } = header as Record<string, TensorEntry> & { __metadata__?: unknown };
  // Empty tensors start where the next one does.
  const inOrder = Object.entries(entries).sort(([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1]);
  let end = 0;
  const parts = inOrder.flatMap(([name, entry]) => {
    if (!Object.hasOwn(ELEMENT_BYTES, entry.dtype)) throw fail(`tensor ${name} has no type, shape or offsets that are known`);
    const [start, stop] = entry.data_offsets;
    const elements = entry.shape.reduce((product, size) => product * size, 1);
    if (stop > body.length) throw fail(`tensor ${name} is truncated`);
    if (start !== end || stop - start !== elements * ELEMENT_BYTES[entry.dtype])
      throw fail(`tensor ${name} overlaps another, or leaves a gap`);
    end = stop;
    return body.view(start, stop);
  });
  if (end !== body.length) throw fail(`${body.length - end} bytes stand behind the last tensor`);
  const checksum = (metadata as Record<string, string> | undefined)?.["checksum"];
  if (checksum !== undefined && checksum !== checksumOf(parts))
    throw fail("the numbers are not those that were written: their checksum differs");
  return inOrder;
}

/** Halves come as their bits. */
export const ARRAYS = {
  F32: Float32Array,
  F64: Float64Array,
  F16: Uint16Array,
  U32: Uint32Array,
  I64: BigInt64Array,
  U8: Uint8Array,
} as const;

/** Every tensor of a file, in arrays of its own. @throws what `fail` makes when the file is damaged. */
export function tensorsOf(
  { header, metadata, body }: TensorFile,
  fail: (what: string, cause?: unknown) => Error,
): { metadata: Record<string, string>; tensors: Map<string, Tensor["data"]> } {
  const tensors = checkTensors(header, body, fail).map(
    ([
      name,
      {
        dtype,
        data_offsets: [from, to],
      },
    ]) => {
      return [name, new ARRAYS[dtype](body.own(from, to))] as const;
    },
  );
  return { metadata, tensors: new Map(tensors) };
}

/** What is said of a table of ratings in the place of such a file. */
export const BUT_TEXT = "it is no safetensors file, but text";

/** Where the header ends, by the first bytes of a file. */
export function headEnd(bytes: Uint8Array, fail: Fail): number {
  if (bytes.length < LENGTH_BYTES) throw fail(`it is no safetensors file: ${bytes.length} bytes`);
  if (POINTER.every((byte, at) => byte === bytes[at]))
    throw fail("it is a pointer of Git LFS, in the place of the file", undefined, "fetch the file itself: `git lfs pull`");
  const isText = bytes.subarray(0, LENGTH_BYTES).every((byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 13);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > LONGEST_HEADER || length < 2) throw fail(isText ? BUT_TEXT : "it is no safetensors file");
  return LENGTH_BYTES + length;
}

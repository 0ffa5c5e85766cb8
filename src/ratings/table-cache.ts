// Tables of large files, kept between runs, in Node: safetensors files that hold the columns as they are in memory. A
// file counts only for the very source it was made of, and only whole: it carries the source's size, its times of
// change and a sum of its front and end, and a checksum over everything.

import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { decodeIds, encodeIds } from "../id-list.js";
import { ARRAYS, decodeHeader, headEnd, layOut, LENGTH_BYTES, type Tensor, type TensorEntry } from "../safetensors.js";
import type { RawId } from "./ids.js";
import type { Table, TableCache } from "./table.js";

/** Whether and where the rows of large files are kept between runs. */
export interface TableCacheOptions {
  /** Where tables of large files are kept, to be taken from there while the file is unchanged. Default: nowhere. */
  readonly cacheFolder?: string | undefined;
  /** Ratings from which on a table is kept. Default 1,000,000. */
  readonly smallestKept?: number | undefined;
}

const FORMAT = "tastespace-ratings";
/** To be raised with every change in what a reader makes of a file. */
const FORMAT_VERSION = "6";
/** Against damage, not against malice: it is the fastest that Node has everywhere. */
const CHECKSUM = "sha1";
const NO_CHECKSUM = "0".repeat(40);
/** Bytes read and summed up at a time: one piece is summed up while the next is read. */
const PIECE_BYTES = 1 << 23;
/** Bytes at the front and the end of a source that tell whether it has changed. */
const END_BYTES = 1 << 16;

/** The cache of one file's tables. */
export function tableCache(path: string, { cacheFolder, smallestKept = 1_000_000 }: TableCacheOptions): TableCache | undefined {
  if (cacheFolder === undefined) return undefined;
  const source = resolve(path);
  const place = (settings: string): string => {
    const name = createHash(CHECKSUM).update(`${source}\n${settings}`).digest("hex").slice(0, 16);
    return join(cacheFolder, "ratings", `${basename(path)}-${name}.safetensors`);
  };
  const keyOf = async (settings: string): Promise<string> => {
    // The time of the last change of its content can be set, as tools that copy or edit in place do; that of the last
    // change of its entry cannot, but is not kept by every file system.
    const { size, mtimeMs, ctimeMs } = await stat(source);
    return JSON.stringify({ source, size, mtimeMs, ctimeMs, ends: await sumOfEnds(source, size), settings });
  };
  let keyAtStart: string | undefined;
  return {
    async read(settings) {
      keyAtStart = await keyOf(settings);
      return await readTable(place(settings), keyAtStart);
    },
    async write(settings, table) {
      // A file that changed while it was read is not kept.
      if (table.columns.user.length < smallestKept || keyAtStart !== (await keyOf(settings))) return undefined;
      try {
        await writeTable(place(settings), keyAtStart, table);
        return undefined;
      } catch (error) {
        return `the indexed ratings were not kept for the next time: ${error instanceof Error ? error.message : String(error)}`;
      }
    },
  };
}

/** A sum of a file's front and end. */
async function sumOfEnds(path: string, size: number): Promise<string> {
  const file = await open(path);
  try {
    const hash = createHash(CHECKSUM);
    for (const from of [0, Math.max(0, size - END_BYTES)]) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(END_BYTES), 0, END_BYTES, from);
      hash.update(buffer.subarray(0, bytesRead));
    }
    return hash.digest("hex");
  } finally {
    await file.close();
  }
}

async function writeTable(path: string, key: string, { columns, users, items, ...about }: Table): Promise<void> {
  const { user, item, value, weight, time } = columns;
  const shape = [user.length];
  const tensors: Tensor[] = [
    { name: "user", dtype: "U32", shape, data: user },
    { name: "item", dtype: "U32", shape, data: item },
    { name: "value", dtype: "F32", shape, data: value },
    idTensor("user_ids", users),
    idTensor("item_ids", items),
  ];
  if (weight) tensors.push({ name: "weight", dtype: "F32", shape, data: weight });
  if (time) tensors.push({ name: "time", dtype: "F64", shape, data: time });
  const metadata = {
    format: FORMAT,
    format_version: FORMAT_VERSION,
    key,
    about: JSON.stringify(about),
    checksum: NO_CHECKSUM,
  };
  const { head, body } = layOut(tensors, metadata);
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}.part`;
  const file = await open(unfinished, "w");
  try {
    const hash = createHash(CHECKSUM).update(head);
    let at = head.length;
    for (const part of body) {
      for (let from = 0; from < part.length; from += PIECE_BYTES) {
        const piece = part.subarray(from, from + PIECE_BYTES);
        const written = file.write(piece, 0, piece.length, at);
        hash.update(piece);
        await written;
        at += piece.length;
      }
    }
    // Last, so that a file cut short has no checksum.
    await file.write(layOut(tensors, { ...metadata, checksum: hash.digest("hex") }).head, 0, head.length, 0);
    await file.close();
    await rename(unfinished, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(unfinished, { force: true });
    throw error;
  }
}

function idTensor(name: string, raw: readonly RawId[]): Tensor {
  if (raw.every(Number.isSafeInteger)) {
    return { name, dtype: "I64", shape: [raw.length], data: BigInt64Array.from(raw as readonly number[], BigInt) };
  }
  const data = encodeIds(raw);
  return { name, dtype: "U8", shape: [data.length], data };
}

/** The table in a file; undefined when the file is not there, is of another source, or is damaged. */
async function readTable(path: string, key: string): Promise<Table | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    return await decodeTable(file, key);
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}

const damaged = (what: string): Error => new Error(what);

async function decodeTable(file: FileHandle, key: string): Promise<Table | undefined> {
  const { size } = await file.stat();
  const start = await readInto(file, new Uint8Array(LENGTH_BYTES), 0);
  const head = await readInto(file, new Uint8Array(Math.min(headEnd(start, damaged), size)), 0);
  const { header, metadata } = decodeHeader(head, damaged);
  if (metadata["format"] !== FORMAT || metadata["format_version"] !== FORMAT_VERSION || metadata["key"] !== key) return undefined;
  const checksum = metadata["checksum"];
  const unsigned = new TextDecoder().decode(head.subarray(LENGTH_BYTES)).replace(checksum, NO_CHECKSUM);
  const hash = createHash(CHECKSUM).update(head.subarray(0, LENGTH_BYTES)).update(unsigned);
  const { __metadata__: _, ...entries } = header as Record<string, TensorEntry>;
  const tensors = new Map<string, Tensor["data"]>();
  for (const [name, { dtype, data_offsets: offsets }] of Object.entries(entries).sort(
    ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0],
  )) {
    if (head.length + offsets[1] > size) return undefined;
    const data = new ARRAYS[dtype]((offsets[1] - offsets[0]) / ARRAYS[dtype].BYTES_PER_ELEMENT);
    await readInto(file, new Uint8Array(data.buffer), head.length + offsets[0], (piece) => hash.update(piece));
    tensors.set(name, data);
  }
  if (hash.digest("hex") !== checksum) return undefined;
  return {
    columns: {
      user: tensors.get("user") as Uint32Array,
      item: tensors.get("item") as Uint32Array,
      value: tensors.get("value") as Float32Array,
      weight: tensors.get("weight") as Float32Array | undefined,
      time: tensors.get("time") as Float64Array | undefined,
    },
    users: idsOf(tensors.get("user_ids")),
    items: idsOf(tensors.get("item_ids")),
    ...(JSON.parse(metadata["about"]) as Omit<Table, "columns" | "users" | "items">),
  };
}

function idsOf(data: Tensor["data"] | undefined): RawId[] {
  if (data instanceof BigInt64Array) return Array.from(data, Number);
  const ids = decodeIds(data as Uint8Array);
  if (!ids) throw damaged("its ids are no list of ids");
  return ids;
}

/** Fills `bytes` from a place of the file; each piece is handed on while the next is read. */
async function readInto(file: FileHandle, bytes: Uint8Array, place: number, onPiece?: (piece: Uint8Array) => void): Promise<Uint8Array> {
  const piece = (from: number): Uint8Array => bytes.subarray(from, from + PIECE_BYTES);
  const read = async (from: number): Promise<void> => {
    const { length } = piece(from);
    for (let done = 0; done < length;) {
      const { bytesRead } = await file.read(bytes, from + done, length - done, place + from + done);
      if (bytesRead === 0) throw damaged("the file is shorter than its header says");
      done += bytesRead;
    }
  };
  let reading = read(0);
  for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
    await reading;
    const next = from + PIECE_BYTES;
    if (next < bytes.length) reading = read(next);
    onPiece?.(piece(from));
  }
  return bytes;
}

// Zip archives as folders: nothing is unpacked but the file that is asked for,
// which streams by and is checked against the archive's list.

import { RatingsError } from "../errors.js";
import { BLOB, TEXT, checkArguments } from "../options.js";
import { Inflate } from "../zip.js";
import { grouped, howMany } from "../shown.js";
import { checkRatio } from "./compression.js";
import { Crc32 } from "./crc32.js";
import { chunksOf, type Folder } from "./folder.js";

/** Files of MovieLens' archives that the readers need, and what says how they may be used. */
const WANTED = /^(ratings\.(csv|dat)|movies\.(csv|dat)|u\.(data|item)|u[ab1-5]\.(base|test)|README.*)$/;

export const isWantedFile = (name: string): boolean => WANTED.test(name);

/** A file of an archive, as the archive's list has it. */
interface ZipEntry {
  /** Its whole path, "/" between its parts. */
  readonly path: string;
  /** The last part of it: no entry leads out of a folder. */
  readonly name: string;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  /** Where its own header stands in the archive. */
  readonly at: number;
}

const END_OF_LIST = 0x06054b50;
const LISTED = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const LISTED_BYTES = 46;
const LOCAL_BYTES = 30;
const LONGEST_COMMENT = 0xffff;
/** Of an archive's list: the longest paths of the most files have room in it. */
const LONGEST_LIST = 1 << 26;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
/** What stands for sizes and numbers of zip64. */
const BEYOND = 0xffffffff;
/** Packed bytes unpacked at a time: a thousand times as many may come out. */
const PIECE_BYTES = 1 << 14;

/** What makes an error of what is wrong. @param details.remedy where another archive of the same files would do no better. */
type Fail = (what: string, details?: { readonly cause?: unknown; readonly remedy?: string }) => Error;
const UNPACK = { remedy: "unpack it, and give the folder" };

/**
 * The files of an archive by its list, which stands at its end. What macOS adds beside them is left out.
 *
 * @throws what `fail` makes.
 */
export async function zipEntries(archive: Blob, fail: Fail): Promise<ZipEntry[]> {
  const bytesAt = async (from: number, to: number): Promise<DataView> => new DataView(await archive.slice(from, to).arrayBuffer());
  const tailAt = Math.max(0, archive.size - END_BYTES - LONGEST_COMMENT);
  const tail = await bytesAt(tailAt, archive.size);
  let end = tail.byteLength - END_BYTES;
  while (end >= 0 && !(tail.getUint32(end, true) === END_OF_LIST && end + END_BYTES + tail.getUint16(end + 20, true) <= tail.byteLength))
    end--;
  if (end < 0) throw fail("it is no zip archive, or one that is cut short");
  const [count, length, start] = [tail.getUint16(end + 10, true), tail.getUint32(end + 12, true), tail.getUint32(end + 16, true)];
  if (start === BEYOND || count === 0xffff) throw fail("it is a zip64 archive, which is not read", UNPACK);
  if (start + length > tailAt + end || length > LONGEST_LIST)
    throw fail("it is a damaged zip archive: the list of its files is not where it should be");
  const list = await bytesAt(start, start + length);
  const entries: ZipEntry[] = [];
  for (let at = 0, number = 0; number < count; number++) {
    if (at + LISTED_BYTES > length || list.getUint32(at, true) !== LISTED)
      throw fail("it is a damaged zip archive: the list of its files ends too early");
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => list.getUint16(at + field, true));
    if (at + LISTED_BYTES + nameBytes > length) throw fail("it is a damaged zip archive: the list of its files ends too early");
    const path = new TextDecoder().decode(new Uint8Array(list.buffer, at + LISTED_BYTES, nameBytes)).replaceAll("\\", "/");
    entries.push({
      path,
      name: path.slice(path.lastIndexOf("/") + 1),
      flags: list.getUint16(at + 8, true),
      method: list.getUint16(at + 10, true),
      crc: list.getUint32(at + 16, true),
      packedBytes: list.getUint32(at + 20, true),
      bytes: list.getUint32(at + 24, true),
      at: list.getUint32(at + 42, true),
    });
    at += LISTED_BYTES + nameBytes + extraBytes + commentBytes;
  }
  return entries.filter(({ path, name }) => name !== "" && !path.includes("__MACOSX"));
}

/**
 * The bytes of a file of an archive.
 *
 * @throws what `fail` makes, at the latest behind the last byte:
 *   for another length or checksum than the archive's list has.
 */
export async function* unpacked(archive: Blob, entry: ZipEntry, fail: Fail): AsyncGenerator<Uint8Array> {
  const { name, method, flags, crc, packedBytes, bytes, at } = entry;
  if (flags & ENCRYPTED) throw fail(`${name} is encrypted`, UNPACK);
  if (method !== STORED && method !== DEFLATED) throw fail(`${name} is packed in a way that is not known (${method})`, UNPACK);
  const local = new DataView(await archive.slice(at, at + LOCAL_BYTES).arrayBuffer());
  if (local.byteLength < LOCAL_BYTES || local.getUint32(0, true) !== LOCAL) throw fail(`${name} is not where the archive's list says`);
  const from = at + LOCAL_BYTES + local.getUint16(26, true) + local.getUint16(28, true);
  if (from + packedBytes > archive.size) throw fail(`the archive ends in the middle of ${name}`);
  const sum = new Crc32();
  let done = 0;
  let taken = 0;
  const pieces = packedPieces(archive.slice(from, from + packedBytes));
  for await (const piece of method === STORED
    ? pieces
    : inflated(
        pieces,
        (what, details) => fail(`${name} cannot be unpacked: ${what}`, details),
        (count) => (taken += count),
      )) {
    done += piece.length;
    if (done > bytes) throw fail(`${name} is longer than the ${grouped(bytes)} bytes that the archive's list says`);
    if (method === DEFLATED) checkRatio(taken, done, (what) => fail(`${name} ${what}`));
    sum.add(piece);
    yield piece;
  }
  if (done !== bytes) throw fail(`${name} has ${howMany(done, "byte")}, not the ${grouped(bytes)} that the archive's list says`);
  if (sum.value !== crc) throw fail(`${name} is damaged: its checksum is not the one in the archive's list`);
}

async function* packedPieces(packed: Blob): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunksOf(packed.stream())) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES);
  }
}

async function* inflated(pieces: AsyncGenerator<Uint8Array>, fail: Fail, onTaken: (count: number) => void): AsyncGenerator<Uint8Array> {
  const waiting: Uint8Array[] = [];
  const inflate = new Inflate((chunk) => waiting.push(chunk));
  const push = (piece: Uint8Array, last: boolean): void => {
    try {
      inflate.push(piece, last);
    } catch (cause) {
      throw fail(cause instanceof Error ? cause.message : String(cause), { cause });
    }
  };
  for await (const piece of pieces) {
    onTaken(piece.length);
    push(piece, false);
    yield* waiting.splice(0);
  }
  push(new Uint8Array(0), true);
  yield* waiting.splice(0);
}

/** Whether an archive is a spreadsheet or a document, as office programs write them. */
export const isOffice = (files: readonly string[]): boolean =>
  ["[Content_Types].xml", "mimetype"].some((file) => files.includes(file)) && files.some((file) => file.endsWith(".xml"));

/** The first bytes of a zip archive: of one with files, and of an empty one. */
const ZIP_MAGIC = ["PK\x03\x04", "PK\x05\x06"];

export const beginsZip = (bytes: Uint8Array): boolean => ZIP_MAGIC.includes(String.fromCharCode(...bytes.subarray(0, 4)));

/**
 * A zip archive as a folder of its files, by the last part of their paths:
 * a MovieLens archive that was dropped into a page. Memory holds a chunk of a file at a time.
 *
 * @throws RatingsError, on reading, for an archive that is damaged or ends too early.
 */
export function zipFolder(blob: Blob, name = blob instanceof File ? blob.name : "archive"): Folder {
  checkArguments("zipFolder", { blob: [blob, BLOB], name: [name, TEXT] });
  const fail: Fail = (what, { cause, remedy = "fetch the archive again" } = {}) =>
    new RatingsError(`${name}: ${what}`, { cause, file: name, remedy });
  let entries: Promise<ZipEntry[]> | undefined;
  const listed = (): Promise<ZipEntry[]> => (entries ??= zipEntries(blob, fail));
  return {
    name,
    list: async () => (await listed()).map((entry) => entry.name),
    async open(file) {
      const entry = (await listed()).find((known) => known.name === file);
      if (!entry) throw fail(`there is no ${file}`);
      return { name: `${name}/${file}`, bytes: undefined, stream: () => unpacked(blob, entry, fail) };
    },
  };
}

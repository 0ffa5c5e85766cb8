// Where ratings come from, whatever the platform: named streams of bytes, and folders of them.

import { BLOB, BYTES, checkArguments, hasPart, type Kind, TEXT } from "../options.js";
import type { RowFormat } from "./row-reader.js";
import type { Segment } from "./segment.js";
import type { TableCache } from "./table.js";

/** One file's bytes. `name` is what errors call it. */
export interface RatingSource {
  readonly name: string;
  /** Size in bytes where it is known, for progress. */
  readonly bytes?: number | undefined;
  /** Its bytes from the start; every call reads them anew. */
  stream(): ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Some of its bytes, of a source that can be read from any place; formats that begin at their end ask for it. */
  readonly range?: ((from: number, to: number) => Promise<ArrayBuffer>) | undefined;
  /** Of a source whose bytes can be read from any place, by several threads. @internal */
  readonly segments?: SegmentedSource | undefined;
  /** Of a source whose table may be kept between runs. @internal */
  readonly cache?: TableCache | undefined;
}

/** The same bytes, from any place. */
export interface SegmentedSource {
  /** The stream from a byte on. */
  stream(from: number): AsyncIterable<Uint8Array>;
  /**
   * Reads lines without quotes, from the byte on where one starts, in segments that come in order.
   * It ends early where segments will not do: the rest is then read as a stream from the end of the last one.
   */
  read(from: number, format: RowFormat, signal: AbortSignal | undefined): AsyncIterable<Segment>;
}

/** Several files side by side: a directory, an unpacked archive, files dropped into a page. */
export interface Folder {
  readonly name: string;
  /** The names of its files. */
  list(): Promise<string[]>;
  /** A file of it, by a name that `list` gives. */
  open(file: string): Promise<RatingSource>;
}

/** What functions that read a file ask for. */
export const SOURCE_KIND: Kind = {
  must: "a source",
  holds: (value) => hasPart(value, "name", "stream") && !(value instanceof Blob),
  remedy: (value) => {
    if (value instanceof Promise) return "await it";
    if (value instanceof Blob) return "blobSource(blob) makes one of it";
    if (typeof value === "string") return "await fileSource(path) makes one of a file, textSource(name, text) of text";
    return undefined;
  },
};

/** What functions that read a folder ask for. */
export const FOLDER_KIND: Kind = {
  must: "a folder",
  holds: (value) => hasPart(value, "list", "open"),
  remedy: (value) => (typeof value === "string" ? "directoryFolder(path) makes one, readPath(path) reads it" : undefined),
};

/** Bytes that are in memory. */
export function bytesSource(name: string, bytes: Uint8Array): RatingSource {
  checkArguments("bytesSource", { name: [name, TEXT], bytes: [bytes, BYTES] });
  return {
    name,
    bytes: bytes.length,
    async *stream() {
      yield bytes;
    },
  };
}

/** Text that is in memory, as UTF-8. */
export function textSource(name: string, text: string): RatingSource {
  checkArguments("textSource", { name: [name, TEXT], text: [text, TEXT] });
  return bytesSource(name, new TextEncoder().encode(text));
}

/** A file that a user chose or dropped. */
export function blobSource(blob: Blob, name = blob instanceof File ? blob.name : "ratings"): RatingSource {
  checkArguments("blobSource", { blob: [blob, BLOB], name: [name, TEXT] });
  return { name, bytes: blob.size, stream: () => blob.stream(), range: (from, to) => blob.slice(from, to).arrayBuffer() };
}

/** The chunks of a source, whatever stream it gives; from a place other than 0 only of a source with segments. */
export function iterateBytes(source: RatingSource, from = 0): AsyncIterable<Uint8Array> {
  const stream = from > 0 && source.segments ? source.segments.stream(from) : source.stream();
  return "getReader" in stream ? chunksOf(stream) : stream;
}

/** The chunks of a stream; not every browser's streams can be iterated. */
export async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

// Reads a file on several threads, in Node: each parses and indexes segments by itself,
// and they come back in the order of the file.

import { createReadStream } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { RatingsError } from "../errors.js";
import type { SegmentedSource } from "./folder.js";
import type { Segment } from "./segment.js";
import type { ByteRange, SegmentThreadData } from "./segment-thread.js";
// eslint-disable-next-line import/default
import script from "./segment-thread.ts?script";

/** How many threads read a large file, and from which size on. */
export interface SegmentOptions {
  /** Default: one a processor core, at most 8. 1 reads on the calling thread. */
  readonly threads?: number | undefined;
  /** Size of a segment. Default 16 MiB: in smaller ones most items are new, and all ids have to be looked up twice. */
  readonly segmentBytes?: number | undefined;
  /** Smaller files are read on the calling thread. Default 32 MiB, which takes as long as starting the threads. */
  readonly smallestBytes?: number | undefined;
}

const MOST_THREADS = 8;
/** Segments that a thread is asked for ahead, so that it does not wait for the one before to be joined. */
const AHEAD = 2;

/** The segments of a file of `size` bytes; undefined when it is better read on the calling thread. */
export function segmentedFile(path: string, size: number, options: SegmentOptions = {}): SegmentedSource | undefined {
  const { segmentBytes = 1 << 24, smallestBytes = 1 << 25 } = options;
  const threads = Math.min(options.threads ?? Math.min(availableParallelism(), MOST_THREADS), Math.ceil(size / segmentBytes));
  if (threads < 2 || size < smallestBytes) return undefined;
  return {
    stream: (from) => createReadStream(path, { start: from, highWaterMark: 1 << 20 }),
    async *read(from, format, signal) {
      const data: SegmentThreadData = { path, from, size, format };
      const pool = Array.from({ length: threads }, () => new SegmentThread(data));
      try {
        const ahead: Promise<Segment | undefined>[] = [];
        for (let next = 0; ; next++) {
          const start = from + next * segmentBytes;
          if (start < size) ahead.push(pool[next % threads].read({ from: start, to: Math.min(start + segmentBytes, size) }));
          if (start < size && ahead.length < threads * AHEAD) continue;
          signal?.throwIfAborted();
          const segment = await ahead.shift();
          if (!segment) return;
          yield segment;
        }
      } finally {
        await Promise.all(pool.map((thread) => thread.end()));
      }
    },
  };
}

class SegmentThread {
  readonly #worker: Worker;
  readonly #asked: { resolve(segment: Segment | undefined): void; reject(error: unknown): void }[] = [];

  constructor(data: SegmentThreadData) {
    this.#worker = new Worker(script, { eval: true, workerData: data });
    this.#worker.on("message", (segment: Segment | undefined) => this.#asked.shift()?.resolve(segment));
    this.#worker.on("error", (cause) => {
      const error = new RatingsError(`${data.path}: ${cause.message}`, { cause, file: data.path, remedy: "check that the file is whole" });
      for (const asked of this.#asked.splice(0)) asked.reject(error);
    });
  }

  read(range: ByteRange): Promise<Segment | undefined> {
    const answer = new Promise<Segment | undefined>((resolve, reject) => this.#asked.push({ resolve, reject }));
    // It is awaited later, or never when an earlier segment ends the reading.
    answer.catch(() => {});
    this.#worker.postMessage(range);
    return answer;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

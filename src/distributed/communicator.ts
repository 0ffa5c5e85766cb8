// How the processes of one training talk to each other. One of them is a rank. Every call but `abort` is made by
// all ranks, in the same order.

/** Numbers that ranks send each other. */
export type Numbers = Float32Array | Float64Array | Uint32Array | Int32Array | Uint8Array;

/** What joins the ranks of a training. */
export interface Communicator {
  /** Number of this rank, from 0. */
  readonly rank: number;
  /** Number of ranks. */
  readonly size: number;
  /** Number of this rank among those of its host, and how many they are. */
  readonly localRank: number;
  readonly localSize: number;
  /** What joins the ranks, for people. */
  readonly name: string;
  /** Bytes that this rank has received, and milliseconds that it has waited in calls. */
  readonly traffic: { readonly bytes: number; readonly ms: number };
  /**
   * Brings every rank's rows into every rank's `rows`, [Σ counts, width] row-major, rank by rank.
   * A rank has put its own there.
   *
   * @param counts rows of each rank, [size].
   */
  gatherRows(rows: Numbers, width: number, counts: readonly number[]): Promise<void>;
  /** What every rank gives, of any length, in the order of the ranks. */
  gather<T extends Numbers>(values: T): Promise<T[]>;
  /** Sums over the ranks, added in their order: the same bits everywhere. */
  sum(values: Float64Array): Promise<Float64Array>;
  /** Sends `parts[r]` to rank r. @returns what each rank has sent here. */
  exchange<T extends Numbers>(parts: readonly T[]): Promise<T[]>;
  /** Returns when all ranks have come here. */
  barrier(): Promise<void>;
  /** Ends all ranks at once, wherever they are. */
  abort(code: number): void;
  /** Leaves the others: no call follows. */
  finish(): Promise<void>;
}

/** Sums of numbers that ranks gave, in the order of the ranks. */
export function addInOrder(given: readonly Float64Array[]): Float64Array {
  const total = given[0].slice();
  for (const values of given.slice(1)) for (let at = 0; at < total.length; at++) total[at] += values[at];
  return total;
}

/** One rank, which all things go through unchanged. */
export class Alone implements Communicator {
  readonly rank = 0;
  readonly size = 1;
  readonly localRank = 0;
  readonly localSize = 1;
  readonly name = "one process";
  readonly traffic = { bytes: 0, ms: 0 };

  async gatherRows(): Promise<void> {}

  async gather<T extends Numbers>(values: T): Promise<T[]> {
    return [values];
  }

  async sum(values: Float64Array): Promise<Float64Array> {
    return values;
  }

  async exchange<T extends Numbers>(parts: readonly T[]): Promise<T[]> {
    return [...parts];
  }

  async barrier(): Promise<void> {}

  abort(code: number): void {
    process.exit(code);
  }

  async finish(): Promise<void> {}
}

/** Texts of all ranks, in their order. */
export async function gatherTexts(ranks: Communicator, text: string): Promise<string[]> {
  return (await ranks.gather(new TextEncoder().encode(text))).map((bytes) => new TextDecoder().decode(bytes));
}

/** Parts one behind the other: themselves where they lie so already, else a copy. */
export function concatenated<T extends Numbers>(parts: readonly T[]): T {
  const make = parts[0].constructor as new (buffer: number | ArrayBufferLike, offset?: number, length?: number) => T;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const { buffer, byteOffset } = parts[0];
  let end = byteOffset;
  if (parts.every((part) => part.buffer === buffer && part.byteOffset === end && (end += part.byteLength) >= 0))
    return new make(buffer, byteOffset, length);
  const all = new make(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** An array cut into parts of such lengths, without a copy. */
export function cutInto<T extends Numbers>(all: T, counts: ArrayLike<number>): T[] {
  let at = 0;
  return Array.from(counts, (count) => all.subarray(at, (at += count)) as T);
}

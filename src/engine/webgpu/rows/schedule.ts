// Which rows are solved by which dispatch: short rows whole, longest first; rows that are long, or whose ratings
// lie in several pieces, cut into segments whose partial Grams are added in order. Scheduling is data: built
// once for a slice, replayed every sweep.

import type { Csr } from "../../../ratings/csr.js";
import type { RowSlice } from "../../engine.js";

/** Fields of a `Task` in half-sweep.wgsl, of a word each: row, first, count, segment, segments, weight. */
export const TASK_FIELDS = 6;

/** Ratings of a segment, at least and at most, and bytes that it should leave for each of them, at most. */
const FEWEST_SEGMENT_RATINGS = 128;
export const MOST_SEGMENT_RATINGS = 1024;
const PARTIAL_BYTES_PER_RATING = 6;
/** The hottest row has few partial Grams. */
const SEGMENTS_PER_ROW = 512;

/**
 * Rows of more ratings than this are cut. A team goes through its ratings one after the other, so that short segments
 * keep more of a device busy, and none waits long for the last; but each leaves sums, to be written and read. A software
 * driver's few cores are busy with long ones.
 *
 * @param partialBytes what a segment leaves.
 */
export function segmentRatings(partialBytes: number, software = false): number {
  if (software) return MOST_SEGMENT_RATINGS;
  const wanted = 2 ** Math.round(Math.log2(Math.max(1, partialBytes / PARTIAL_BYTES_PER_RATING)));
  return Math.min(MOST_SEGMENT_RATINGS, Math.max(FEWEST_SEGMENT_RATINGS, wanted));
}

/** What a dispatch does: solves whole rows, adds up segments of long ones, or solves those from their segments. */
export type RowWork = "whole_rows" | "row_segments" | "long_rows";

export interface DispatchPlan {
  readonly work: RowWork;
  /** The piece whose ratings are read; 0 where none are. */
  readonly piece: number;
  readonly firstTask: number;
  readonly taskCount: number;
  /** Ratings that are read, and rows that are solved. */
  readonly ratings: number;
  readonly rows: number;
  /** Which pass over the ratings of long rows it is, from 0. */
  readonly phase: number;
}

interface SchedulePlan {
  /** [tasks, TASK_FIELDS] row-major. */
  readonly tasks: Uint32Array;
  readonly dispatches: readonly DispatchPlan[];
  /** Most segments whose partial Grams are alive at once. */
  readonly partials: number;
}

/** How much may be in one dispatch and in scratch. */
interface ScheduleLimits {
  /** Ratings that a row may have and not be cut. */
  readonly segment: number;
  /** Partial Grams that fit the scratch buffer. */
  readonly partials: number;
  /** Tasks a dispatch may have. Default: no limit. */
  readonly tasks?: number | undefined;
  /** Ratings a dispatch may read. Default: no limit. */
  readonly ratings?: number | undefined;
  /** Passes over the ratings of long rows, each by the same tasks. Default 1. */
  readonly phases?: number | undefined;
}

/**
 * @param pieces the ratings of one shard's rows, all with the same rows.
 * @param slice  rows of the shard.
 */
export function planSchedule(pieces: readonly Csr[], slice: RowSlice, limits: ScheduleLimits): SchedulePlan {
  const { short, long } = sortRows(pieces, slice, limits.segment);
  const tasks = new TaskList(limits);
  short.forEach((rows, piece) => {
    const { start } = pieces[piece];
    tasks.add("whole_rows", piece, rows, (row) => [row, start[row], start[row + 1] - start[row], 0, 0, weightIn(pieces[piece], row)]);
  });
  let partials = 0;
  for (let at = 0; at < long.length;) {
    const batch = segmentBatch(pieces, long, at, limits);
    const first = tasks.dispatches.length;
    batch.segments.forEach((segments, piece) => tasks.add("row_segments", piece, segments, (segment) => segment));
    tasks.add("long_rows", 0, batch.rows, (row) => row);
    const passed = tasks.dispatches.slice(first);
    for (let phase = 1; phase < (limits.phases ?? 1); phase++) tasks.dispatches.push(...passed.map((dispatch) => ({ ...dispatch, phase })));
    partials = Math.max(partials, batch.partials);
    at += batch.rows.length;
  }
  return { tasks: tasks.words(), dispatches: tasks.dispatches, partials };
}

/** What there is to do for the rows, or any slice of them. @param segment as of `ScheduleLimits`. */
export function worksOf(pieces: readonly Csr[], segment: number): readonly RowWork[] {
  const { short, long } = sortRows(pieces, { from: 0, to: pieces[0].count }, segment);
  return [
    ...(short.some((rows) => rows.length > 0) ? (["whole_rows"] as const) : []),
    ...(long.length > 0 ? (["row_segments", "long_rows"] as const) : []),
  ];
}

const lengthIn = ({ start }: Csr, row: number): number => start[row + 1] - start[row];

/** Short rows that lie in one piece, by piece, longest first and those of one length in row order; and all others. */
function sortRows(pieces: readonly Csr[], slice: RowSlice, segment: number): { short: Uint32Array[]; long: number[] } {
  const length = new Uint16Array(slice.to - slice.from);
  const pieceOf = new Uint16Array(slice.to - slice.from);
  const counts = pieces.map(() => new Uint32Array(segment + 1));
  const long: number[] = [];
  for (let row = slice.from; row < slice.to; row++) {
    let [total, piece, among] = [0, 0, 0];
    for (let at = 0; at < pieces.length; at++) {
      const here = lengthIn(pieces[at], row);
      if (here === 0) continue;
      total += here;
      among++;
      piece = at;
    }
    if (total > segment || among > 1) {
      long.push(row);
      pieceOf[row - slice.from] = pieces.length;
      continue;
    }
    length[row - slice.from] = total;
    pieceOf[row - slice.from] = piece;
    counts[piece][total]++;
  }
  const short = counts.map((count) => {
    let rows = 0;
    for (let at = segment; at >= 0; at--) rows += count[at];
    for (let at = segment, next = 0; at >= 0; at--) [count[at], next] = [next, next + count[at]];
    return new Uint32Array(rows);
  });
  for (let row = slice.from; row < slice.to; row++) {
    const piece = pieceOf[row - slice.from];
    if (piece < pieces.length) short[piece][counts[piece][length[row - slice.from]]++] = row;
  }
  return { short, long };
}

/** Weight of a row's ratings in a piece: their number, where they have no weights. */
function weightIn({ start, weight }: Csr, row: number): number {
  if (!weight) return start[row + 1] - start[row];
  let sum = 0;
  for (let at = start[row]; at < start[row + 1]; at++) sum += weight[at];
  return sum;
}

type Task = readonly [row: number, first: number, count: number, segment: number, segments: number, weight: number];

/** As many of the long rows from `at` on as the scratch buffer holds; always at least one. */
function segmentBatch(
  pieces: readonly Csr[],
  long: readonly number[],
  at: number,
  { segment, partials: mostPartials }: ScheduleLimits,
): { segments: Task[][]; rows: Task[]; partials: number } {
  const segments: Task[][] = pieces.map(() => []);
  const rows: Task[] = [];
  let partials = 0;
  for (; at < long.length; at++) {
    const row = long[at];
    const own = segmentsOf(pieces, row, partials, segment, Math.min(SEGMENTS_PER_ROW, mostPartials));
    if (rows.length > 0 && partials + own.length > mostPartials) break;
    for (const { piece, task } of own) segments[piece].push(task);
    const total = pieces.reduce((sum, piece) => sum + lengthIn(piece, row), 0);
    rows.push([row, 0, total, partials, own.length, pieces.reduce((sum, piece) => sum + weightIn(piece, row), 0)]);
    partials += own.length;
  }
  // Longest first, as the kernel expects: a segment's number keeps the order in which the partial Grams are added.
  for (const tasks of segments) tasks.sort((a, b) => b[2] - a[2]);
  return { segments, rows, partials };
}

/** The segments of a row, in the order of the pieces, numbered from `first` on: of so many ratings, or longer, lest they be too many. */
function segmentsOf(pieces: readonly Csr[], row: number, first: number, ratings: number, most: number): { piece: number; task: Task }[] {
  const lengths = pieces.map((piece) => lengthIn(piece, row));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const among = lengths.filter((length) => length > 0).length;
  // Cutting at the ends of pieces makes at most one segment more a piece.
  const length = Math.max(ratings, Math.ceil(total / Math.max(1, most - among)));
  const segments: { piece: number; task: Task }[] = [];
  lengths.forEach((count, piece) => {
    for (let from = 0; from < count; from += length) {
      const task: Task = [row, pieces[piece].start[row] + from, Math.min(length, count - from), first + segments.length, first, 0];
      segments.push({ piece, task });
    }
  });
  return segments;
}

/** Tasks as they are dispatched, cut where a dispatch would be too large. */
class TaskList {
  readonly dispatches: DispatchPlan[] = [];
  readonly #limits: ScheduleLimits;
  readonly #parts: Uint32Array[] = [];
  #count = 0;

  constructor(limits: ScheduleLimits) {
    this.#limits = limits;
  }

  add<T>(work: RowWork, piece: number, entries: ArrayLike<T>, taskOf: (entry: T) => Task): void {
    const { tasks: mostTasks = Infinity, ratings: mostRatings = Infinity } = this.#limits;
    const words = new Uint32Array(entries.length * TASK_FIELDS);
    const floats = new Float32Array(words.buffer);
    let [firstTask, ratings] = [this.#count, 0];
    const end = (at: number): void => {
      const taskCount = this.#count + at - firstTask;
      const rows = work === "row_segments" ? 0 : taskCount;
      if (taskCount > 0) this.dispatches.push({ work, piece, firstTask, taskCount, ratings, rows, phase: 0 });
      [firstTask, ratings] = [this.#count + at, 0];
    };
    for (let at = 0; at < entries.length; at++) {
      const task = taskOf(entries[at]);
      const read = work === "long_rows" ? 0 : task[2];
      if (this.#count + at - firstTask >= mostTasks || (ratings > 0 && ratings + read > mostRatings)) end(at);
      words.set(task, at * TASK_FIELDS);
      floats[(at + 1) * TASK_FIELDS - 1] = task[TASK_FIELDS - 1];
      ratings += read;
    }
    end(entries.length);
    this.#parts.push(words);
    this.#count += entries.length;
  }

  words(): Uint32Array {
    const all = new Uint32Array(this.#count * TASK_FIELDS);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

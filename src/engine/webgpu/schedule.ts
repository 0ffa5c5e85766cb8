// Which rows are solved by which dispatch: short rows whole, longest first; long rows cut into segments whose partial Grams are added
// in order. Scheduling is data: built once for a slice, replayed every sweep.

import type { Csr } from "../../ratings/csr.js";
import type { RowSlice } from "../engine.js";

/** u32 fields of a `Task` in gram-solve.wgsl: row, first, count, segment, segments. */
export const TASK_FIELDS = 5;

/** Rows longer than this are cut. At most `SEGMENTS_PER_ROW` pieces, so that the hottest row's partial Grams stay few. */
const SEGMENT_RATINGS = 1024;
const SEGMENTS_PER_ROW = 512;

export interface DispatchPlan {
  readonly kernel: "solve_rows" | "gram_segments" | "solve_long_rows";
  readonly firstTask: number;
  readonly taskCount: number;
}

export interface SchedulePlan {
  /** [tasks, TASK_FIELDS] row-major. */
  readonly tasks: Uint32Array;
  readonly dispatches: readonly DispatchPlan[];
  /** Most segments whose partial Grams are alive at once. */
  readonly partials: number;
}

/**
 * @param mostPartials  partial Grams that fit the scratch buffer; at least SEGMENTS_PER_ROW are used by one long row alone.
 */
export function planSchedule(rows: Csr, slice: RowSlice, mostPartials: number): SchedulePlan {
  const lengthOf = (row: number): number => rows.start[row + 1] - rows.start[row];
  const tasks: number[][] = [];
  const dispatches: DispatchPlan[] = [];
  const { short, long } = rowsByLength(rows, slice);

  for (const row of short) tasks.push([row, rows.start[row], lengthOf(row), 0, 0]);
  if (short.length > 0) dispatches.push({ kernel: "solve_rows", firstTask: 0, taskCount: short.length });

  let partials = 0;
  for (let at = 0; at < long.length;) {
    // As many long rows as the scratch buffer holds; always at least one.
    const segmentTasks: number[][] = [];
    const rowTasks: number[][] = [];
    for (; at < long.length; at++) {
      const row = long[at];
      const count = lengthOf(row);
      const length = Math.max(SEGMENT_RATINGS, Math.ceil(count / SEGMENTS_PER_ROW));
      const segments = Math.ceil(count / length);
      if (rowTasks.length > 0 && segmentTasks.length + segments > mostPartials) break;
      rowTasks.push([row, rows.start[row], count, segmentTasks.length, segments]);
      for (let segment = 0; segment < segments; segment++) {
        const from = segment * length;
        segmentTasks.push([row, rows.start[row] + from, Math.min(length, count - from), segmentTasks.length, 0]);
      }
    }
    partials = Math.max(partials, segmentTasks.length);
    // Longest first, as the kernel expects: `segment` keeps the order in which the partial Grams are added.
    segmentTasks.sort((a, b) => b[2] - a[2]);
    dispatches.push({ kernel: "gram_segments", firstTask: tasks.length, taskCount: segmentTasks.length });
    tasks.push(...segmentTasks);
    dispatches.push({ kernel: "solve_long_rows", firstTask: tasks.length, taskCount: rowTasks.length });
    tasks.push(...rowTasks);
  }
  return { tasks: Uint32Array.from(tasks.flat()), dispatches, partials };
}

/** The kernels that the rows, or any slice of them, need. */
export function kernelsOf(rows: Csr): readonly DispatchPlan["kernel"][] {
  let short = false;
  let long = false;
  for (let row = 0; row < rows.count; row++) {
    if (rows.start[row + 1] - rows.start[row] > SEGMENT_RATINGS) long = true;
    else short = true;
  }
  return [...(short ? (["solve_rows"] as const) : []), ...(long ? (["gram_segments", "solve_long_rows"] as const) : [])];
}

/** Rows of the slice, longest first; those of one length in row order. */
function rowsByLength(rows: Csr, slice: RowSlice): { short: number[]; long: number[] } {
  const buckets: number[][] = Array.from({ length: SEGMENT_RATINGS + 1 }, () => []);
  const long: number[] = [];
  for (let row = slice.from; row < slice.to; row++) {
    const length = rows.start[row + 1] - rows.start[row];
    if (length > SEGMENT_RATINGS) long.push(row);
    else buckets[length].push(row);
  }
  return { short: buckets.reverse().flat(), long };
}

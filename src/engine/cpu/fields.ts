// The arrays that a session of the `cpu` engine holds, and how many numbers a row of each takes.
// Sizes agree with kernels/shape.ts.

import { type RatingSet, SIDES, type Spread, type WorkloadOutline } from "../engine.js";

/** Numbers that rows are padded to whole multiples of. */
const BLOCK = 4;
const padded = (count: number): number => Math.ceil(count / BLOCK) * BLOCK;

/** Numbers a stored row takes: (factors, bias, zeros). */
export const rowStride = (K: number): number => padded(K + 1);
/** Numbers a column of a row's system takes, with right-hand side and padding; the system has as many columns. */
export const columnStride = (K: number): number => padded(K + 2);
/** Numbers that covariances of a row take, as they come from outside and as they are stored. */
export const spreadLength = (K: number, spread: Spread): number =>
  spread === "full" ? ((K + 1) * (K + 2)) / 2 : spread === "diagonal" ? K + 1 : 0;
const spreadStride = (K: number, spread: Spread): number => padded(spreadLength(K, spread));

type ElementType = "f32" | "u32" | "f64";
export type Elements = Float32Array | Uint32Array | Float64Array;

export const ARRAYS = { f32: Float32Array, u32: Uint32Array, f64: Float64Array } as const;

/** What an array is for: the scratch that stands in for it is of this name. */
export type FieldRole =
  | "rows"
  | "pulls"
  | "velocity"
  | "squares"
  | "before"
  | "spreads"
  | "logDeterminants"
  | "shares"
  | "weights"
  | "kept"
  | "start"
  | "index"
  | "value"
  | "user"
  | "item"
  | "sums"
  | "listed";

/** One array: `count` rows of `stride` numbers. */
export interface Field {
  readonly name: string;
  readonly role: FieldRole;
  readonly type: ElementType;
  readonly stride: number;
  readonly count: number;
  /** Whether it changes in training and so belongs to a session's state. */
  readonly state: boolean;
  /** Fields with lower numbers are held in the memory first; those without one never are. */
  readonly priority?: number | undefined;
}

export const bytesOf = ({ type, stride, count }: Pick<Field, "type" | "stride" | "count">): number =>
  ARRAYS[type].BYTES_PER_ELEMENT * stride * count;

type Weighted = Readonly<Record<RatingSet, boolean>>;
const NOT_WEIGHTED: Weighted = { training: false, heldOut: false };

/**
 * @param blocks groups of the blocks of stochastic steps, 0 without them.
 * @param sizes ratings by item, where they are others than those by user, and which ratings have weights.
 */
export function fieldsOf(
  outline: WorkloadOutline,
  blocks: number,
  { itemRatings = outline.ratings, weighted = NOT_WEIGHTED }: { readonly itemRatings?: number; readonly weighted?: Weighted } = {},
): Field[] {
  const { factors: K, spread, users, items, ratings, heldOut, operations } = outline;
  const fields: Field[] = [];
  const add = (name: string, role: FieldRole, type: ElementType, stride: number, count: number, priority?: number, state = false): void => {
    fields.push({ name, role, type, stride, count, state, priority });
  };
  const S = rowStride(K);
  const counts = { users, items };
  for (const side of SIDES) {
    const count = counts[side];
    add(`${side} rows`, "rows", "f32", S, count, 0, true);
    add(`${side} kept rows`, "kept", "f32", S, count, undefined, true);
    if (operations.pulls?.includes(side)) add(`${side} pulls`, "pulls", "f32", S, count, 1);
    if (spread === "velocity") add(`${side} velocity`, "velocity", "f32", S, count, 1, true);
    if (spread === "squares") add(`${side} squares`, "squares", "f32", 2, count, 0, true);
    if (spread === "diagonal" || spread === "full") {
      add(`${side} spreads`, "spreads", "f32", spreadStride(K, spread), count, 1, true);
      add(`${side} kept spreads`, "kept", "f32", spreadStride(K, spread), count, undefined, true);
      add(`${side} logDeterminants`, "logDeterminants", "f32", 1, count, 1, true);
    }
    if (operations.extrapolate?.includes(side)) add(`${side} before`, "before", "f32", S, count, 4, true);
    if (operations.epochs) add(`${side} shares`, "shares", "f32", 1, count, 0);
    add(`${side} start`, "start", "u32", 1, count + 1, 2);
    const here = side === "users" ? ratings : itemRatings;
    add(`${side} index`, "index", "u32", 1, here, 2);
    add(`${side} value`, "value", "f32", weighted.training ? 2 : 1, here, 2);
    if (operations.sums.includes("squaredNorms") || weighted.training) add(`${side} weights`, "weights", "f32", 1, count, 4);
  }
  if (operations.epochs) {
    add("epoch start", "start", "u32", 1, blocks * blocks + 1);
    add("epoch user", "user", "u32", 1, ratings, 2);
    add("epoch item", "item", "u32", 1, ratings, 2);
    add("epoch value", "value", "f32", weighted.training ? 2 : 1, ratings, 2);
  }
  add("heldOut user", "user", "u32", 1, heldOut, 3);
  add("heldOut item", "item", "u32", 1, heldOut, 3);
  add("heldOut value", "value", "f32", weighted.heldOut ? 2 : 1, heldOut, 3);
  if (operations.sums.includes("averagedErrors")) {
    add("sums of predictions", "sums", "f64", 1, heldOut, 3, true);
    add("sums of densities", "sums", "f64", 1, heldOut, 3, true);
  }
  return fields;
}

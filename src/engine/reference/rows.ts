// One side's rows in float64: what the loops of this folder read and write.

import { type CovarianceFamily, type RowChoice, type Rows, type RowSlice, type Side, type Spread } from "../engine.js";
import { logDeterminant, triangle } from "./cholesky.js";

/** Covariances of (factors, bias) of every row, D = K + 1 coordinates. */
interface CovarianceState {
  readonly family: CovarianceFamily;
  /** Packed lower triangles, [count, D (D + 1) / 2], of either family. */
  readonly packed: Float64Array;
  /** log|Γ|, [count]. */
  readonly logDeterminants: Float64Array;
}

/** Factors [count, K] row-major and biases [count] of one side, and what its rows carry. */
export interface RowState {
  readonly factors: Float64Array;
  readonly biases: Float64Array;
  /** What each row has on its right-hand side beside its ratings, [count, K + 1] row-major; left out, 0. */
  readonly pulls?: Float64Array | undefined;
  readonly covariances?: CovarianceState | undefined;
  readonly velocity?: { readonly factors: Float64Array; readonly biases: Float64Array } | undefined;
  /** G of factors and bias, [count, 2]: mean squares of their slopes, added up. */
  readonly squares?: Float64Array | undefined;
}

/** Where entry (i, j), i ≥ j, of a packed lower triangle stands. */
export const entry = (i: number, j: number): number => triangle(i) + j;

/** Rows in float64; pulls, velocities and squares start at 0. */
export function rowState({ factors, biases, covariances }: Rows, K: number, spread: Spread, pulled = false): RowState {
  const pulls = pulled ? new Float64Array(biases.length * (K + 1)) : undefined;
  const state = { factors: Float64Array.from(factors), biases: Float64Array.from(biases), pulls };
  if (spread === "velocity")
    return { ...state, velocity: { factors: new Float64Array(factors.length), biases: new Float64Array(biases.length) } };
  if (spread === "squares") return { ...state, squares: new Float64Array(2 * biases.length) };
  if (spread === "none") return state;
  return { ...state, covariances: covarianceState(covariances!, biases.length, K + 1, spread) };
}

function covarianceState(values: Float32Array, count: number, D: number, family: CovarianceFamily): CovarianceState {
  const T = triangle(D);
  const packed = new Float64Array(count * T);
  const logDeterminants = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    if (family === "full") packed.set(values.subarray(row * T, (row + 1) * T), row * T);
    else for (let k = 0; k < D; k++) packed[row * T + entry(k, k)] = values[row * D + k];
    logDeterminants[row] = logDeterminant(packed.subarray(row * T, (row + 1) * T), D);
  }
  return { family, packed, logDeterminants };
}

/** Rows in float32, of a slice. */
export function rowsOf({ factors, biases, covariances }: RowState, K: number, { from, to }: RowSlice): Rows {
  return {
    factors: Float32Array.from(factors.subarray(from * K, to * K)),
    biases: Float32Array.from(biases.subarray(from, to)),
    covariances: covariances && packedRows(covariances, K + 1, { from, to }),
  };
}

function packedRows({ family, packed }: CovarianceState, D: number, { from, to }: RowSlice): Float32Array {
  const T = triangle(D);
  if (family === "full") return Float32Array.from(packed.subarray(from * T, to * T));
  const variances = new Float32Array((to - from) * D);
  for (let row = from; row < to; row++) for (let k = 0; k < D; k++) variances[(row - from) * D + k] = packed[row * T + entry(k, k)];
  return variances;
}

/** Overwrites rows from `from` on. */
export function putRows(state: RowState, rows: Rows, K: number, from: number): void {
  state.factors.set(rows.factors, from * K);
  state.biases.set(rows.biases, from);
  if (!state.covariances || !rows.covariances) return;
  const { family, packed, logDeterminants } = state.covariances;
  const put = covarianceState(rows.covariances, rows.biases.length, K + 1, family);
  packed.set(put.packed, from * triangle(K + 1));
  logDeterminants.set(put.logDeterminants, from);
}

/** Every array of a state by name, the arrays themselves; pulls are given anew. */
export function arraysOf(side: Side, state: RowState): Record<string, Float64Array> {
  const { factors, biases, covariances, velocity, squares } = state;
  const named = {
    factors,
    biases,
    covariances: covariances?.packed,
    logDeterminants: covariances?.logDeterminants,
    factorVelocity: velocity?.factors,
    biasVelocity: velocity?.biases,
    squares,
  };
  return Object.fromEntries(Object.entries(named).flatMap(([name, values]) => (values ? [[`${side} ${name}`, values]] : [])));
}

/** Everything that solving or stepping leaves in rows, side by side, [rows, width]. */
export function packRows(state: RowState, rows: RowChoice): Float64Array {
  return packed(state, rows, undefined);
}

export function unpackRows(state: RowState, rows: RowChoice, given: Float64Array): void {
  packed(state, rows, given);
}

/** Reads rows, or writes what is given. */
function packed(state: RowState, rows: RowChoice, given: Float64Array | undefined): Float64Array {
  const arrays = Object.values(arraysOf("users", state));
  const widths = arrays.map((values) => (state.biases.length === 0 ? 0 : values.length / state.biases.length));
  const width = widths.reduce((sum, each) => sum + each, 0);
  const numbers = rows instanceof Uint32Array ? rows : Uint32Array.from({ length: rows.to - rows.from }, (_, at) => rows.from + at);
  const all = given ?? new Float64Array(numbers.length * width);
  numbers.forEach((row, at) => {
    let to = at * width;
    arrays.forEach((values, array) => {
      const own = values.subarray(row * widths[array], (row + 1) * widths[array]);
      const packedRow = all.subarray(to, (to += widths[array]));
      if (given) own.set(packedRow);
      else packedRow.set(own);
    });
  });
  return all;
}

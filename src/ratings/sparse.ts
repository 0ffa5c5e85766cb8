// Sparse matrices by rows: features of entities, and products with few columns at once.

import { rowStarts } from "./csr.js";

/** A sparse matrix by rows: row n has the columns `index[start[n]] …` with the values beside them. */
export interface SparseRows {
  readonly count: number;
  readonly columns: number;
  readonly start: Uint32Array;
  readonly index: Uint32Array;
  readonly value: Float32Array;
}

/** Columns as rows, by a counting sort. */
export function transposed({ count, columns, start, index, value }: SparseRows): SparseRows {
  const first = rowStarts(index, columns);
  const next = first.slice();
  const rows = new Uint32Array(index.length);
  const values = new Float32Array(index.length);
  for (let row = 0; row < count; row++) {
    for (let at = start[row]; at < start[row + 1]; at++) {
      const to = next[index[at]]++;
      rows[to] = row;
      values[to] = value[at];
    }
  }
  return { count: columns, columns: count, start: first, index: rows, value: values };
}

/** Matrices of as many rows, the columns of the later behind those of the earlier. */
export function besideEachOther(parts: readonly SparseRows[]): SparseRows {
  if (parts.length === 1) return parts[0];
  const { count } = parts[0];
  const start = new Uint32Array(count + 1);
  for (let row = 0; row < count; row++) {
    start[row + 1] = start[row];
    for (const part of parts) start[row + 1] += part.start[row + 1] - part.start[row];
  }
  const index = new Uint32Array(start[count]);
  const value = new Float32Array(start[count]);
  const next = start.slice();
  let columns = 0;
  for (const part of parts) {
    for (let row = 0; row < count; row++) {
      for (let at = part.start[row]; at < part.start[row + 1]; at++) {
        index[next[row]] = columns + part.index[at];
        value[next[row]++] = part.value[at];
      }
    }
    columns += part.columns;
  }
  return { count, columns, start, index, value };
}

/** product += S dense, dense [columns, D] and product [count, D] row-major. */
export function addProduct({ count, start, index, value }: SparseRows, dense: Float64Array, product: Float64Array, D: number): void {
  for (let row = 0; row < count; row++) {
    const [first, end] = [start[row], start[row + 1]];
    let k = 0;
    // Four columns at a time, whose sums stay in registers.
    for (; k + 4 <= D; k += 4) {
      let [a, b, c, d] = [0, 0, 0, 0];
      for (let at = first; at < end; at++) {
        const weight = value[at];
        const from = index[at] * D + k;
        a += weight * dense[from];
        b += weight * dense[from + 1];
        c += weight * dense[from + 2];
        d += weight * dense[from + 3];
      }
      const to = row * D + k;
      product[to] += a;
      product[to + 1] += b;
      product[to + 2] += c;
      product[to + 3] += d;
    }
    for (; k < D; k++) {
      let sum = 0;
      for (let at = first; at < end; at++) sum += value[at] * dense[index[at] * D + k];
      product[row * D + k] += sum;
    }
  }
}

/** S dense. */
export function productOf(rows: SparseRows, dense: Float64Array, D: number): Float64Array {
  const product = new Float64Array(rows.count * D);
  addProduct(rows, dense, product, D);
  return product;
}

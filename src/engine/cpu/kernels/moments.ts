// Σ x and Σ x xᵀ over rows, x = (factors, bias): the same triangle of products as a row's Gram matrix has, of the rows
// themselves. Stages of STAGE rows are summed in float32 and added to float64 sums.
// Twin: src/engine/reference/moments.ts.

import { zeros } from "./lanes";
import { D, rowBlocks, rowBytes, STAGE } from "./shape";
import { SET, triangleOf } from "./tiles";

/**
 * @param scratch a matrix of the rows' padded length.
 * @param sums    Σ x [D] and the lower triangle of Σ x xᵀ [D, D] by rows so far, which are added to.
 *   Pieces are whole stages.
 */
export function moments(rows: usize, count: i32, scratch: usize, sums: usize): void {
  const gram = sums + (<usize>D << 3);
  const columns = (D + 3) >> 2;
  while (count > 0) {
    const n = min(count, STAGE);
    triangleOf(scratch, rowBytes, rows, rowBytes, rows, rowBytes, n, columns, rowBlocks, SET);
    for (let j = 0; j < D; j++) {
      for (let i = j; i < D; i++) {
        const to = gram + (<usize>(i * D + j) << 3);
        store<f64>(to, load<f64>(to) + <f64>load<f32>(scratch + <usize>j * rowBytes + (<usize>i << 2)));
      }
    }
    for (let block = 0; block < rowBlocks; block++) {
      let sum = zeros();
      for (let row = 0; row < n; row++) sum = v128.add<f32>(sum, v128.load(rows + <usize>row * rowBytes + (<usize>block << 4)));
      v128.store(scratch + (<usize>block << 4), sum);
    }
    for (let k = 0; k < D; k++) {
      const to = sums + (<usize>k << 3);
      store<f64>(to, load<f64>(to) + <f64>load<f32>(scratch + (<usize>k << 2)));
    }
    rows += <usize>n * rowBytes;
    count -= n;
  }
}

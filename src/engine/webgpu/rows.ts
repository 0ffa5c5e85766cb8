// Parameters between the host's layout, factors [count, K] and biases [count], and the device's rows of vec4s (shaders/shared/rows.wgsl).

/** [count, blocks · 4]: K factors, the bias, zeros. */
export function packRows(factors: Float32Array, biases: Float32Array, K: number, blocks: number): Float32Array {
  const stride = blocks * 4;
  const rows = new Float32Array(biases.length * stride);
  for (let row = 0; row < biases.length; row++) {
    rows.set(factors.subarray(row * K, row * K + K), row * stride);
    rows[row * stride + K] = biases[row];
  }
  return rows;
}

export function unpackRows(rows: Float32Array, count: number, K: number, blocks: number): { factors: Float32Array; biases: Float32Array } {
  const stride = blocks * 4;
  const factors = new Float32Array(count * K);
  const biases = new Float32Array(count);
  for (let row = 0; row < count; row++) {
    factors.set(rows.subarray(row * stride, row * stride + K), row * K);
    biases[row] = rows[row * stride + K];
  }
  return { factors, biases };
}

// Covariances between the host's layout and the device's rows.

import { expect, test } from "vitest";
import { choleskyInverse, factorize, logDeterminant, triangle } from "../../src/engine/reference/cholesky.js";
import { packRows, strideOf, unpackRows } from "../../src/engine/webgpu/memory/row-layout.js";
import { blocksOf } from "../../src/engine/webgpu/rows/tile-plan.js";
import { seededRandom } from "../../src/random.js";

const random = seededRandom(5);
const normals = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());

/** A positive definite matrix, its lower triangle packed. */
function covariance(D: number): Float32Array {
  const matrix = new Float64Array(D * D);
  for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) matrix[i * D + j] = i === j ? D + random.uniform() : random.uniform() - 0.5;
  factorize(matrix, D);
  const packed = new Float64Array(triangle(D));
  choleskyInverse(matrix, D, packed);
  return Float32Array.from(packed);
}

test.each(["diagonal", "full"] as const)("rows with %s covariances come back as they were, also those that follow their like", (family) => {
  for (const K of [0, 3, 4, 10]) {
    const D = K + 1;
    const kinds = [0, 0, 1, 1, 1, 0, 2];
    const of = Array.from({ length: 3 }, () => (family === "full" ? covariance(D) : normals(D).map((value) => value ** 2)));
    const values = Float32Array.from(kinds.flatMap((kind) => [...of[kind]]));
    const [factors, biases] = [normals(kinds.length * K), normals(kinds.length)];
    const rows = packRows(factors, biases, K, family, { family, values });
    expect(unpackRows([rows], kinds.length, K, family)).toEqual({ factors, biases, spread: values });
    const last = 4 * blocksOf(K) - 1;
    const logarithms = of.map((own) => (family === "full" ? logDeterminant(own, D) : own.reduce((sum, one) => sum + Math.log(one), 0)));
    kinds.forEach((kind, row) => expect(rows[row * strideOf(K, family) + last]).toBe(Math.fround(logarithms[kind])));
  }
});

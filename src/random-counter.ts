// Random numbers by counter: the same place gives the same numbers on any device, in any order.
// Twin of shaders/shared/counter-random.wgsl.

/**
 * Four well-mixed words from four words: PCG4D of Jarzynski and Olano, "Hash Functions for GPU Rendering", 2020.
 * Called for every rating: closures over the words would cost some six times as much.
 */
export function mixedWords(a: number, b: number, c: number, d: number): [number, number, number, number] {
  let x = (Math.imul(a, 1664525) + 1013904223) | 0;
  let y = (Math.imul(b, 1664525) + 1013904223) | 0;
  let z = (Math.imul(c, 1664525) + 1013904223) | 0;
  let w = (Math.imul(d, 1664525) + 1013904223) | 0;
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  w ^= w >>> 16;
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  return [x >>> 0, y >>> 0, z >>> 0, w >>> 0];
}

/** Coefficients of Giles' polynomials, highest first: near the middle, and in the tails. */
const NEAR = [2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164, 0.246640727, 1.50140941]; // prettier-ignore
const FAR = [-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047, 1.00167406, 2.83297682]; // prettier-ignore
const TAIL = 5;

/**
 * √2 erf⁻¹(x): the standard normal number below which lies a share (1 + x) / 2. Giles,
 * "Approximating the erfinv function", 2010.
 */
export function inverseNormal(x: number): number {
  const w = -Math.log((1 - x) * (1 + x));
  const polynomial = (coefficients: readonly number[], at: number): number => coefficients.reduce((sum, c) => c + sum * at, 0);
  return Math.SQRT2 * x * (w < TAIL ? polynomial(NEAR, w - 2.5) : polynomial(FAR, Math.sqrt(w) - 3));
}

/** Four standard normal numbers, from 23 bits each. */
export function counterNormals(a: number, b: number, c: number, d: number): number[] {
  return mixedWords(a, b, c, d).map((word) => inverseNormal((2 * (word >>> 9) + 1 - 2 ** 23) / 2 ** 23));
}

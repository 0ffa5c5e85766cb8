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
const NEAR = [
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164, 0.246640727, 1.50140941,
];
const FAR = [
  -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047, 1.00167406, 2.83297682,
];
const TAIL = 5;

/**
 * √2 erf⁻¹(x): the standard normal number below which lies a share (1 + x) / 2. Giles,
 * "Approximating the erfinv function", 2010.
 */
export function inverseNormal(x: number): number {
  const w = -Math.log((1 - x) * (1 + x));
  const [coefficients, at] = w < TAIL ? [NEAR, w - 2.5] : [FAR, Math.sqrt(w) - 3];
  let sum = 0;
  for (let power = 0; power < coefficients.length; power++) sum = coefficients[power] + sum * at;
  return Math.SQRT2 * x * sum;
}

/** Four standard normal numbers, from 23 bits each. */
export function counterNormals(a: number, b: number, c: number, d: number): number[] {
  return mixedWords(a, b, c, d).map((word) => inverseNormal((2 * (word >>> 9) + 1 - 2 ** 23) / 2 ** 23));
}

/** What numbers are for: each purpose has its own, whatever the seed. */
const PURPOSES = {
  "start of users": 1,
  "start of items": 2,
  split: 3,
  folds: 4,
  "item groups": 5,
  rounds: 6,
  "training negatives": 7,
  "held-out negatives": 8,
};

/** What counters of one seed and purpose have in common. */
export type CounterKey = readonly [number, number];

/** @param seed any safe integer, all of its bits. @param number of the purpose, where it comes up more than once. */
export function counterKey(seed: number, purpose: keyof typeof PURPOSES, number = 0): CounterKey {
  const [a, b] = mixedWords(seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, PURPOSES[purpose], number);
  return [a, b];
}

/** A word for each place from `from` to `to`, whole numbers from 0: a place has the same one in any range. */
export function counterWords([a, b]: CounterKey, from: number, to: number): Uint32Array {
  const words = new Uint32Array(to - from);
  for (let block = Math.floor(from / 4); block * 4 < to; block++) {
    const four = mixedWords(block, 0, a, b);
    for (let at = Math.max(from, block * 4), end = Math.min(to, block * 4 + 4); at < end; at++) words[at - from] = four[at % 4];
  }
  return words;
}

/** The numbers from 0 to length − 1 in a random order: that of their words, and where those are alike, their own. */
export function counterOrder(length: number, key: CounterKey): Uint32Array {
  const words = counterWords(key, 0, length);
  let [order, next] = [new Uint32Array(length), new Uint32Array(length)];
  for (let at = 0; at < length; at++) order[at] = at;
  // By one byte of the words after the other, the lowest first; those of the same byte keep their order.
  for (const shift of [0, 8, 16, 24]) {
    const first = new Uint32Array(257);
    for (let at = 0; at < length; at++) first[((words[at] >>> shift) & 255) + 1]++;
    for (let byte = 0; byte < 256; byte++) first[byte + 1] += first[byte];
    for (let at = 0; at < length; at++) next[first[(words[order[at]] >>> shift) & 255]++] = order[at];
    [order, next] = [next, order];
  }
  return order;
}

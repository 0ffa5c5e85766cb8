// Normal numbers by counter: four from a place (a, b, c, d), the same on any device. Twin: src/random-counter.ts.

// The words last mixed. Globals, since each thread has its own, while constants in the memory are shared.
let x: u32, y: u32, z: u32, w: u32;

/** PCG4D of Jarzynski and Olano, "Hash Functions for GPU Rendering", 2020. */
function mix(a: u32, b: u32, c: u32, d: u32): void {
  x = a * 1664525 + 1013904223;
  y = b * 1664525 + 1013904223;
  z = c * 1664525 + 1013904223;
  w = d * 1664525 + 1013904223;
  x += y * w;
  y += z * x;
  z += x * y;
  w += y * z;
  x ^= x >> 16;
  y ^= y >> 16;
  z ^= z >> 16;
  w ^= w >> 16;
  x += y * w;
  y += z * x;
  z += x * y;
  w += y * z;
}

/** √2 erf⁻¹(x) by Giles, "Approximating the erfinv function", 2010. */
function inverseNormal(x: f64): f64 {
  const w = -Math.log((1 - x) * (1 + x));
  let p: f64;
  if (w < 5) {
    const t = w - 2.5;
    p = 2.81022636e-8;
    p = 3.43273939e-7 + p * t;
    p = -3.5233877e-6 + p * t;
    p = -4.39150654e-6 + p * t;
    p = 0.00021858087 + p * t;
    p = -0.00125372503 + p * t;
    p = -0.00417768164 + p * t;
    p = 0.246640727 + p * t;
    p = 1.50140941 + p * t;
  } else {
    const t = sqrt(w) - 3;
    p = -0.000200214257;
    p = 0.000100950558 + p * t;
    p = 0.00134934322 + p * t;
    p = -0.00367342844 + p * t;
    p = 0.00573950773 + p * t;
    p = -0.0076224613 + p * t;
    p = 0.00943887047 + p * t;
    p = 1.00167406 + p * t;
    p = 2.83297682 + p * t;
  }
  return Math.SQRT2 * x * p;
}

/** Adds a normal number to each of `count` float32 numbers that lie `bytes` apart. */
export function addNormals(target: usize, bytes: usize, count: i32, row: u32, draw: u32, seed: u32): void {
  for (let k = 0; k < count; k++) {
    if ((k & 3) === 0) mix(row, k >> 2, draw, seed);
    const lane = k & 3;
    const word = (lane === 0 ? x : lane === 1 ? y : lane === 2 ? z : w) >> 9;
    const normal = inverseNormal((2 * <f64>word + 1 - 8388608) / 8388608);
    store<f32>(target, load<f32>(target) + <f32>normal);
    target += bytes;
  }
}

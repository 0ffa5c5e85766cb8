// Random numbers by counter: the same place gives the same numbers on any device, in any order.
// Twin: src/random-counter.ts.

// Four well-mixed words from four words: PCG4D of Jarzynski and Olano, "Hash Functions for GPU Rendering", 2020.
fn mixed_words(counter: vec4u) -> vec4u {
  var v = counter * 1664525u + 1013904223u;
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  v ^= v >> vec4u(16u);
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  return v;
}

// Standard normal numbers by the inverse of the distribution, √2 erf⁻¹(x):
// Giles, "Approximating the erfinv function", 2010. No sine or cosine, whose precision WGSL leaves to the device.
fn inverse_normal(x: vec4f) -> vec4f {
  let w = -log((1.0 - x) * (1.0 + x));
  let near = w - 2.5;
  var p = vec4f(2.81022636e-8);
  p = 3.43273939e-7 + p * near;
  p = -3.5233877e-6 + p * near;
  p = -4.39150654e-6 + p * near;
  p = 0.00021858087 + p * near;
  p = -0.00125372503 + p * near;
  p = -0.00417768164 + p * near;
  p = 0.246640727 + p * near;
  p = 1.50140941 + p * near;
  let far = sqrt(w) - 3.0;
  var q = vec4f(-0.000200214257);
  q = 0.000100950558 + q * far;
  q = 0.00134934322 + q * far;
  q = -0.00367342844 + q * far;
  q = 0.00573950773 + q * far;
  q = -0.0076224613 + q * far;
  q = 0.00943887047 + q * far;
  q = 1.00167406 + q * far;
  q = 2.83297682 + q * far;
  return 1.41421356 * x * select(q, p, w < vec4f(5.0));
}

// Four standard normal numbers, from 23 bits each, which float32 holds exactly between −1 and 1.
fn counter_normals(counter: vec4u) -> vec4f {
  let n = vec4i(mixed_words(counter) >> vec4u(9u));
  return inverse_normal(vec4f(2 * n + 1 - 8388608) * 1.1920928955078125e-7);
}

// Arithmetic on four float32 numbers at once.

/** a b + c, in one rounding where the build has relaxed SIMD. */
// @ts-ignore: decorator
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<f32>(a, b, c);
  return v128.add<f32>(v128.mul<f32>(a, b), c);
}

// @ts-ignore: decorator
@inline
export function sumOf(a: v128): f32 {
  const pairs = v128.add<f32>(a, v128.shuffle<f32>(a, a, 2, 3, 2, 3));
  return v128.extract_lane<f32>(pairs, 0) + v128.extract_lane<f32>(pairs, 1);
}

// @ts-ignore: decorator
@inline
export function zeros(): v128 {
  return v128.splat<f32>(0);
}

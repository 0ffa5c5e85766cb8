// The pivots of a Cholesky factorization, and whether one of them was not positive.

// A pivot below this share of its diagonal entry counts as not positive: float32 rounding alone leaves that much of a singular system.
const SMALLEST_PIVOT_SHARE = 2.4e-7;

var<private> singular: bool;

// Written so that a NaN, which comparisons may ignore, fails the exponent test.
fn checked_pivot(pivot: f32, original: f32) -> f32 {
  let finite = (bitcast<u32>(pivot) & 0x7f800000u) != 0x7f800000u;
  if (finite && pivot > original * SMALLEST_PIVOT_SHARE) { return sqrt(pivot); }
  singular = true;
  return 1.0;
}

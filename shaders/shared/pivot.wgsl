// The pivots of a Cholesky factorization, and whether one of them was not positive.

// A pivot below this share of its diagonal entry counts as not positive:
// float32 rounding alone leaves that much of a singular system.
const SMALLEST_PIVOT_SHARE = 2.4e-7;

var<private> singular: bool;

// Written so that a NaN, which comparisons may ignore, fails the exponent test.
fn checked_pivot(pivot: f32, original: f32) -> f32 {
  let finite = (bitcast<u32>(pivot) & 0x7f800000u) != 0x7f800000u;
  if (finite && pivot > original * SMALLEST_PIVOT_SHARE) { return sqrt(pivot); }
  singular = true;
  return 1.0;
}

// What elimination leaves of the corner of the bordered matrix, λ Σ e² − |L⁻¹ rhs|²; in the
// lane that owns the last diagonal tile.
var<private> remainder: f32;

// L of one diagonal tile. In the last block the fourth column is the right-hand side's own: it has no pivot.
fn factor_tile(a: mat4x4f, original: vec4f, last: bool) -> mat4x4f {
  let l0 = a[0] / checked_pivot(a[0].x, original.x);
  let a1 = a[1] - l0 * l0.y;
  let l1 = a1 / checked_pivot(a1.y, original.y);
  let a2 = a[2] - l0 * l0.z - l1 * l1.z;
  let l2 = a2 / checked_pivot(a2.z, original.z);
  if (last) {
    remainder = a[3].w - l0.w * l0.w - l1.w * l1.w - l2.w * l2.w;
    return mat4x4f(l0, l1, l2, vec4f(0.0, 0.0, 0.0, 1.0));
  }
  let a3 = a[3] - l0 * l0.w - l1 * l1.w - l2 * l2.w;
  return mat4x4f(l0, l1, l2, a3 / checked_pivot(a3.w, original.w));
}

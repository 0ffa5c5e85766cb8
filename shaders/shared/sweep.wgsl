// The sweep operator on the tiles in registers: after every coordinate is swept, the tiles hold −A⁻¹, and the
// right-hand side, bordered on as the last row and never swept itself, has become the solution. Per block k, with D the
// inverse of the diagonal tile and P_i the tile between rows i and k: A_ij −= P_i D P_jᵀ, A_ik = P_i D, A_kk = −D. Two
// barriers per block. Three times the work of a Cholesky solve, and the whole inverse for it.
// Twin: src/engine/reference/cholesky.ts.

const LAST = 4u * BLOCKS - 1u;
// log|Γ| of each block, in x.
const LOGS = ORIGINAL + BLOCKS;

// A⁻¹ = L⁻ᵀ L⁻¹ of a factored tile.
fn inverse_tile(l: mat4x4f) -> mat4x4f {
  let a = 1.0 / l[0].x;
  let b = 1.0 / l[1].y;
  let c = 1.0 / l[2].z;
  let d = 1.0 / l[3].w;
  // Rows of L⁻¹.
  let r1 = vec4f(-l[0].y * a * b, b, 0.0, 0.0);
  let r2 = vec4f(-(l[0].z * a + l[1].z * r1.x) * c, -l[1].z * b * c, c, 0.0);
  let r3 = vec4f(-(l[0].w * a + l[1].w * r1.x + l[2].w * r2.x) * d, -(l[1].w * b + l[2].w * r2.y) * d, -l[2].w * c * d, d);
  let x = mat4x4f(vec4f(a, 0.0, 0.0, 0.0), r1, r2, r3);
  return x * transpose(x);
}

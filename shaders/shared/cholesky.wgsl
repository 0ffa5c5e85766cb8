// Blocked Cholesky of the tiles in registers, the right-hand side bordered on as the last row, so that
// factorization does the forward substitution too. Per block column: the owner of the diagonal tile factors it, the
// tiles below become the panel, the tiles to the right take the panel's outer product. Only panels pass through
// workgroup memory; two barriers per block.
// Twin: src/engine/reference/cholesky.ts.

// X of X Lᵀ = A.
fn panel_tile(a: mat4x4f, l: mat4x4f) -> mat4x4f {
  let inverse = 1.0 / vec4f(l[0].x, l[1].y, l[2].z, l[3].w);
  let x0 = a[0] * inverse.x;
  let x1 = fma(-x0, vec4f(l[0].y), a[1]) * inverse.y;
  let x2 = fma(-x1, vec4f(l[1].z), fma(-x0, vec4f(l[0].z), a[2])) * inverse.z;
  let x3 = fma(-x2, vec4f(l[2].w), fma(-x1, vec4f(l[1].w), fma(-x0, vec4f(l[0].w), a[3]))) * inverse.w;
  return mat4x4f(x0, x1, x2, x3);
}

// x of Lᵀ x = y.
fn back_tile(l: mat4x4f, y: vec4f) -> vec4f {
  let x3 = y.w / l[3].w;
  let x2 = (y.z - l[2].w * x3) / l[2].z;
  let x1 = (y.y - l[1].w * x3 - l[1].z * x2) / l[1].y;
  let x0 = (y.x - l[0].w * x3 - l[0].z * x2 - l[0].y * x1) / l[0].x;
  return vec4f(x0, x1, x2, x3);
}

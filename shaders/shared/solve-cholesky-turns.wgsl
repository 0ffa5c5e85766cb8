// What solve-cholesky.wgsl does, with fewer accesses to memory in the text: see tile-turns.wgsl.

// L of the diagonal tile without its zeros.
fn store_factor(base: u32, l: mat4x4f) {
  memory[base + DIAGONAL] = l[0];
  memory[base + DIAGONAL + 1u] = vec4f(l[1].yzw, l[2].z);
  memory[base + DIAGONAL + 2u] = vec4f(l[2].w, l[3].w, 0.0, 0.0);
}

fn factor(base: u32) -> mat4x4f {
  let y = memory[base + DIAGONAL + 1u];
  let z = memory[base + DIAGONAL + 2u];
  return mat4x4f(memory[base + DIAGONAL], vec4f(0.0, y.xyz), vec4f(0.0, 0.0, y.w, z.x), vec4f(0.0, 0.0, 0.0, z.y));
}

fn solve_tiles(base: u32) {
  singular = false;
  // Of tiles below one another the first alone may be on the diagonal.
  let J = patch_column;
  let on_diagonal = patch_row == J;
  let original = vec4f(tile[0][0].x, tile[0][1].y, tile[0][2].z, tile[0][3].w);
  if (DIAGONAL_SPREAD && on_diagonal) { memory[base + ORIGINAL + J] = original; }

  for (var k = 0u; k < BLOCKS; k++) {
    if (on_diagonal && J == k) {
      tile[0] = factor_tile(tile[0], original, k == RHS_BLOCK);
      store_factor(base, tile[0]);
    }
    workgroupBarrier();
    if (J == k) {
      let l = factor(base);
      for (var s = 0u; s < SLOTS; s++) {
        if (patch_row + s > k) { tile[s] = panel_tile(tile[s], l); }
      }
      for (var s = 0u; s < turns(SLOTS); s++) {
        let I = patch_row + s;
        if (I > k && I < BLOCKS) { store_panel(base, I, tile_at(s)); }
      }
    }
    workgroupBarrier();
    if (J > k) {
      let right = panel(base, J);
      // What is beyond the matrix is not used.
      for (var s = 0u; s < SLOTS; s++) { tile[s] = less_product(tile[s], panel(base, min(patch_row + s, RHS_BLOCK)), right); }
    }
  }

  // The bordered row now holds L⁻¹ times the right-hand side.
  let last = RHS_BLOCK - patch_row;
  if (last < SLOTS) {
    let t = tile_at(last);
    let y = vec4f(t[0].w, t[1].w, t[2].w, t[3].w);
    memory[base + SOLUTION + J] = select(y, vec4f(y.xyz, 0.0), J == RHS_BLOCK) + noise(J);
  }
  workgroupBarrier();
  for (var left = turns(BLOCKS); left > 0u; left--) {
    let k = left - 1u;
    if (on_diagonal && J == k) { memory[base + SOLUTION + k] = back_tile(tile[0], memory[base + SOLUTION + k]); }
    workgroupBarrier();
    if (J < k && k - patch_row < SLOTS) {
      memory[base + SOLUTION + J] -= memory[base + SOLUTION + k] * tile_at(k - patch_row);
    }
    workgroupBarrier();
  }
}

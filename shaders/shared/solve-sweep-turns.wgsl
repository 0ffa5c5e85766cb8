// What solve-sweep.wgsl does, with fewer accesses to memory in the text: see tile-turns.wgsl.

fn solve_tiles(base: u32) {
  singular = false;
  // Of tiles below one another the first alone may be on the diagonal.
  let J = patch_column;
  let on_diagonal = patch_row == J;
  let original = vec4f(tile[0][0].x, tile[0][1].y, tile[0][2].z, tile[0][3].w);
  for (var k = 0u; k < BLOCKS; k++) {
    if (on_diagonal && J == k) {
      var l = factor_tile(tile[0], original, k == RHS_BLOCK);
      memory[base + LOGS + k].x = -2.0 * (log(l[0].x) + log(l[1].y) + log(l[2].z) + log(l[3].w));
      // The last row is no pivot: it is left out of D, and is the panel of its own block.
      if (k == RHS_BLOCK) { l = mat4x4f(vec4f(l[0].xyz, 0.0), vec4f(l[1].xyz, 0.0), vec4f(l[2].xyz, 0.0), vec4f(0.0, 0.0, 0.0, 1.0)); }
      let inverse = inverse_tile(l);
      store_diagonal(base, mat4x4f(inverse[0], inverse[1], inverse[2], select(inverse[3], vec4f(), k == RHS_BLOCK)));
    }
    for (var s = 0u; s < turns(SLOTS); s++) {
      let I = patch_row + s;
      let below = J == k && (I > k || k == RHS_BLOCK);
      if (I < BLOCKS && (below || (I == k && J < k))) {
        let t = tile_at(s);
        let across = transpose(t);
        store_panel(
          base,
          select(J, I, below),
          mat4x4f(select(across[0], t[0], below), select(across[1], t[1], below), select(across[2], t[2], below), select(across[3], t[3], below)),
        );
      }
    }
    workgroupBarrier();
    let D = diagonal_tile(base);
    // The last block holds pivots in its first three rows and the right-hand side in its last.
    var b = vec4f();
    if (k == RHS_BLOCK && k - patch_row < SLOTS) { b = vec4f(transpose(panel(base, k))[3].xyz, 0.0); }
    for (var s = 0u; s < SLOTS; s++) {
      let I = patch_row + s;
      if (J == k && I > k) {
        tile[s] = tile[s] * D;
      } else if (I == k && k < RHS_BLOCK) {
        if (s == 0u && J == k) { tile[s] = mat4x4f(-D[0], -D[1], -D[2], -D[3]); } else { tile[s] = D * tile[s]; }
      } else if (I == k) {
        if (s == 0u && J == k) {
          let x = D * b;
          var t = mat4x4f(-D[0], -D[1], -D[2], vec4f());
          t[0].w = x.x;
          t[1].w = x.y;
          t[2].w = x.z;
          t[3] = vec4f(x.xyz, tile[s][3].w - dot(b, x));
          tile[s] = t;
        } else {
          let swept = D * tile[s];
          let x = b * swept;
          for (var c = 0u; c < 4u; c++) { tile[s][c] = vec4f(swept[c].xyz, tile[s][c].w - x[c]); }
        }
      }
    }
    // D is its own transpose: P_I D P_Jᵀ is P_I (P_J D)ᵀ.
    if (J != k) {
      let right = panel(base, J);
      for (var c = 0u; c < turns(4u); c++) {
        let z = right * memory[base + DIAGONAL + c];
        for (var s = 0u; s < SLOTS; s++) {
          var y = vec4f();
          // What is beyond the matrix is not used.
          if (patch_row + s != k) { y = memory[base + PANEL + c * BLOCKS + min(patch_row + s, RHS_BLOCK)]; }
          take_product(s, y, z);
        }
      }
    }
    workgroupBarrier();
  }
  let last = RHS_BLOCK - patch_row;
  if (last < SLOTS) {
    let t = tile_at(last);
    let x = vec4f(t[0].w, t[1].w, t[2].w, t[3].w);
    memory[base + SOLUTION + J] = select(x, vec4f(x.xyz, 0.0), J == RHS_BLOCK);
  }
  workgroupBarrier();
}

// Solves the system in the tiles; the solution is left in memory[base + SOLUTION + block]. Sets
// `singular` in the lane that saw it.
fn solve_tiles(base: u32) {
  singular = false;
  for (var s = 0u; s < SLOTS; s++) {
    if (!never_diagonal(s) && tile_row[s] == tile_column[s] && tile_row[s] < BLOCKS) {
      memory[base + ORIGINAL + tile_row[s]] = vec4f(tile[s][0].x, tile[s][1].y, tile[s][2].z, tile[s][3].w);
    }
  }
  for (var k = 0u; k < BLOCKS; k++) {
    for (var s = 0u; s < SLOTS; s++) {
      let I = tile_row[s];
      let J = tile_column[s];
      if (!never_diagonal(s) && I == k && J == k) {
        let l = factor_tile(tile[s], memory[base + ORIGINAL + k], k == RHS_BLOCK);
        memory[base + LOGS + k].x = -2.0 * (log(l[0].x) + log(l[1].y) + log(l[2].z) + log(l[3].w));
        if (k == RHS_BLOCK) {
          // The last row is no pivot: it is left out of D, and is the panel of its own block.
          let inverse = inverse_tile(mat4x4f(vec4f(l[0].xyz, 0.0), vec4f(l[1].xyz, 0.0), vec4f(l[2].xyz, 0.0), vec4f(0.0, 0.0, 0.0, 1.0)));
          store_diagonal(base, mat4x4f(inverse[0], inverse[1], inverse[2], vec4f()));
          store_panel(base, k, tile[s]);
        } else {
          store_diagonal(base, inverse_tile(l));
        }
      } else if (J == k && I < BLOCKS) {
        store_panel(base, I, tile[s]);
      } else if (I == k) {
        store_panel(base, J, transpose(tile[s]));
      }
    }
    workgroupBarrier();
    let D = diagonal_tile(base);
    for (var s = 0u; s < SLOTS; s++) {
      let I = tile_row[s];
      let J = tile_column[s];
      if (J == k && I > k) {
        tile[s] = tile[s] * D;
      } else if (I == k && k < RHS_BLOCK) {
        if (!never_diagonal(s) && J == k) { tile[s] = mat4x4f(-D[0], -D[1], -D[2], -D[3]); } else { tile[s] = D * tile[s]; }
      } else if (I == k) {
        // The last block holds pivots in its first three rows and the right-hand side in its last.
        let own = transpose(panel(base, k))[3].xyz;
        let b = vec4f(own, 0.0);
        if (!never_diagonal(s) && J == k) {
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
      } else if (I != NO_TILE) {
        tile[s] = less_product(tile[s], panel(base, I) * D, panel(base, J));
      }
    }
    workgroupBarrier();
  }
  for (var s = 0u; s < SLOTS; s++) {
    if (tile_row[s] == RHS_BLOCK) {
      let x = vec4f(tile[s][0].w, tile[s][1].w, tile[s][2].w, tile[s][3].w);
      memory[base + SOLUTION + tile_column[s]] = select(x, vec4f(x.xyz, 0.0), tile_column[s] == RHS_BLOCK);
    }
  }
  workgroupBarrier();
}

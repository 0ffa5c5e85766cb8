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
      if (!never_diagonal(s) && tile_row[s] == k && tile_column[s] == k) {
        tile[s] = factor_tile(tile[s], memory[base + ORIGINAL + k], k == RHS_BLOCK);
        store_diagonal(base, tile[s]);
      }
    }
    workgroupBarrier();
    for (var s = 0u; s < SLOTS; s++) {
      if (tile_column[s] == k && tile_row[s] > k) {
        tile[s] = panel_tile(tile[s], diagonal_tile(base));
        store_panel(base, tile_row[s], tile[s]);
      }
    }
    workgroupBarrier();
    for (var j = 0u; j < WIDTH; j++) {
      if (patch_column + j > k && patch_column + j < BLOCKS) {
        let right = panel(base, patch_column + j);
        for (var i = 0u; i < HEIGHT; i++) {
          let s = i * WIDTH + j;
          if (tile_row[s] < BLOCKS) { tile[s] = less_product(tile[s], panel(base, tile_row[s]), right); }
        }
      }
    }
  }

  // The bordered row now holds L⁻¹ times the right-hand side.
  for (var s = 0u; s < SLOTS; s++) {
    if (tile_row[s] == RHS_BLOCK) {
      let y = vec4f(tile[s][0].w, tile[s][1].w, tile[s][2].w, tile[s][3].w);
      memory[base + SOLUTION + tile_column[s]] = select(y, vec4f(y.xyz, 0.0), tile_column[s] == RHS_BLOCK) + noise(tile_column[s]);
    }
  }
  workgroupBarrier();
  for (var left = BLOCKS; left > 0u; left--) {
    let k = left - 1u;
    for (var s = 0u; s < SLOTS; s++) {
      if (!never_diagonal(s) && tile_row[s] == k && tile_column[s] == k) {
        memory[base + SOLUTION + k] = back_tile(tile[s], memory[base + SOLUTION + k]);
      }
    }
    workgroupBarrier();
    for (var s = 0u; s < SLOTS; s++) {
      if (tile_row[s] == k && tile_column[s] < k) {
        memory[base + SOLUTION + tile_column[s]] -= memory[base + SOLUTION + k] * tile[s];
      }
    }
    workgroupBarrier();
  }
}

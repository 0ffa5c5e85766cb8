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

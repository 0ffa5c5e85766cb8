// Full posteriors: the covariance tiles of the other side's entities are added to the Gram tiles, and the swept tiles,
// −A⁻¹, are what is written of the solved one. docs/models.md, "Variational Bayes".
// Twin: src/engine/reference/gram-solve.ts.

fn add_spreads(task: Task, base: u32, lane: u32) {
  for (var at = 0u; at < task.count; at++) {
    let from_row = rating_index[task.first + at] * STRIDE + BLOCKS;
    let weight = weight_at(task.first + at);
    for (var s = 0u; s < SLOTS; s++) {
      if (tile_row[s] != NO_TILE) {
        let place = from_row + 4u * tile_place(s);
        tile[s] += weight * mat4x4f(fixed_rows[place], fixed_rows[place + 1u], fixed_rows[place + 2u], fixed_rows[place + 3u]);
      }
    }
  }
}

// The bias's row of Γ moves to the last row with its sign turned, for what is stored is the covariance of ỹ.
fn write_spread(base: u32, lane: u32, row: u32, has_task: bool) {
  for (var s = 0u; s < SLOTS; s++) {
    let t = tile[s];
    if (!never_diagonal(s) && tile_row[s] == tile_column[s] && tile_row[s] != NO_TILE) {
      memory[base + ORIGINAL + tile_row[s]] = -vec4f(t[0].x, t[1].y, t[2].z, t[3].w);
    }
    if (tile_row[s] == BIAS_BLOCK) {
      memory[base + PANEL + tile_column[s]] = -vec4f(t[0][BIAS_AT], t[1][BIAS_AT], t[2][BIAS_AT], t[3][BIAS_AT]);
    }
  }
  workgroupBarrier();
  if (!has_task) { return; }
  for (var s = 0u; s < SLOTS; s++) {
    let I = tile_row[s];
    let J = tile_column[s];
    // Γ_bj; beyond the bias's own block nothing has been stored, nor is it used.
    let bias_row = memory[base + PANEL + min(J, BIAS_BLOCK)];
    let variance = memory[base + PANEL + BIAS_BLOCK][BIAS_AT];
    if (I != NO_TILE) {
      for (var c = 0u; c < 4u; c++) {
        var column = vec4f();
        for (var r = 0u; r < 4u; r++) {
          let i = 4u * I + r;
          let j = 4u * J + c;
          if (i < K && j < K) { column[r] = -tile[s][c][r]; }
          if (i == LAST && j < K) { column[r] = -bias_row[c]; }
          if (j == LAST && i < K) { column[r] = -bias_row[r]; }
          if (i == LAST && j == LAST) { column[r] = variance; }
        }
        solved_rows[row * STRIDE + BLOCKS + 4u * tile_place(s) + c] = column;
      }
    }
  }
}

// A block's share of log|Γ|.
fn log_determinant(base: u32, block: u32) -> f32 {
  return memory[base + LOGS + block].x;
}

// Variances of a block's coordinates, as write_spread has left them.
fn variances_of(base: u32, block: u32) -> vec4f {
  return memory[base + ORIGINAL + block];
}

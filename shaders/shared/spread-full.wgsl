// Full posteriors: the covariances of the other side's entities (full-covariances.wgsl) are added to the Gram tiles, and
// of the swept tiles, −A⁻¹, the solved row's is written. docs/models.md, "Variational Bayes".
// Twin: src/engine/reference/gram-solve.ts.

// Before ratings are added to the tiles, which hold folded sums meanwhile. A slot without a tile reads the bias's row.
fn add_spreads(task: Task, base: u32, lane: u32) {
  // Where tiles begin is asked for once, and again when the row is written: compilers that see that it is the same keep
  // it all along, in registers that are too few.
  var first_of: array<u32, SLOTS>;
  for (var s = 0u; s < SLOTS; s++) { first_of[s] = folded_at(turns(tile_row[s]), turns(tile_column[s])); }
  for (var at = 0u; at < task.count; at += SPREADS) {
    // Those of several ratings are asked for before one is waited for; past the task's last the first comes again, in vain.
    var from_row: array<u32, SPREADS>;
    var weight: array<f32, SPREADS>;
    for (var i = 0u; i < SPREADS; i++) {
      let past = SPREADS > 1u && at + i >= task.count;
      let rating = task.first + select(at + i, at, past);
      from_row[i] = rating_index[rating] * STRIDE;
      weight[i] = select(weight_at(rating), 0.0, past);
    }
    for (var s = 0u; s < SLOTS; s++) {
      var first: array<vec4f, SPREADS>;
      for (var i = 0u; i < SPREADS; i++) { first[i] = fixed_rows[from_row[i] + first_of[s]]; }
      if (tile_row[s] < FACTOR_BLOCKS) {
        var others: array<mat3x4f, SPREADS>;
        for (var i = 0u; i < SPREADS; i++) {
          let second = from_row[i] + first_of[s] + APART;
          let last = from_row[i] + first_of[s] + fourth_of(tile_row[s], tile_column[s]);
          others[i] = mat3x4f(fixed_rows[second], fixed_rows[second + APART], fixed_rows[last]);
        }
        for (var i = 0u; i < SPREADS; i++) {
          for (var c = 0u; c < 3u; c++) { tile[s][c + 1u] += weight[i] * others[i][c]; }
        }
      }
      for (var i = 0u; i < SPREADS; i++) { tile[s][0] += weight[i] * first[i]; }
    }
  }
  for (var s = 0u; s < SLOTS; s++) {
    if (tile_row[s] == NO_TILE) { tile[s] = mat4x4f(); } else { tile[s] = unfolded(tile_row[s], tile_column[s], tile[s]); }
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
        for (var r = 0u; r < 4u; r++) {
          let i = 4u * I + r;
          let j = 4u * J + c;
          var entry = select(0.0, -tile[s][c][r], i < K && j < K);
          if (i == LAST && j < K) { entry = -bias_row[c]; }
          if (j == LAST && i < K) { entry = -bias_row[r]; }
          if (i == LAST && j == LAST) { entry = variance; }
          tile[s][c][r] = entry;
        }
      }
      // The first of a tile's vec4s is stored, and the others move up.
      var f = folded(I, J, tile[s]);
      for (var v = 0u; v < MOST_VECTORS; v++) {
        if (v < vectors_of(I, J)) { solved_rows[row * STRIDE + folded_at(I, J) + v * APART] = f[0]; }
        f = mat4x4f(f[1], f[2], f[3], f[0]);
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

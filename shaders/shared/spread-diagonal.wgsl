// Diagonal posteriors: the variances of the other side's entities are added to the diagonal, and each coordinate's own
// variance is the inverse of its precision, which is the ELBO's optimum for this family.
// docs/models.md, "Variational Bayes". Twin: src/engine/reference/gram-solve.ts.

// Each lane adds up some blocks of the variances of all the task's ratings;
// the owners of diagonal tiles then fetch them. The host puts SPREAD_BLOCKS, how many a lane has, before this text.
fn add_spreads(task: Task, base: u32, lane: u32) {
  for (var turn = 0u; turn < SPREAD_BLOCKS; turn++) {
    let block = lane + turn * TEAM;
    if (block < BLOCKS) {
      var sum = vec4f();
      for (var at = 0u; at < task.count; at++) {
        sum += weight_at(task.first + at) * fixed_rows[rating_index[task.first + at] * STRIDE + BLOCKS + block];
      }
      memory[base + ORIGINAL + block] = sum;
    }
  }
  workgroupBarrier();
  for (var s = 0u; s < SLOTS; s++) {
    if (!never_diagonal(s) && tile_row[s] == tile_column[s] && tile_row[s] != NO_TILE) {
      let sum = memory[base + ORIGINAL + tile_row[s]];
      for (var c = 0u; c < 4u; c++) { tile[s][c][c] += sum[c]; }
    }
  }
  workgroupBarrier();
}

// Cholesky has left the precisions in ORIGINAL.
fn write_spread(base: u32, lane: u32, row: u32, has_task: bool) {
  if (!has_task) { return; }
  for (var turn = 0u; turn < SPREAD_BLOCKS; turn++) {
    let block = lane + turn * TEAM;
    if (block < BLOCKS) {
      let precisions = memory[base + ORIGINAL + block];
      var variance = vec4f();
      for (var c = 0u; c < 4u; c++) {
        if (4u * block + c < K) { variance[c] = 1.0 / precisions[c]; }
      }
      if (block == RHS_BLOCK) { variance[RHS_AT] = 1.0 / memory[base + ORIGINAL + BIAS_BLOCK][BIAS_AT]; }
      solved_rows[row * STRIDE + BLOCKS + block] = variance;
    }
  }
}

// A block's share of log|Γ| = −Σ log precision.
fn log_determinant(base: u32, block: u32) -> f32 {
  let logs = log(memory[base + ORIGINAL + block]);
  return -dot(select(vec4f(), logs, 4u * block + vec4u(0u, 1u, 2u, 3u) <= vec4u(K)), vec4f(1.0));
}

// Variances of a block's coordinates.
fn variances_of(base: u32, block: u32) -> vec4f {
  return 1.0 / memory[base + ORIGINAL + block];
}

// Half-sweep: the normal equations of each row, accumulated and solved in one kernel.
//
// With ỹ = (y, 1, e), e = r − μ − b, the bordered Gram matrix Σ ỹ ỹᵀ holds everything that a row's system needs.
// A team stages STAGE ratings at a time in workgroup memory (two barriers per stage) and adds their outer
// products to the 4×4 tiles that its lanes own in registers (shared/gather-*.wgsl), then factors those registers
// in place (shared/cholesky.wgsl), or, where the inverse is wanted, sweeps them (shared/sweep.wgsl). Models
// differ in parts: how a rating becomes ỹ (shared/stage-*.wgsl), a matrix that all rows share (base-*.wgsl),
// a pull of each row's own, what goes in and out of a posterior's covariance (spread-*.wgsl),
// and whether a draw is wanted (noise-*.wgsl).
//
// Rows up to the host's segment length are solved by `whole_rows`. Longer ones are cut into segments:
// `row_segments` writes the tiles of each, `long_rows` adds a row's segments in order and solves, so the
// result never depends on scheduling.
//
// Launch: one team of TEAM lanes per task, TEAMS teams per workgroup, workgroups in two dimensions.
// Workgroup memory: TEAMS · SLICE vec4s to solve in, and the staged ratings. Twin: src/engine/reference/gram-solve.ts.

@group(0) @binding(6) var<storage, read_write> partial_tiles: array<mat4x4f>;

// After ORIGINAL in a team's slice: the bias's equation, kept aside by sequential updates: its row, λ Σ e,
// and its precision. A place each for the last two, because writing one component of a vector may touch the others.
const COUPLING = ORIGINAL + BLOCKS;
const BIAS_SUM = COUPLING + BLOCKS;
const BIAS_PRECISION = BIAS_SUM + 1u;
// Where the panel was: what blocks of the solution add to the errors. Its first BLOCKS hold a full covariance's bias.
const TERMS = PANEL + BLOCKS;

var<private> current_row: u32;

fn accumulate(at: Place, stages: u32) {
  own_tiles(at.lane);
  add_spreads(at.task, at.base, at.lane);
  gather(at, stages);
}

// λ times the sums, plus what all rows share, plus the prior precisions on the diagonal.
fn add_prior(weight: f32, has_task: bool) {
  for (var s = 0u; s < SLOTS; s++) {
    tile[s] *= settings.lambda;
    if (BASE && tile_row[s] != NO_TILE) { tile[s] += base_tile(tile_place(s)); }
    if (PULLED && has_task && tile_row[s] == RHS_BLOCK) {
      let pull = pull_of(current_row, tile_column[s]);
      for (var c = 0u; c < 4u; c++) { tile[s][c][RHS_AT] += pull[c]; }
    }
    if (!never_diagonal(s) && tile_row[s] == tile_column[s] && tile_row[s] != NO_TILE) {
      let precisions = prior_precisions(tile_row[s], weight);
      for (var c = 0u; c < 4u; c++) {
        // The corner stays λ Σ e².
        if ((ERRORS || EXPECTED_ERRORS) && tile_row[s] == RHS_BLOCK && c == RHS_AT) { continue; }
        tile[s][c][c] += precisions[c];
      }
    }
  }
}

// Sequential update: takes the bias out of the system. Its column goes to the right-hand side at the old bias.
fn set_bias_aside(at: Place) {
  for (var s = 0u; s < SLOTS; s++) {
    let J = tile_column[s];
    if (tile_row[s] == BIAS_BLOCK) {
      var coupling = vec4f();
      for (var c = 0u; c < 4u; c++) {
        if (4u * J + c < K) { coupling[c] = tile[s][c][BIAS_AT]; }
      }
      memory[at.base + COUPLING + J] = coupling;
    }
    if (tile_row[s] == RHS_BLOCK && J == BIAS_BLOCK) { memory[at.base + BIAS_SUM].x = tile[s][BIAS_AT][RHS_AT]; }
    if (tile_row[s] == BIAS_BLOCK && J == BIAS_BLOCK) { memory[at.base + BIAS_PRECISION].x = tile[s][BIAS_AT][BIAS_AT]; }
    if (tile_row[s] == BIAS_BLOCK) {
      for (var c = 0u; c < 4u; c++) { tile[s][c][BIAS_AT] = 0.0; }
    }
    if (J == BIAS_BLOCK) { tile[s][BIAS_AT] = vec4f(); }
    if (tile_row[s] == BIAS_BLOCK && J == BIAS_BLOCK) { tile[s][BIAS_AT][BIAS_AT] = 1.0; }
  }
  workgroupBarrier();
  let old_bias = solved_rows[at.task.row * STRIDE + BIAS_BLOCK][BIAS_AT];
  for (var s = 0u; s < SLOTS; s++) {
    if (tile_row[s] == RHS_BLOCK && tile_column[s] <= BIAS_BLOCK) {
      let change = old_bias * memory[at.base + COUPLING + tile_column[s]];
      for (var c = 0u; c < 4u; c++) { tile[s][c][RHS_AT] -= change[c]; }
    }
  }
}

// The bias at the new factors.
fn bias_after(base: u32) -> f32 {
  var sum = memory[base + BIAS_SUM].x;
  for (var block = 0u; block <= BIAS_BLOCK; block++) {
    sum -= dot(memory[base + COUPLING + block], memory[base + SOLUTION + block]);
  }
  return sum / memory[base + BIAS_PRECISION].x;
}

// What a block of the row's new parameters x adds to xᵀ Λ x − 2 pᵀ x, p the row's pull, to tr(Γ Σ E[y yᵀ]), where
// λ Σ E[y yᵀ] = Γ⁻¹ − Λ, times λ, and to log|Γ|.
fn terms_of(at: Place, block: u32) -> vec4f {
  let precisions = prior_precisions(block, at.task.weight);
  let x = memory[at.base + SOLUTION + block];
  let prior = dot(precisions * x - 2.0 * pull_of(at.task.row, block), x);
  if (ERRORS) { return vec4f(prior, 0.0, 0.0, 0.0); }
  let share = 1.0 - precisions * variances_of(at.base, block);
  let trace = dot(select(share, vec4f(share.xyz, 0.0), block == RHS_BLOCK), vec4f(1.0));
  return vec4f(prior, trace, log_determinant(at.base, block), 0.0);
}

// Whether the lane owns the last tile.
fn owns_corner() -> bool {
  var owned = false;
  for (var s = 0u; s < SLOTS; s++) { owned = owned || (tile_row[s] == RHS_BLOCK && tile_column[s] == RHS_BLOCK); }
  return owned;
}

// Σ w e² of the row at its new parameters x, so that the errors of all ratings need no pass over them: at the solution
// of (λ Σ y yᵀ + Λ) x = rhs the bordered matrix's remainder is λ Σ w e² + xᵀ Λ x − 2 pᵀ x. Or, at a new posterior,
// Σ w E[e²]: Σ e² at the means with what the other side's spread adds to it, which the matrix holds, and the trace.
// Done by the lane that owns the last tile, and so the remainder.
fn leave_errors(at: Place) {
  var terms = vec4f();
  for (var block = 0u; block < BLOCKS; block++) { terms += memory[at.base + TERMS + block]; }
  let errors = (remainder - terms.x + terms.y) / settings.lambda;
  if (EXPECTED_ERRORS) { solved_rows[(at.task.row + 1u) * STRIDE - 1u] = vec4f(errors, 0.0, 0.0, 0.0); }
  var x = memory[at.base + SOLUTION + RHS_BLOCK];
  x[RHS_AT] = select(errors, terms.z, EXPECTED_ERRORS);
  solved_rows[at.task.row * STRIDE + RHS_BLOCK] = x;
}

fn solve(at: Place) {
  current_row = at.task.row;
  add_prior(at.task.weight, at.has_task);
  if (SEQUENTIAL) { set_bias_aside(at); }
  solve_tiles(at.base);
  write_spread(at.base, at.lane, at.task.row, at.has_task);
  if (at.has_task) {
    if (singular) { atomicMin(&first_singular_row, dispatch.first_row + at.task.row); }
    for (var block = at.lane; block < BLOCKS; block += TEAM) {
      var x = memory[at.base + SOLUTION + block];
      if (SEQUENTIAL && block == BIAS_BLOCK) { x[BIAS_AT] = bias_after(at.base); }
      if (ERRORS || EXPECTED_ERRORS) { memory[at.base + TERMS + block] = terms_of(at, block); }
      // The last one's is left with the errors.
      if ((ERRORS || EXPECTED_ERRORS) && block == RHS_BLOCK) { continue; }
      solved_rows[at.task.row * STRIDE + block] = x;
    }
  }
  if (ERRORS || EXPECTED_ERRORS) {
    workgroupBarrier();
    if (at.has_task && owns_corner()) { leave_errors(at); }
  }
}

@compute @workgroup_size(TEAM * TEAMS)
fn whole_rows(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = first_task(group, groups);
  let at = place(first, local);
  accumulate(at, stages_of(first));
  solve(at);
}

@compute @workgroup_size(TEAM * TEAMS)
fn row_segments(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = first_task(group, groups);
  let at = place(first, local);
  accumulate(at, stages_of(first));
  if (!at.has_task) { return; }
  for (var s = 0u; s < SLOTS; s++) {
    if (tile_row[s] != NO_TILE) { partial_tiles[at.task.segment * TILES + tile_place(s)] = tile[s]; }
  }
}

// Half of each tile, columns `half` and the next: with whole tiles under way, registers are twice those of whole rows.
// SEGMENTS are asked for before one is waited for.
fn add_segments(task: Task, half: u32) {
  for (var segment = 0u; segment < task.segments; segment += SEGMENTS) {
    for (var s = 0u; s < SLOTS; s++) {
      if (tile_row[s] != NO_TILE) {
        var columns: array<mat2x4f, SEGMENTS>;
        for (var i = 0u; i < SEGMENTS; i++) {
          let past = SEGMENTS > 1u && segment + i >= task.segments;
          let place = (task.segment + select(segment + i, segment, past)) * TILES + tile_place(s);
          columns[i] = mat2x4f(partial_tiles[place][half], partial_tiles[place][half + 1u]);
        }
        for (var i = 0u; i < SEGMENTS; i++) {
          if (SEGMENTS == 1u || segment + i < task.segments) {
            tile[s][half] += columns[i][0];
            tile[s][half + 1u] += columns[i][1];
          }
        }
      }
    }
  }
}

@compute @workgroup_size(TEAM * TEAMS)
fn long_rows(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let at = place(first_task(group, groups), local);
  own_tiles(at.lane);
  add_segments(at.task, 0u);
  add_segments(at.task, 2u);
  solve(at);
}

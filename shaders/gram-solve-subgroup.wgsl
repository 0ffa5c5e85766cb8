// Half-sweep of `als`, `implicit`, `gibbs` and `vb` by diagonals, a subgroup per row: for drivers that run a subgroup as
// one SIMD register, where lanes that load from different addresses load one after the other, but a broadcast is one
// instruction and a barrier is dear.
//
// The bordered Gram matrix Σ ỹ ỹᵀ of gram-solve.wgsl, times λ, kept by rows: lane l holds the rows l, l + SUBGROUP, … up
// to the end of their group's columns. Every lane loads one rating; SUBGROUP ratings are then exchanged, so that each
// lane has its own rows' components of all of them, and are broadcast from there to be multiplied. Elimination and
// substitution broadcast in the same way: no workgroup memory, no barrier. The matrix becomes L D Lᵀ, of which the
// columns stay times D, so that no root is taken.
//
// The statements for rows and columns are written out by src/engine/webgpu/rows/subgroup-loops.ts, for registers want
// constant indices, each once where it can be: a loop goes over the groups of columns, and an if in it to the group's
// own statements (docs/performance.md, "Compiling on software drivers"). Variables are numbers, not vectors, since
// llvmpipe loads all of a vector for each of its components.
//
// Launch: one subgroup per workgroup and per task, workgroups in two dimensions.
// Twin: src/engine/reference/gram-solve.ts.

// `solved_rows` as numbers, of which each lane writes its own: to write a component of a vector may touch the others.
@group(0) @binding(5) var<storage, read_write> solved_numbers: array<f32>;
@group(0) @binding(6) var<storage, read_write> partial_sums: array<vec4f>;

var<private> current_row: u32;

// −1 over a pivot, or 0 for the bias that is set aside. With the sign, no product must be negated.
fn negative_inverse(pivot: f32, original: f32, column: u32) -> f32 {
  if (SEQUENTIAL && column == K) { return 0.0; }
  let root = checked_pivot(pivot, original);
  return -1.0 / select(pivot, 1.0, singular);
}

fn solve(row: u32, weight: f32, given: bool, lane: u32) {
  current_row = row;
  let old_bias = select(0.0, solved_numbers[4u * row * STRIDE + K], SEQUENTIAL);
  add_prior(weight, lane);
  factor(lane);
  substitute(old_bias, lane);
  if (SEQUENTIAL) { bias_after(old_bias, lane); }
  if (ERRORS) { leave_errors(lane); }
  if (EXPECTED_ERRORS) { leave_expected_errors(lane); }
  if (given && singular && lane == 0u) { atomicMin(&first_singular_row, dispatch.first_row + row); }
  write_rows(row * STRIDE, given, lane);
}

// Whole rows and long ones share the solve, so that it is compiled once. What is no task has no ratings and writes
// nothing, if it is not left out.
@compute @workgroup_size(SUBGROUP)
fn solve_rows(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let at = task_at(group, groups);
  let given = is_task(at);
  if (LEAVES_OUT && !given) { return; }
  let segments = select(0u, segments_of(at), given);
  let words = words_of(at, lane);
  clear_sums();
  add_ratings(first_in(words), select(0u, count_of(at), given && segments == 0u), lane);
  add_stored_sums(segment_in(words) * PARTIAL + lane, segments, lane);
  solve(row_in(words), weight_in(words), given, lane);
}

@compute @workgroup_size(SUBGROUP)
fn row_segments(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let at = task_at(group, groups);
  let given = is_task(at);
  if (LEAVES_OUT && !given) { return; }
  let words = words_of(at, lane);
  clear_sums();
  add_ratings(first_in(words), select(0u, count_of(at), given), lane);
  store_sums(segment_in(words) * PARTIAL + lane, given);
}

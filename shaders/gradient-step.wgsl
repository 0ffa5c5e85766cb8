// Half of a batch gradient step: the velocity of each row of a side, v ← ω v − η ∂L/∂x / (λ n + τ), with ∂L/∂x = −λ Σ
// w e y + τ x and n = Σ w, the row of the sparse residual matrix times the other side's factors. Both sides'
// velocities come from the rows as they were; take-step.wgsl then moves the rows. The velocity stands behind a row.
// docs/models.md, "Gradient descent".
//
// A team of TEAM lanes per row, TEAMS teams per workgroup. TEAM ratings at a time, each lane takes the residual of one;
// then the lanes share out blocks of components and ratings, so that neighbouring lanes read neighbouring blocks: lane
// p · BLOCKS + b adds e y of block b over every PARTS-th rating. The parts are added in order, and so are the segments
// of long rows: the result never depends on scheduling.
//
// Launch: one team per task, longest first, workgroups in two dimensions. Workgroup memory: 20 bytes per lane.
// Twin: src/engine/reference/gradient-step.ts.

@group(0) @binding(6) var<storage, read_write> partial_sums: array<vec4f>;

const PARTS = TEAM / BLOCKS;

var<workgroup> residuals: array<f32, TEAM * TEAMS>;
var<workgroup> parts: array<vec4f, TEAM * TEAMS>;

// Block of components and part of the ratings that are a lane's; no part beyond PARTS.
fn block_of(at: Place) -> u32 {
  return at.lane % BLOCKS;
}

fn part_of(at: Place) -> u32 {
  return at.lane / BLOCKS;
}

fn residual(task: Task, at: u32) -> f32 {
  let rating = task.first + at;
  let own = task.row * STRIDE;
  let other = rating_index[rating] * STRIDE;
  var e = value_at(rating) - settings.mean - solved_rows[own + BIAS_BLOCK][BIAS_AT] - fixed_rows[other + BIAS_BLOCK][BIAS_AT];
  for (var b = 0u; b < BLOCKS; b++) { e -= dot(solved_rows[own + b] * is_factor(b), fixed_rows[other + b]); }
  return weight_at(rating) * e;
}

// Σ w e y of the task's ratings, block b in lane b of the team.
fn residual_sums(at: Place, stages: u32) -> vec4f {
  let block = block_of(at);
  var sum = vec4f();
  for (var stage = 0u; stage < stages; stage++) {
    let start = stage * STAGE;
    var e = 0.0;
    if (start + at.lane < at.task.count) { e = residual(at.task, start + at.lane); }
    residuals[at.base + at.lane] = e;
    workgroupBarrier();
    if (part_of(at) < PARTS) {
      for (var rating = part_of(at); rating < STAGE && start + rating < at.task.count; rating += PARTS) {
        var y = fixed_rows[rating_index[at.task.first + start + rating] * STRIDE + block];
        if (block == BIAS_BLOCK) { y[BIAS_AT] = 1.0; }
        sum += residuals[at.base + rating] * y;
      }
    }
    workgroupBarrier();
  }
  parts[at.base + at.lane] = sum;
  workgroupBarrier();
  var total = vec4f();
  for (var part = 0u; part < PARTS; part++) { total += parts[at.base + part * BLOCKS + block]; }
  return total;
}

fn step_block(row: u32, weight: f32, b: u32, total: vec4f) {
  let own = row * STRIDE;
  let x = solved_rows[own + b];
  let precisions = settings.prior[b];
  var mask = is_factor(b);
  if (b == BIAS_BLOCK) { mask[BIAS_AT] = f32(settings.biases); }
  let gradient = precisions * x - settings.lambda * total;
  let curvature = max(settings.lambda * weight + precisions, vec4f(1e-6));
  solved_rows[own + BLOCKS + b] = mask * (settings.momentum * solved_rows[own + BLOCKS + b] - settings.step * gradient / curvature);
}

@compute @workgroup_size(TEAM * TEAMS)
fn whole_rows(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = first_task(group, groups);
  let at = place(first, local);
  let total = residual_sums(at, stages_of(first));
  if (at.has_task && part_of(at) == 0u) { step_block(at.task.row, at.task.weight, block_of(at), total); }
}

@compute @workgroup_size(TEAM * TEAMS)
fn row_segments(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = first_task(group, groups);
  let at = place(first, local);
  let total = residual_sums(at, stages_of(first));
  if (at.has_task && part_of(at) == 0u) { partial_sums[at.task.segment * BLOCKS + block_of(at)] = total; }
}

@compute @workgroup_size(TEAM * TEAMS)
fn long_rows(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let at = place(first_task(group, groups), local);
  if (!at.has_task || part_of(at) > 0u) { return; }
  let block = block_of(at);
  var total = vec4f();
  for (var segment = 0u; segment < at.task.segments; segment++) { total += partial_sums[(at.task.segment + segment) * BLOCKS + block]; }
  step_block(at.task.row, at.task.weight, block, total);
}

// Half-sweep by conjugate gradients, a subgroup per row: for drivers that run a subgroup as one SIMD register, where
// lanes that load from different addresses load one after the other, but a shuffle is one instruction and a barrier is
// dear.
//
// What conjugate-gradients.wgsl does, and its words. A lane owns every SUBGROUP-th block of the row's vectors x, r, p
// and A p. Every lane loads the index and the value of one rating; then, a rating at a time, the lanes load their own
// blocks of ỹ, once: ỹ·p is a sum over lanes, and what is in registers is added to A p. No workgroup memory and no
// barrier.
//
// Vectors are arrays, and the host keeps their loops from being written out, so that the kernel compiles soon
// (docs/performance.md, "Compiling on software drivers"). The loop over ratings is written out by
// src/engine/webgpu/rows/descent-loops.ts, for registers want constant indices: `add_ratings`, `sum_of_lanes`.
//
// Launch: one subgroup per workgroup and per task, workgroups in two dimensions.
// Twin: src/engine/reference/conjugate-gradients.ts.

var<private> own_p: array<vec4f, OWN>;

// Whether a pass is over the row itself, not over a direction.
fn is_of_row(phase: u32) -> bool { return phase == 0u || is_bias_phase(phase); }

// What ỹ has behind the factors: the 1 that the bias is multiplied by.
fn border_of(block: u32) -> vec4f {
  return select(vec4f(), vec4f(f32(JOINT && settings.biases == 1u)), 4u * block + vec4u(0u, 1u, 2u, 3u) == vec4u(K));
}

// The image of p by the prior and all pairs. Blocks beyond the row's are 0 in all vectors.
fn set_image_to_base(row: u32, weight: f32, phase: u32, lane: u32) {
  for (var o = 0u; o < OWN; o++) {
    let block = lane + o * SUBGROUP;
    var image = base_image(lane, block);
    if (block < BLOCKS) {
      var held_back = prior_precisions(block, weight) * own_p[o];
      if (PULLED && phase == 0u) { held_back -= pull_of(row, block); }
      image += held_back * is_unknown(block);
    }
    own_image[o] = image;
  }
}

// Takes what a pass was for: the residual, or a step.
fn take_phase(phase: u32) {
  if (is_bias_phase(phase)) { return; }
  var length = 0.0;
  if (phase > 0u) {
    var sum = 0.0;
    for (var o = 0u; o < OWN; o++) { sum += dot(own_p[o], own_image[o]); }
    let curvature = sum_of_lanes(sum) + phase_sum;
    goes_on = goes_on && curvature > 0.0;
    length = select(0.0, residual / curvature, goes_on);
  }
  var squares = 0.0;
  for (var o = 0u; o < OWN; o++) {
    own_x[o] += length * own_p[o];
    let r = select(own_r[o] - length * own_image[o], -own_image[o], phase == 0u);
    own_r[o] = r;
    squares += dot(r, r);
  }
  if (only_products(phase)) { return; }
  let next = sum_of_lanes(squares);
  if (phase == 0u) {
    smallest = next * SMALLEST_RESIDUAL_SHARE;
    goes_on = next > 0.0;
  } else { goes_on = goes_on && next > smallest; }
  let turn = select(0.0, next / residual, phase > 0u && goes_on);
  residual = next;
  for (var o = 0u; o < OWN; o++) { own_p[o] = own_r[o] + turn * own_p[o]; }
}

fn place_at(number: u32, lane: u32) -> Place {
  return Place(0u, lane, tasks[number], true);
}

@compute @workgroup_size(SUBGROUP)
fn whole_rows(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let number = task_at(group, groups);
  if (!is_task(number)) { return; }
  let at = place_at(number, lane);
  load_row(at);
  for (var phase = 0u; phase < PHASES_BEYOND + settings.steps; phase++) {
    phase_sum = 0.0;
    for (var o = 0u; o < OWN; o++) { own_p[o] = select(own_p[o], own_x[o], is_of_row(phase)); }
    if (!is_bias_phase(phase)) { set_image_to_base(at.task.row, at.task.weight, phase, lane); }
    add_ratings(tasks[number].first, tasks[number].count, phase, lane);
    take_phase(phase);
  }
  var bias = 0.0;
  if (SEQUENTIAL) { bias = select(0.0, bias_after(at, phase_sum), settings.biases == 1u); }
  write_row(at, bias);
}

@compute @workgroup_size(SUBGROUP)
fn row_segments(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let number = task_at(group, groups);
  if (!is_task(number)) { return; }
  let at = place_at(number, lane);
  load_row(at);
  for (var o = 0u; o < OWN; o++) {
    let block = lane + o * SUBGROUP;
    own_p[o] = own_x[o];
    own_image[o] = vec4f();
    // A segment's row stands at the first of its segments, whose place the task names.
    if (!is_of_row(dispatch.phase) && block < BLOCKS) { own_p[o] = partial_images[at.task.segments * PARTIAL + DIRECTION_AT + block]; }
  }
  phase_sum = 0.0;
  add_ratings(tasks[number].first, tasks[number].count, dispatch.phase, lane);
  let to = at.task.segment * PARTIAL;
  for (var o = 0u; o < OWN; o++) {
    let block = lane + o * SUBGROUP;
    if (block < BLOCKS) { partial_images[to + block] = own_image[o]; }
  }
  if (lane == 0u) { partial_images[to + SUM_AT] = vec4f(phase_sum, 0.0, 0.0, 0.0); }
}

@compute @workgroup_size(SUBGROUP)
fn long_rows(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let number = task_at(group, groups);
  if (!is_task(number)) { return; }
  let at = place_at(number, lane);
  let phase = dispatch.phase;
  let to = at.task.segment * PARTIAL;
  load_row(at);
  for (var o = 0u; o < OWN; o++) {
    let block = lane + o * SUBGROUP;
    own_p[o] = own_x[o];
    own_r[o] = vec4f();
    if (phase > 0u && block < BLOCKS) {
      own_r[o] = partial_images[to + RESIDUAL_AT + block];
      own_p[o] = partial_images[to + DIRECTION_AT + block];
    }
  }
  if (!is_bias_phase(phase)) { set_image_to_base(at.task.row, at.task.weight, phase, lane); }
  phase_sum = 0.0;
  for (var segment = 0u; segment < tasks[number].segments; segment++) {
    for (var o = 0u; o < OWN; o++) {
      let block = lane + o * SUBGROUP;
      if (block < BLOCKS) { own_image[o] += partial_images[to + segment * PARTIAL + block]; }
    }
    phase_sum += partial_images[to + segment * PARTIAL + SUM_AT].x;
  }
  if (phase > 0u) {
    let progress = partial_images[to + PROGRESS_AT];
    residual = progress.x;
    smallest = progress.y;
    goes_on = progress.z > 0.0;
  }
  take_phase(phase);
  var bias = held;
  if (SEQUENTIAL && is_bias_phase(phase)) { bias = select(0.0, bias_after(at, phase_sum), settings.biases == 1u); }
  write_row(at, bias);
  for (var o = 0u; o < OWN; o++) {
    let block = lane + o * SUBGROUP;
    if (block < BLOCKS) {
      partial_images[to + RESIDUAL_AT + block] = own_r[o];
      partial_images[to + DIRECTION_AT + block] = own_p[o];
    }
  }
  if (lane == 0u) { partial_images[to + PROGRESS_AT] = vec4f(residual, smallest, f32(goes_on), 0.0); }
}

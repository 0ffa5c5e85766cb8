// Half-sweep by conjugate gradients: each row is moved some steps from its present values towards the solution of its
// system A x = h, and A is never formed.
//
// A team of TEAM lanes has a row; a lane owns every TEAM-th block of its vectors, in registers: x, the residual r, the
// image A p. The direction p is in workgroup memory. A pass over the row's ratings takes STAGE of them at a time:
// PARTS lanes form the product ỹ·p of each, shares are made of the products, and every lane adds share times its own
// blocks of ỹ, which are still in the cache, to the image. Two barriers a stage. The first pass makes r = h − A x,
// each one after it is a step, of the last only the curvature p·A p is needed, which takes no second reading. Then, of
// sequential updates, a pass of products alone gives the bias at the new factors.
//
// Rows up to the host's segment length are done by `whole_rows`. Of longer ones `row_segments` writes the image that
// each segment makes in one pass and `long_rows` adds a row's segments in order and takes the step, pass by pass
// (`dispatch.phase`); in between the row's r and p stand behind its first segment's image.
//
// Launch: one team per task, TEAMS teams per workgroup, workgroups in two dimensions. Workgroup memory: per team
// BLOCKS vec4s, STAGE · (PARTS + 2) and TEAM words. Twin: src/engine/reference/conjugate-gradients.ts.

var<workgroup> direction: array<vec4f, BLOCKS * TEAMS>;
var<workgroup> part_sums: array<f32, STAGE * PARTS * TEAMS>;
var<workgroup> shares: array<f32, STAGE * TEAMS>;
var<workgroup> others: array<u32, STAGE * TEAMS>;
var<workgroup> lane_sums: array<f32, TEAM * TEAMS>;

// The team's sum of a number, the same in each of its lanes.
fn add_team(at: Place, value: f32) -> f32 {
  workgroupBarrier();
  lane_sums[at.base * TEAM + at.lane] = value;
  workgroupBarrier();
  var sum = 0.0;
  for (var lane = 0u; lane < TEAM; lane++) { sum += lane_sums[at.base * TEAM + lane]; }
  return sum;
}

// Goes through ratings, `count` of them from `first` on.
fn add_ratings(at: Place, first: u32, count: u32, stages: u32, phase: u32) {
  for (var stage = 0u; stage < stages; stage++) {
    let start = stage * STAGE;
    for (var part = at.lane; part < STAGE * PARTS; part += TEAM) {
      let rating = start + part / PARTS;
      var sum = 0.0;
      if (rating < count) {
        let other = rating_index[first + rating] * FIXED_STRIDE;
        for (var block = part % PARTS; block < BLOCKS; block += PARTS) {
          sum += dot(rated_block(other, block), direction[at.base * BLOCKS + block]);
        }
      }
      part_sums[at.base * STAGE * PARTS + part] = sum;
    }
    workgroupBarrier();
    for (var place = at.lane; place < STAGE; place += TEAM) {
      if (start + place >= count) { continue; }
      var product = 0.0;
      for (var part = 0u; part < PARTS; part++) { product += part_sums[(at.base * STAGE + place) * PARTS + part]; }
      let other = rating_index[first + start + place] * FIXED_STRIDE;
      let value = value_at(first + start + place);
      let weight = weight_of(value, weight_at(first + start + place));
      var share = weight * product;
      if (phase == 0u || is_bias_phase(phase)) { share -= target_of(value, weight, other, held); }
      else if (only_products(phase)) { share *= product; }
      shares[at.base * STAGE + place] = share;
      others[at.base * STAGE + place] = other;
      phase_sum += select(0.0, share, only_products(phase));
    }
    workgroupBarrier();
    if (only_products(phase)) { continue; }
    let here = min(STAGE, max(count, start) - start);
    for (var place = 0u; place < here; place++) {
      let share = shares[at.base * STAGE + place];
      let other = others[at.base * STAGE + place];
      for (var o = 0u; o < OWN; o++) {
        let block = at.lane + o * TEAM;
        if (block < BLOCKS) { own_image[o] += share * rated_block(other, block); }
      }
    }
  }
}

// What the prior and all pairs add to the image of what stands in `direction`.
fn add_base(at: Place, phase: u32) {
  for (var o = 0u; o < OWN; o++) {
    let block = at.lane + o * TEAM;
    if (block < BLOCKS) {
      let p = direction[at.base * BLOCKS + block];
      var held_back = prior_precisions(block, at.task.weight) * p;
      if (PULLED && phase == 0u && at.has_task) { held_back -= pull_of(at.task.row, block); }
      own_image[o] += held_back * is_unknown(block) + base_image(at.base * BLOCKS, block);
    }
  }
}

fn set_direction_to_row(at: Place) {
  for (var o = 0u; o < OWN; o++) {
    let block = at.lane + o * TEAM;
    if (block < BLOCKS) { direction[at.base * BLOCKS + block] = own_x[o]; }
  }
}

fn product_with_own(at: Place, of_direction: bool) -> f32 {
  var sum = 0.0;
  for (var o = 0u; o < OWN; o++) {
    let block = at.lane + o * TEAM;
    if (block < BLOCKS) {
      if (of_direction) { sum += dot(direction[at.base * BLOCKS + block], own_image[o]); }
      else { sum += dot(own_r[o], own_r[o]); }
    }
  }
  return sum;
}

// Takes what a pass was for: the residual, or a step.
fn take_phase(at: Place, phase: u32) {
  if (is_bias_phase(phase)) { return; }
  if (phase == 0u) {
    for (var o = 0u; o < OWN; o++) { own_r[o] = -own_image[o]; }
  } else {
    let curvature = add_team(at, product_with_own(at, true) + phase_sum);
    goes_on = goes_on && curvature > 0.0;
    let length = select(0.0, residual / curvature, goes_on);
    for (var o = 0u; o < OWN; o++) {
      let block = at.lane + o * TEAM;
      if (block < BLOCKS) {
        own_x[o] += length * direction[at.base * BLOCKS + block];
        own_r[o] -= length * own_image[o];
      }
    }
  }
  if (only_products(phase)) { return; }
  let next = add_team(at, product_with_own(at, false));
  if (phase == 0u) {
    smallest = next * SMALLEST_RESIDUAL_SHARE;
    goes_on = next > 0.0;
  } else { goes_on = goes_on && next > smallest; }
  let turn = select(0.0, next / residual, phase > 0u && goes_on);
  residual = next;
  for (var o = 0u; o < OWN; o++) {
    let block = at.lane + o * TEAM;
    if (block < BLOCKS) { direction[at.base * BLOCKS + block] = own_r[o] + turn * direction[at.base * BLOCKS + block]; }
  }
}

@compute @workgroup_size(TEAM * TEAMS)
fn whole_rows(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = first_task(group, groups);
  let at = place(first, local);
  let stages = stages_of(first);
  load_row(at);
  set_direction_to_row(at);
  workgroupBarrier();
  for (var phase = 0u; phase < PHASES_BEYOND + settings.steps; phase++) {
    for (var o = 0u; o < OWN; o++) { own_image[o] = vec4f(); }
    phase_sum = 0.0;
    if (is_bias_phase(phase)) { set_direction_to_row(at); workgroupBarrier(); }
    else { add_base(at, phase); }
    add_ratings(at, at.task.first, at.task.count, stages, phase);
    take_phase(at, phase);
    workgroupBarrier();
  }
  var bias = 0.0;
  if (SEQUENTIAL) { bias = select(0.0, bias_after(at, add_team(at, phase_sum)), settings.biases == 1u); }
  write_row(at, bias);
}

@compute @workgroup_size(TEAM * TEAMS)
fn row_segments(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = first_task(group, groups);
  let at = place(first, local);
  let stages = stages_of(first);
  load_row(at);
  for (var o = 0u; o < OWN; o++) {
    let block = at.lane + o * TEAM;
    own_image[o] = vec4f();
    if (block < BLOCKS) {
      var p = own_x[o];
      // A segment's row stands at the first of its segments, whose place the task names.
      if (dispatch.phase > 0u && !is_bias_phase(dispatch.phase)) { p = partial_images[at.task.segments * PARTIAL + DIRECTION_AT + block]; }
      direction[at.base * BLOCKS + block] = p;
    }
  }
  phase_sum = 0.0;
  workgroupBarrier();
  add_ratings(at, at.task.first, at.task.count, stages, dispatch.phase);
  let sum = add_team(at, phase_sum);
  if (!at.has_task) { return; }
  let to = at.task.segment * PARTIAL;
  for (var o = 0u; o < OWN; o++) {
    let block = at.lane + o * TEAM;
    if (block < BLOCKS) { partial_images[to + block] = own_image[o]; }
  }
  if (at.lane == 0u) { partial_images[to + SUM_AT] = vec4f(sum, 0.0, 0.0, 0.0); }
}

@compute @workgroup_size(TEAM * TEAMS)
fn long_rows(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let at = place(first_task(group, groups), local);
  let phase = dispatch.phase;
  let to = at.task.segment * PARTIAL;
  load_row(at);
  set_direction_to_row(at);
  phase_sum = 0.0;
  for (var o = 0u; o < OWN; o++) {
    let block = at.lane + o * TEAM;
    own_image[o] = vec4f();
    if (block < BLOCKS) {
      for (var segment = 0u; segment < at.task.segments; segment++) { own_image[o] += partial_images[to + segment * PARTIAL + block]; }
      if (phase > 0u) {
        own_r[o] = partial_images[to + RESIDUAL_AT + block];
        direction[at.base * BLOCKS + block] = partial_images[to + DIRECTION_AT + block];
      }
    }
  }
  if (at.lane == 0u) {
    for (var segment = 0u; segment < at.task.segments; segment++) { phase_sum += partial_images[to + segment * PARTIAL + SUM_AT].x; }
  }
  if (phase > 0u) {
    let progress = partial_images[to + PROGRESS_AT];
    residual = progress.x;
    smallest = progress.y;
    goes_on = progress.z > 0.0;
  }
  workgroupBarrier();
  if (!is_bias_phase(phase)) { add_base(at, phase); }
  take_phase(at, phase);
  var bias = held;
  if (SEQUENTIAL && is_bias_phase(phase)) { bias = select(0.0, bias_after(at, add_team(at, phase_sum)), settings.biases == 1u); }
  write_row(at, bias);
  if (!at.has_task) { return; }
  for (var o = 0u; o < OWN; o++) {
    let block = at.lane + o * TEAM;
    if (block < BLOCKS) {
      partial_images[to + RESIDUAL_AT + block] = own_r[o];
      partial_images[to + DIRECTION_AT + block] = direction[at.base * BLOCKS + block];
    }
  }
  if (at.lane == 0u) { partial_images[to + PROGRESS_AT] = vec4f(residual, smallest, f32(goes_on), 0.0); }
}

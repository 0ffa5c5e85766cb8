// One batch gradient step of a side: v ← ω v − η ∂L/∂x / (λ n + τ), x ← x + v, with ∂L/∂x = −λ Σ e y + τ x: the row of the sparse residual
// matrix times the other side's factors. A workgroup a row: each lane takes every LANES-th rating, then the lanes' sums are added as a
// tree, always in the same order. Spec §3.
// Launch: a workgroup a row, in two dimensions. Workgroup memory: LANES vec4s. Twin: src/engine/reference/gradient.ts.

struct Settings {
  mean: f32,
  lambda: f32,
  step: f32,
  momentum: f32,
  tau: f32,
  gamma: f32,
  biases: u32,
  count: u32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read> row_start: array<u32>;
@group(0) @binding(2) var<storage, read> rating_index: array<u32>;
@group(0) @binding(3) var<storage, read> rating_value: array<ValueWord>;
@group(0) @binding(4) var<storage, read> own_rows: array<vec4f>;
@group(0) @binding(5) var<storage, read> other_rows: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> velocity: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> next_rows: array<vec4f>;

var<private> sums: array<vec4f, BLOCKS>;

// Lane 0 alone steps, so that every component is written once.
fn step_block(own: u32, b: u32, total: vec4f, curvature: f32) {
  let x = own_rows[own + b];
  var precisions = vec4f(settings.tau);
  var mask = is_factor(b);
  if (b == BIAS_BLOCK) {
    precisions[BIAS_AT] = settings.gamma;
    mask[BIAS_AT] = f32(settings.biases);
  }
  let gradient = precisions * x - settings.lambda * total;
  let v = mask * (settings.momentum * velocity[own + b] - settings.step * gradient / max(curvature + precisions, vec4f(1e-6)));
  velocity[own + b] = v;
  next_rows[own + b] = x + v;
}

@compute @workgroup_size(LANES)
fn gradient_step(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= settings.count) { return; }
  let own = row * STRIDE;
  let bias = own_rows[own + BIAS_BLOCK][BIAS_AT];
  for (var b = 0u; b < BLOCKS; b++) { sums[b] = vec4f(); }
  for (var at = row_start[row] + lane; at < row_start[row + 1u]; at += LANES) {
    let other = rating_index[at] * STRIDE;
    var e = value_at(at) - settings.mean - bias - other_rows[other + BIAS_BLOCK][BIAS_AT];
    for (var b = 0u; b < BLOCKS; b++) { e -= dot(own_rows[own + b] * is_factor(b), other_rows[other + b]); }
    for (var b = 0u; b < BLOCKS; b++) {
      var y = other_rows[other + b];
      if (b == BIAS_BLOCK) { y[BIAS_AT] = 1.0; }
      sums[b] += e * y;
    }
  }
  let curvature = settings.lambda * f32(row_start[row + 1u] - row_start[row]);
  for (var b = 0u; b < BLOCKS; b++) {
    let total = add_lanes(lane, sums[b]);
    workgroupBarrier();
    if (lane == 0u) { step_block(own, b, total, curvature); }
  }
}

// Σ n|x|², Σ n b² and Σ of what stands in the last component over the rows of a side; n is the weight of
// the row's ratings under weighted regularization, else 1. The last component may hold Σ w e² of
// the row's ratings (gram-solve.wgsl).
// Launch: at most PARTIALS workgroups of LANES; each writes one vector of partial sums, which the host adds in float64.
// Workgroup memory: LANES vec4s. Twin: src/engine/reference/squared-norms.ts.

struct Settings {
  weighted: u32,
  count: u32,
  // Rows per workgroup.
  run: u32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read> row_weight: array<f32>;
@group(0) @binding(2) var<storage, read> rows: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partial_sums: array<vec4f>;

@compute @workgroup_size(LANES)
fn squared_norms(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let last = min((group.x + 1u) * settings.run, settings.count);
  var sums = vec4f();
  for (var row = group.x * settings.run + lane; row < last; row += LANES) {
    let weight = select(1.0, row_weight[row], settings.weighted == 1u);
    let bias = rows[row * STRIDE + BIAS_BLOCK][BIAS_AT];
    var factors = 0.0;
    for (var block = 0u; block < BLOCKS; block++) {
      var x = rows[row * STRIDE + block];
      if (block == RHS_BLOCK) {
        sums.z += x[RHS_AT];
        x[RHS_AT] = 0.0;
      }
      if (block == BIAS_BLOCK) { x[BIAS_AT] = 0.0; }
      factors += dot(x, x);
    }
    sums += vec4f(weight * vec2f(factors, bias * bias), 0.0, 0.0);
  }
  let total = add_lanes(lane, sums);
  if (lane == 0u) { partial_sums[group.x] = total; }
}

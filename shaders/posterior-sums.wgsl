// Under variational Bayes, over the rows of a side: E[Σ x_k²] for every factor and the bias, and Σ log|Γ|, laid out
// like a row, the last component being the log determinants; then the sum of the vec4s that end the rows. LANES / WIDTH
// rows side by side, a vec4 per lane, always in the same order.
// Launch: at most PARTIALS workgroups of LANES; each writes WIDTH partial sums, which the host adds in float64.
// Workgroup memory: LANES vec4s. Twin: src/engine/reference/posterior-sums.ts.

struct Settings {
  // Pads to what the summing kernels share.
  unused: u32,
  count: u32,
  // Rows per workgroup.
  run: u32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read> rows: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partial_sums: array<vec4f>;

const WIDTH = BLOCKS + 1u;
const ABREAST = LANES / WIDTH;

var<workgroup> block_sums: array<vec4f, LANES>;

// Variances of a block's coordinates, that of the bias last.
fn variances(row: u32, block: u32) -> vec4f {
  if (DIAGONAL_SPREAD) { return rows[row * STRIDE + BLOCKS + block]; }
  let at = row * STRIDE + folded_at(block, block);
  var f = mat4x4f(rows[at], vec4f(), vec4f(), vec4f());
  if (block < FACTOR_BLOCKS) {
    f[1] = rows[at + APART];
    f[2] = rows[at + 2u * APART];
  }
  let t = unfolded(block, block, f);
  return vec4f(t[0].x, t[1].y, t[2].z, t[3].w);
}

@compute @workgroup_size(LANES)
fn posterior_sums(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = lane % WIDTH;
  let last = min((group.x + 1u) * settings.run, settings.count);
  var sum = vec4f();
  if (lane < ABREAST * WIDTH) {
    for (var row = group.x * settings.run + lane / WIDTH; row < last; row += ABREAST) {
      if (block == BLOCKS) {
        sum += rows[(row + 1u) * STRIDE - 1u];
        continue;
      }
      let x = rows[row * STRIDE + block];
      var moment = x * x + variances(row, block);
      if (block == RHS_BLOCK) { moment[RHS_AT] = x[RHS_AT]; }
      if (block == BIAS_BLOCK) { moment[BIAS_AT] = x[BIAS_AT] * x[BIAS_AT] + variances(row, RHS_BLOCK).w; }
      sum += moment;
    }
  }
  block_sums[lane] = sum;
  workgroupBarrier();
  if (lane >= WIDTH) { return; }
  for (var other = 1u; other < ABREAST; other++) { sum += block_sums[lane + other * WIDTH]; }
  partial_sums[group.x * WIDTH + lane] = sum;
}

// Heavy ball: x ← x + ω (x − x'), x' being the rows as they were a sweep ago,
// which the rows of now then take the place of.
// Launch: a lane for each of the BLOCKS vec4s of each row, LANES per workgroup, in two dimensions.
// Twin: src/engine/reference/heavy-ball.ts.

struct Settings {
  rows: u32,
  momentum: f32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read_write> rows: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> before: array<vec4f>;

@compute @workgroup_size(LANES)
fn heavy_ball(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (group.y * groups.x + group.x) * LANES + lane;
  if (id >= settings.rows * BLOCKS) { return; }
  // What stands behind a row, its prior mean, stays.
  let at = (id / BLOCKS) * STRIDE + id % BLOCKS;
  let x = rows[at];
  rows[at] = x + settings.momentum * (x - before[id]);
  before[id] = x;
}

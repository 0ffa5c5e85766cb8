// x ← x + v for all rows of a side, whose velocities stand behind them.
// Launch: a lane for each of the BLOCKS vec4s of each row, LANES per workgroup, in two dimensions.
// Twin: src/engine/reference/gradient-step.ts.

struct Settings {
  rows: u32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read_write> rows: array<vec4f>;

@compute @workgroup_size(LANES)
fn take_step(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (group.y * groups.x + group.x) * LANES + lane;
  if (id >= settings.rows * BLOCKS) { return; }
  let at = (id / BLOCKS) * STRIDE + id % BLOCKS;
  rows[at] += rows[at + BLOCKS];
}

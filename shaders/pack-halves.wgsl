// Rows in half precision, for a half-sweep to gather: four components in two words,
// and what the bias loses in the component that is free.
// Launch: a lane for each of the BLOCKS vec4s of each row, LANES per workgroup, in two dimensions.
// Twin: src/engine/reference/halves.ts.

struct Settings {
  rows: u32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read> rows: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> halves: array<vec2u>;

@compute @workgroup_size(LANES)
fn pack_halves(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (group.y * groups.x + group.x) * LANES + lane;
  if (id >= settings.rows * BLOCKS) { return; }
  let row = (id / BLOCKS) * STRIDE;
  let block = id % BLOCKS;
  var x = rows[row + block];
  let bias = rows[row + BIAS_BLOCK][BIAS_AT];
  let high = leading(bias);
  if (block == BIAS_BLOCK) { x[BIAS_AT] = high; }
  if (block == RHS_BLOCK) { x[RHS_AT] = bias - high; }
  halves[id] = vec2u(pack2x16float(x.xy), pack2x16float(x.zw));
}

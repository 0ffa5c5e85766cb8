// Σ x̃ x̃ᵀ over segments of a side's rows, x̃ = (x, b, …, border), for any number of factors: the lower triangle is cut
// into patches of PATCH × PATCH tiles, and a workgroup makes one patch of one segment. STAGE rows' blocks of the
// patch's rows and columns are staged in workgroup memory at a time, two barriers a stage; a lane has 2 × 2 tiles in
// registers, so that four loads serve 64 multiply-adds.
//
// Launch: a workgroup of 64 per patch, by segments. Workgroup memory: 2 · STAGE · PATCH vec4s.
// Twin: src/engine/reference/moments.ts; add-partials.wgsl adds the segments up.

struct Settings {
  rows: u32,
  // Rows of a segment, and the number of the first segment among those of all shards.
  run: u32,
  first_segment: u32,
  // What stands in the last component: 1 for Σ x in the last row, 0 for none.
  border: f32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read> rows: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partial_tiles: array<mat4x4f>;

const PATCH = 16u;
const SIDE = 8u;
const STAGE = 16u;
const TILES = BLOCKS * (BLOCKS + 1u) / 2u;

var<workgroup> upright: array<vec4f, STAGE * PATCH>;
var<workgroup> across: array<vec4f, STAGE * PATCH>;

// A block of x̃ of a row; zeros beyond the segment, and beyond the row.
fn block_of(row: u32, last: u32, block: u32) -> vec4f {
  if (row >= last || block >= BLOCKS) { return vec4f(); }
  var x = rows[row * STRIDE + block];
  if (block == RHS_BLOCK) { x = vec4f(x.xyz, settings.border); }
  return x;
}

fn write_tile(segment: u32, I: u32, J: u32, tile: mat4x4f) {
  if (I >= BLOCKS || J > I) { return; }
  partial_tiles[(settings.first_segment + segment) * TILES + I * (I + 1u) / 2u + J] = tile;
}

@compute @workgroup_size(SIDE * SIDE)
fn moments(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  // Patches are counted as tiles are: row by row of the lower triangle.
  var row = 0u;
  while ((row + 1u) * (row + 2u) / 2u <= group.x) { row++; }
  let column = group.x - row * (row + 1u) / 2u;
  let I = row * PATCH;
  let J = column * PATCH;
  let i = lane / SIDE;
  let j = lane % SIDE;
  let first = group.y * settings.run;
  let last = min(first + settings.run, settings.rows);
  var a = mat4x4f();
  var b = mat4x4f();
  var c = mat4x4f();
  var d = mat4x4f();
  for (var start = first; start < last; start += STAGE) {
    for (var at = lane; at < STAGE * PATCH; at += SIDE * SIDE) {
      upright[at] = block_of(start + at / PATCH, last, I + at % PATCH);
      across[at] = block_of(start + at / PATCH, last, J + at % PATCH);
    }
    workgroupBarrier();
    for (var at = 0u; at < STAGE; at++) {
      let u0 = upright[at * PATCH + i];
      let u1 = upright[at * PATCH + SIDE + i];
      let v0 = across[at * PATCH + j];
      let v1 = across[at * PATCH + SIDE + j];
      a += mat4x4f(u0 * v0.x, u0 * v0.y, u0 * v0.z, u0 * v0.w);
      b += mat4x4f(u0 * v1.x, u0 * v1.y, u0 * v1.z, u0 * v1.w);
      c += mat4x4f(u1 * v0.x, u1 * v0.y, u1 * v0.z, u1 * v0.w);
      d += mat4x4f(u1 * v1.x, u1 * v1.y, u1 * v1.z, u1 * v1.w);
    }
    workgroupBarrier();
  }
  write_tile(group.y, I + i, J + j, a);
  write_tile(group.y, I + i, J + SIDE + j, b);
  write_tile(group.y, I + SIDE + i, J + j, c);
  write_tile(group.y, I + SIDE + i, J + SIDE + j, d);
}

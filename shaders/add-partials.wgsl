// Adds partial Gram matrices in order. Launch: a lane for each of the 4 · TILES vec4s of a matrix, 64 per workgroup.
// Twin: src/engine/reference/moments.ts.

struct Settings {
  partials: u32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read> partial_tiles: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> total: array<vec4f>;

const SIZE = 2u * BLOCKS * (BLOCKS + 1u);

@compute @workgroup_size(64)
fn add_partials(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= SIZE) { return; }
  var sum = vec4f();
  for (var partial = 0u; partial < settings.partials; partial++) { sum += partial_tiles[partial * SIZE + id.x]; }
  total[id.x] = sum;
}

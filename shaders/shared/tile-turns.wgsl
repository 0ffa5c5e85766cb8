// For drivers whose compilers take longer the more accesses to memory a text has: a lane's tiles, which are below one
// another (WIDTH is 1), one after the other at one place in the text. An array with a number that is not known would
// be memory: registers are chosen, or move on.

fn tile_at(s: u32) -> mat4x4f {
  var chosen = tile[0];
  for (var other = 1u; other < SLOTS; other++) {
    if (other == s) { chosen = tile[other]; }
  }
  return chosen;
}

// The second tile becomes the first, and the first the last.
fn next_slot() {
  let first = tile[0];
  let first_row = tile_row[0];
  let first_column = tile_column[0];
  for (var s = 1u; s < SLOTS; s++) {
    tile[s - 1u] = tile[s];
    tile_row[s - 1u] = tile_row[s];
    tile_column[s - 1u] = tile_column[s];
  }
  tile[SLOTS - 1u] = first;
  tile_row[SLOTS - 1u] = first_row;
  tile_column[SLOTS - 1u] = first_column;
}

// A tile's share of the outer product of two vectors is taken away.
fn take_product(s: u32, y: vec4f, z: vec4f) {
  tile[s][0] = fma(-y, vec4f(z.x), tile[s][0]);
  tile[s][1] = fma(-y, vec4f(z.y), tile[s][1]);
  tile[s][2] = fma(-y, vec4f(z.z), tile[s][2]);
  tile[s][3] = fma(-y, vec4f(z.w), tile[s][3]);
}

// How a full covariance lies behind an entity's row: the lower triangle of 4×4 tiles of its factors, then the row of
// −b. First come the first columns of all tiles, then the second, and so on, so that neighbouring lanes read
// neighbouring words: tiles below the diagonal, counted column by column from the last, as lanes are, then those on it.
// These are symmetric: "folded", they are three vec4s. Where the last block has no factor, the row of −b is a vec4 for
// each block, a tile folded to its last row, where a fourth column of the diagonal's would be; else that row is the
// last of the last block's tiles.
// Twin: src/engine/webgpu/memory/row-layout.ts.

const FACTOR_BLOCKS = (K + 3u) / 4u;
const BELOW = FACTOR_BLOCKS * (FACTOR_BLOCKS - 1u) / 2u;
// From one column of a tile to the next.
const APART = BELOW + FACTOR_BLOCKS;

// Where a folded tile begins in a row.
fn folded_at(I: u32, J: u32) -> u32 {
  if (I >= FACTOR_BLOCKS) { return BLOCKS + 3u * APART + BELOW + min(J, RHS_BLOCK); }
  if (I == J) { return BLOCKS + BELOW + J; }
  let from_last = FACTOR_BLOCKS - 1u - J;
  return BLOCKS + from_last * (from_last - 1u) / 2u + I - J - 1u;
}

// From there to the fourth vec4. Where a tile on the diagonal has none, one that is there is read in vain.
fn fourth_of(I: u32, J: u32) -> u32 {
  return select(3u * APART, 2u * APART, FACTOR_BLOCKS == BLOCKS && I == J);
}

// vec4s of a folded tile.
const MOST_VECTORS = 4u;

fn vectors_of(I: u32, J: u32) -> u32 {
  return select(select(4u, 3u, I == J), 1u, I >= FACTOR_BLOCKS);
}

fn folded(I: u32, J: u32, t: mat4x4f) -> mat4x4f {
  if (I == FACTOR_BLOCKS) { return mat4x4f(vec4f(t[0].w, t[1].w, t[2].w, t[3].w), vec4f(), vec4f(), vec4f()); }
  if (I == J) { return mat4x4f(t[0], vec4f(t[1].yzw, t[3].w), vec4f(t[2].zw, 0.0, 0.0), vec4f()); }
  return t;
}

// A tile, or a sum of tiles, from what is folded.
fn unfolded(I: u32, J: u32, f: mat4x4f) -> mat4x4f {
  let a = f[0];
  let b = f[1];
  let c = f[2];
  if (I == FACTOR_BLOCKS) {
    return mat4x4f(vec4f(0.0, 0.0, 0.0, a.x), vec4f(0.0, 0.0, 0.0, a.y), vec4f(0.0, 0.0, 0.0, a.z), vec4f(0.0, 0.0, 0.0, a.w));
  }
  if (I == J) { return mat4x4f(a, vec4f(a.y, b.xyz), vec4f(a.z, b.y, c.xy), vec4f(a.w, b.z, c.y, b.w)); }
  return f;
}

// A symmetric matrix that all rows share, VᵀV, its lower triangle in tiles: see tiles.wgsl.

const BASE = true;

@group(1) @binding(1) var<storage, read> base: array<mat4x4f>;

// A block of the matrix times p, whose blocks all lanes have: each asks for one of its own. 0 beyond the last block.
fn base_image(lane: u32, block: u32) -> vec4f {
  var sum = vec4f();
  for (var o = 0u; o < OWN; o++) {
    for (var other = 0u; other < turns(min(SUBGROUP, BLOCKS - o * SUBGROUP)); other++) {
      let p = subgroupShuffle(own_p[o], other);
      let column = o * SUBGROUP + other;
      if (block < BLOCKS) {
        let low = max(block, column);
        let tile = base[low * (low + 1u) / 2u + min(block, column)];
        sum += select(p * tile, tile * p, block >= column);
      }
    }
  }
  return sum;
}

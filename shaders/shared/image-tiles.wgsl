// A symmetric matrix that all rows share, VᵀV, its lower triangle in tiles: see tiles.wgsl.

const BASE = true;

@group(1) @binding(1) var<storage, read> base: array<mat4x4f>;

// A block of the matrix times the vector whose blocks stand in `direction` from `at` on.
fn base_image(at: u32, block: u32) -> vec4f {
  var sum = vec4f();
  let row = block * (block + 1u) / 2u;
  for (var column = 0u; column <= block; column++) { sum += base[row + column] * direction[at + column]; }
  for (var below = block + 1u; below < BLOCKS; below++) { sum += direction[at + below] * base[below * (below + 1u) / 2u + block]; }
  return sum;
}

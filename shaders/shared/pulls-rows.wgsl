// What a row has on its right-hand side beside its ratings: a vector of its own.

@group(0) @binding(8) var<storage, read> pulls: array<vec4f>;

fn pull_of(row: u32, block: u32) -> vec4f {
  return pulls[row * BLOCKS + block];
}

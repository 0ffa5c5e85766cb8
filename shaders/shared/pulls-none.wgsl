// Rows have nothing on their right-hand side beside their ratings.

fn pull_of(row: u32, block: u32) -> vec4f {
  return vec4f();
}

// What a row has on its right-hand side beside its ratings: a vector of its own, in the storage buffer `pulls`, which
// the host binds where its kernel has room.

fn pull_of(row: u32, block: u32) -> vec4f {
  return pulls[row * BLOCKS + block];
}

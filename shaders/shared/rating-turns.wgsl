// So many turns of a loop, without the compiler's knowing: no set has 2³¹ ratings. See `turns` of half-sweep.wgsl.
fn turns(count: u32) -> u32 {
  return count + (block_start[0] >> 31u);
}

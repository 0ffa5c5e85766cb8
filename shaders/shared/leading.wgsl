// The number of as many bits as a half has that is nearest.
// By its bits, because a compiler may take unpacking what was packed for nothing at all.
fn leading(x: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) + 0x1000u) & 0xffffe000u);
}

// Ratings as they are: ỹ = (y, 1, …, e) with e = r − μ − b, times √w where they have weights, so that ỹ ỹᵀ counts w
// times.

// The row of the other side, as it begins in memory.
fn row_of(rating: u32) -> u32 {
  return rating_index[rating] * FIXED_STRIDE;
}

// A block of ỹ.
fn block_of(rating: u32, row: u32, block: u32) -> vec4f {
  var y = fixed_block(row + block);
  if (block == RHS_BLOCK) { y[RHS_AT] = value_at(rating) - settings.mean - fixed_bias(row); }
  if (block == BIAS_BLOCK) { y[BIAS_AT] = f32(settings.biases); }
  if (WEIGHTED) { y *= sqrt(weight_at(rating)); }
  return y;
}

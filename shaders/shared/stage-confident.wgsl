// Implicit feedback: ỹ = (√(c − 1) y, …, c p / √(c − 1)), so that ỹ ỹᵀ holds (c − 1) y yᵀ and c p y, with confidence
// c = 1 + α w|r| and preference p = 1 where r > 0, else 0. Where c is 1 the root is a power of two so small that its
// square adds nothing, and by which nothing is rounded.

const SMALLEST_ROOT = 2.3283064365386963e-10;

// The row of the other side, as it begins in memory.
fn row_of(rating: u32) -> u32 {
  return rating_index[rating] * STRIDE;
}

// A block of ỹ.
fn block_of(rating: u32, row: u32, block: u32) -> vec4f {
  let value = value_at(rating);
  let excess = weight_at(rating) * settings.confidence * abs(value);
  let root = max(sqrt(excess), SMALLEST_ROOT);
  var y = root * fixed_rows[row + block];
  if (block == RHS_BLOCK) { y[RHS_AT] = select(0.0, (1.0 + excess) / root, value > 0.0); }
  return y;
}

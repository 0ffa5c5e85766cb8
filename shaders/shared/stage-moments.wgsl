// Rows of a side for their own moments: x̃ = (x, b, …, border), so that Σ x̃ x̃ᵀ holds Σ x xᵀ and,
// with a border of 1, Σ x.

// The row, as it begins in memory.
fn row_of(number: u32) -> u32 {
  return number * STRIDE;
}

// A block of x̃.
fn block_of(number: u32, row: u32, block: u32) -> vec4f {
  var x = fixed_rows[row + block];
  if (block == RHS_BLOCK) { x[RHS_AT] = settings.border; }
  return x;
}

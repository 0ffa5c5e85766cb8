// The other side's rows in half precision, as pack-halves.wgsl leaves them:
// half the bytes to gather, sums still in float32.

alias FixedWord = vec2u;
const FIXED_STRIDE = BLOCKS;

fn fixed_block(at: u32) -> vec4f {
  let halves = fixed_rows[at];
  return vec4f(unpack2x16float(halves.x), unpack2x16float(halves.y));
}

// The bias of the row that begins at `row`: two halves, which together hold 22 bits of it.
fn fixed_bias(row: u32) -> f32 {
  return fixed_block(row + BIAS_BLOCK)[BIAS_AT] + fixed_block(row + RHS_BLOCK)[RHS_AT];
}

// The other side's rows as they are.

alias FixedWord = vec4f;
const FIXED_STRIDE = STRIDE;

fn fixed_block(at: u32) -> vec4f {
  return fixed_rows[at];
}

// The bias of the row that begins at `row`.
fn fixed_bias(row: u32) -> f32 {
  return fixed_rows[row + BIAS_BLOCK][BIAS_AT];
}

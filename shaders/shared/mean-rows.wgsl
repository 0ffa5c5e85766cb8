// Every row's prior mean stands behind it.

fn prior_mean(row: u32, block: u32) -> vec4f { return solved_rows[row * STRIDE + BLOCKS + block]; }

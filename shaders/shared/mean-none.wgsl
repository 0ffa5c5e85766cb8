// The prior mean of every row is 0, or in the matrix that all rows share.

fn prior_mean(row: u32, block: u32) -> vec4f { return vec4f(); }

// The solution is the mean.

fn noise(block: u32) -> vec4f { return vec4f(); }

// No matrix that all rows share.

const BASE = false;

fn base_image(at: u32, block: u32) -> vec4f { return vec4f(); }

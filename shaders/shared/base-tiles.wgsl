// A bordered matrix that all rows share: VᵀV of implicit feedback, or the prior's Λ with Λμ as its last row.

const BASE = true;

@group(1) @binding(1) var<uniform> base: array<mat4x4f, TILES>;

fn base_tile(place: u32) -> mat4x4f { return base[place]; }

// How an entity lies in memory: BLOCKS vec4s a row, (x₀ … x₍K₋₁₎, b, 0 …). The last component of the last block is always free:
// it is where a rating's residual rides along as a bordered right-hand side.
// The host puts K and BLOCKS = ⌈(K + 2) / 4⌉ before this text.

const BIAS_BLOCK = K / 4u;
const BIAS_AT = K % 4u;
const RHS_BLOCK = BLOCKS - 1u;
const RHS_AT = 3u;

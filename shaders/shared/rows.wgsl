// How an entity lies in memory: BLOCKS vec4s per row, (x₀ … x₍K₋₁₎, b, 0 …). The last component of the last block is
// always free: it is where a rating's residual rides along as a bordered right-hand side, and where a solved row may
// carry its ratings' squared errors. Under variational Bayes SPREAD more vec4s follow: what the posterior's
// covariance adds to E[ỹ ỹᵀ], ỹ = (y, 1, …, e), e = … − b. Its last row is therefore that of −b, and the row of the
// constant 1 is zero. "Diagonal": the BLOCKS vec4s of its diagonal. "Full": see full-covariances.wgsl. One more vec4
// ends the row: its first component is Σ E[e²] of the row's ratings, where the last half-sweep left it. Rows that step
// by rates of their own carry one more vec4: G of their factors and of their bias.
// The host puts K, BLOCKS = ⌈(K + 2) / 4⌉ and SPREAD before this text.

const STRIDE = BLOCKS + SPREAD;
const DIAGONAL_SPREAD = SPREAD == BLOCKS + 1u;

const BIAS_BLOCK = K / 4u;
const BIAS_AT = K % 4u;
const RHS_BLOCK = BLOCKS - 1u;
const RHS_AT = 3u;

// Places of factors, as a mask of each block: the bias and what follows are left out.
fn is_factor(block: u32) -> vec4f {
  return select(vec4f(), vec4f(1.0), 4u * block + vec4u(0u, 1u, 2u, 3u) < vec4u(K));
}

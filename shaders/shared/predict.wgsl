// r̂ = μ + b_m + b_n + u·v at point estimates. What stands in the last component of a row is no part of it.

fn predict(user: u32, item: u32) -> f32 {
  var sum = settings.mean + item_rows[item * STRIDE + BIAS_BLOCK][BIAS_AT];
  for (var block = 0u; block < BLOCKS; block++) {
    var v = item_rows[item * STRIDE + block];
    if (block == BIAS_BLOCK) { v[BIAS_AT] = 1.0; }
    if (block == RHS_BLOCK) { v[RHS_AT] = 0.0; }
    sum += dot(user_rows[user * STRIDE + block], v);
  }
  return sum;
}

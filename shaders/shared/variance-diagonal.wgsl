// Var r̂ with diagonal covariances, a rating a lane. Twin: src/engine/reference/expected-errors.ts.

// Of the rating at `first` + lane, as far as there is one before `last`.
fn variance_at(first: u32, last: u32, lane: u32) -> f32 {
  let at = first + lane;
  if (at >= last) { return 0.0; }
  let user = rating_user[at] * STRIDE;
  let item = rating_item[at] * STRIDE;
  var sum = 0.0;
  for (var block = 0u; block < BLOCKS; block++) {
    let u = z_of(user_rows[user + block], block);
    let v = z_of(item_rows[item + block], block);
    let c = user_rows[user + BLOCKS + block];
    let d = item_rows[item + BLOCKS + block];
    sum += dot(v * v, c) + dot(u * u, d) + dot(c * is_factor(block), d);
  }
  return sum;
}

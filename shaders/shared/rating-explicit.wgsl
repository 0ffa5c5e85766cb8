// What a lane makes of its rating, as it is: ỹ = (y, 1, …, e) with e = r − μ − b, times √w where it has a weight, so
// that ỹ ỹᵀ counts w times.

// The row of the other side, as it begins in memory.
fn row_of(rating: u32) -> u32 {
  return rating_index[rating] * FIXED_STRIDE;
}

// What y is multiplied by.
fn root_of(rating: u32) -> f32 {
  if (WEIGHTED) { return sqrt(weight_at(rating)); }
  return 1.0;
}

// The component that stands in the bias's place, and the last one.
fn bias_place(own: f32, root: f32) -> f32 {
  return root * f32(settings.biases);
}

fn last_place(rating: u32, row: u32, root: f32) -> f32 {
  return root * (value_at(rating) - settings.mean - fixed_bias(row));
}

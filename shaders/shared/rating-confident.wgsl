// What a lane makes of its rating, as implicit feedback: ỹ = (√(c − 1) y, …, c p / √(c − 1)), as stage-confident.wgsl.

const SMALLEST_ROOT = 2.3283064365386963e-10;

// The row of the other side, as it begins in memory.
fn row_of(rating: u32) -> u32 {
  return rating_index[rating] * STRIDE;
}

fn excess_of(rating: u32) -> f32 {
  return weight_at(rating) * settings.confidence * abs(value_at(rating));
}

// What y is multiplied by.
fn root_of(rating: u32) -> f32 {
  return max(sqrt(excess_of(rating)), SMALLEST_ROOT);
}

// The component that stands in the bias's place, and the last one.
fn bias_place(own: f32, root: f32) -> f32 {
  return own;
}

fn last_place(rating: u32, row: u32, root: f32) -> f32 {
  return select(0.0, (1.0 + excess_of(rating)) / root, value_at(rating) > 0.0);
}

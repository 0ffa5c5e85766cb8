// Ratings as they are: each weighs λ as often as it counts, and e = r − μ − b is what is to be predicted.

fn weight_of(value: f32, times: f32) -> f32 { return settings.lambda * times; }

fn target_of(value: f32, weight: f32, other: u32, held: f32) -> f32 {
  return weight * (value - settings.mean - fixed_bias(other) - held);
}

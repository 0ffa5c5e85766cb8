// Implicit feedback: beyond what all pairs weigh, a rating weighs c − 1 = α w|r|, and c p is its share of the
// right-hand side.

fn weight_of(value: f32, times: f32) -> f32 { return times * settings.confidence * abs(value); }

fn target_of(value: f32, weight: f32, other: u32, held: f32) -> f32 {
  return select(0.0, 1.0 + weight, value > 0.0);
}

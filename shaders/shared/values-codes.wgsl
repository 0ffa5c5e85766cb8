// Values of ratings, one byte each, in steps of VALUE_STEP, a power of two: exact.

alias ValueWord = u32;

fn value_at(at: u32) -> f32 {
  return VALUE_STEP * f32(extractBits(rating_value[at / 4u], 8u * (at % 4u), 8u));
}

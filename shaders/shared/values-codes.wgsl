// Values of ratings, one byte each, behind a word that holds the step they are multiplied by.

alias ValueWord = u32;

const WEIGHTED = false;

fn value_at(at: u32) -> f32 {
  return bitcast<f32>(rating_value[0]) * f32(extractBits(rating_value[1u + at / 4u], 8u * (at % 4u), 8u));
}

fn weight_at(at: u32) -> f32 { return 1.0; }

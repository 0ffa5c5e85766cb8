// Values of ratings as they are.

alias ValueWord = f32;

const WEIGHTED = false;

fn value_at(at: u32) -> f32 {
  return rating_value[at];
}

fn weight_at(at: u32) -> f32 { return 1.0; }

// Values of ratings as they are.

alias ValueWord = f32;

fn value_at(at: u32) -> f32 {
  return rating_value[at];
}

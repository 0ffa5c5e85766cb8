// Values of ratings, each with its weight behind it.

alias ValueWord = vec2f;

const WEIGHTED = true;

fn value_at(at: u32) -> f32 {
  return rating_value[at].x;
}

fn weight_at(at: u32) -> f32 {
  return rating_value[at].y;
}

// On a processor, where lanes that share would pass on more than they save.

const TEAM = 1u;

// Of the rating at `first` + lane, as far as there is one before `last`.
fn variance_at(first: u32, last: u32, lane: u32) -> f32 {
  let at = first + lane;
  if (at >= last) { return 0.0; }
  return share_of(rating_user[at] * STRIDE, rating_item[at] * STRIDE, 0u);
}

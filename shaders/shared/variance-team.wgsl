// A team takes one of its lanes' ratings after the other, so that neighbouring lanes read neighbouring words; then each
// lane adds up the shares of its own rating. The host puts TEAM, a power of two, before this text.
// Workgroup memory: LANES (TEAM + 1) numbers.

// One place more a rating, so that lanes that read those of neighbouring ratings read from different banks.
var<workgroup> shares: array<array<f32, TEAM + 1u>, LANES>;

// Of the rating at `first` + lane, as far as there is one before `last`. All lanes ask together.
fn variance_at(first: u32, last: u32, lane: u32) -> f32 {
  let member = lane % TEAM;
  for (var other = 0u; other < TEAM; other++) {
    let place = lane - member + other;
    let at = first + place;
    if (at < last) { shares[place][member] = share_of(rating_user[at] * STRIDE, rating_item[at] * STRIDE, member); }
  }
  workgroupBarrier();
  var sum = 0.0;
  for (var other = 0u; other < TEAM; other++) { sum += shares[lane][other]; }
  workgroupBarrier();
  return sum;
}

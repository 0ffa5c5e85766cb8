// Sums over a team's lanes, in each of them: a team lies within one subgroup.

fn team_sum(share: f32, local: u32, step: u32) -> f32 {
  var sum = share;
  for (var apart = 1u; apart < TEAM; apart *= 2u) { sum += subgroupShuffleXor(sum, apart); }
  return sum;
}

fn team_sums(share: vec4f, local: u32, step: u32) -> vec4f {
  var sum = share;
  for (var apart = 1u; apart < TEAM; apart *= 2u) { sum += subgroupShuffleXor(sum, apart); }
  return sum;
}

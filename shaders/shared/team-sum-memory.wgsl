// Sums over a team's lanes, in each of them, through workgroup memory: two places a lane, so that one barrier does.

var<workgroup> shares: array<f32, 2u * TEAM * TEAMS>;

var<workgroup> many_shares: array<vec4f, 2u * TEAM * TEAMS>;

fn team_sums(share: vec4f, local: u32, step: u32) -> vec4f {
  let place = (step % 2u) * TEAM * TEAMS;
  many_shares[place + local] = share;
  workgroupBarrier();
  var sum = vec4f();
  for (var lane = 0u; lane < TEAM; lane++) { sum += many_shares[place + local - local % TEAM + lane]; }
  return sum;
}

fn team_sum(share: f32, local: u32, step: u32) -> f32 {
  let place = (step % 2u) * TEAM * TEAMS;
  shares[place + local] = share;
  workgroupBarrier();
  var sum = 0.0;
  for (var lane = 0u; lane < TEAM; lane++) { sum += shares[place + local - local % TEAM + lane]; }
  return sum;
}

// Var r̂ with full covariances, tile by tile. A team of TEAM lanes shares out those of a rating (variance-team.wgsl), or
// a lane takes them all (variance-lane.wgsl). Twin: src/engine/reference/expected-errors.ts.

const TILES = BLOCKS * (BLOCKS + 1u) / 2u;

// Row and column of the tile that is stored so many places behind the first.
fn tile_of(number: u32) -> vec2u {
  if (number >= APART) { return vec2u(FACTOR_BLOCKS, number - APART); }
  if (number >= BELOW) { return vec2u(number - BELOW); }
  // Of the columns from the last on, each has one tile more below the diagonal: see own_tiles in tiles.wgsl.
  let column = u32((sqrt(f32(8u * number + 5u)) - 1.0) * 0.5);
  let J = FACTOR_BLOCKS - 2u - column;
  return vec2u(J + 1u + number - column * (column + 1u) / 2u, J);
}

fn user_tile(user: u32, I: u32, J: u32) -> mat4x4f {
  let at = user + folded_at(I, J);
  var f = mat4x4f(user_rows[at], vec4f(), vec4f(), vec4f());
  if (I < FACTOR_BLOCKS) {
    f[1] = user_rows[at + APART];
    f[2] = user_rows[at + 2u * APART];
    f[3] = user_rows[at + fourth_of(I, J)];
  }
  return unfolded(I, J, f);
}

fn item_tile(item: u32, I: u32, J: u32) -> mat4x4f {
  let at = item + folded_at(I, J);
  var f = mat4x4f(item_rows[at], vec4f(), vec4f(), vec4f());
  if (I < FACTOR_BLOCKS) {
    f[1] = item_rows[at + APART];
    f[2] = item_rows[at + 2u * APART];
    f[3] = item_rows[at + fourth_of(I, J)];
  }
  return unfolded(I, J, f);
}

// What every TEAMth tile adds. `user` and `item` are where the rows begin.
fn share_of(user: u32, item: u32, first: u32) -> f32 {
  var sum = 0.0;
  for (var number = first; number < TILES; number += TEAM) {
    let tile = tile_of(number);
    let I = tile.x;
    let J = tile.y;
    let c = user_tile(user, I, J);
    let d = item_tile(item, I, J);
    let u = z_of(user_rows[user + I], I);
    let v = z_of(item_rows[item + I], I);
    let rows = is_factor(I);
    let columns = is_factor(J);
    var quadratic = dot(v, c * z_of(item_rows[item + J], J)) + dot(u, d * z_of(user_rows[user + J], J));
    for (var k = 0u; k < 4u; k++) { quadratic += columns[k] * dot(c[k] * rows, d[k]); }
    sum += select(2.0, 1.0, I == J) * quadratic;
  }
  return sum;
}

// The lower triangle of a bordered Gram matrix, cut into 4×4 tiles that live in registers: tile (I, J), I ≥ J, holds the
// entries [4I + r][4J + c] as column c, component r. A team of TEAM lanes shares one matrix; each lane owns SLOTS tiles.
// A workgroup holds TEAMS teams, each with its own SLICE of `memory`, so that short rows share a workgroup and its barriers.
// The host puts TEAM, TEAMS, SLOTS, STAGE and SLICE before this text.

const TILES = BLOCKS * (BLOCKS + 1u) / 2u;
const NO_TILE = BLOCKS;

var<workgroup> memory: array<vec4f, TEAMS * SLICE>;

var<private> tile: array<mat4x4f, SLOTS>;
var<private> tile_row: array<u32, SLOTS>;
var<private> tile_column: array<u32, SLOTS>;

// Tile t of the triangle counted row by row: t = I (I + 1) / 2 + J. Slots beyond the last tile own NO_TILE.
fn own_tiles(lane: u32) {
  for (var s = 0u; s < SLOTS; s++) {
    let t = lane + s * TEAM;
    var row = u32((sqrt(8.0 * f32(t) + 1.0) - 1.0) * 0.5);
    if (row * (row + 1u) / 2u > t) { row--; }
    if ((row + 1u) * (row + 2u) / 2u <= t) { row++; }
    tile_row[s] = select(NO_TILE, row, t < TILES);
    tile_column[s] = select(NO_TILE, t - row * (row + 1u) / 2u, t < TILES);
    tile[s] = mat4x4f();
  }
}

// The lower triangle of a bordered Gram matrix, cut into 4×4 tiles that live in registers: tile (I, J), I ≥ J, holds
// the entries [4I + r][4J + c] as column c, component r. A team of TEAM lanes shares one matrix. Each lane owns a patch
// of HEIGHT × WIDTH tiles, so that HEIGHT vec4s of a row and WIDTH of a column serve all of them: a tile, where there
// are lanes for all, then some below one another.
// A workgroup holds TEAMS teams, each with its own SLICE of `memory` to solve in, so that short rows share a workgroup
// and its barriers. The host puts TEAM, TEAMS, HEIGHT, WIDTH, SLOTS (their product), STAGE and SLICE before this text.

const TILES = BLOCKS * (BLOCKS + 1u) / 2u;
const PATCH_COLUMNS = (BLOCKS + WIDTH - 1u) / WIDTH;
// Neighbouring columns that have equally many patches: 1 where they are square.
const ALIKE = HEIGHT / WIDTH;
// The row and column of a slot without a tile: above the diagonal, or beyond the matrix.
const NO_TILE = BLOCKS;

var<workgroup> memory: array<vec4f, TEAMS * SLICE>;

var<private> tile: array<mat4x4f, SLOTS>;
var<private> tile_row: array<u32, SLOTS>;
var<private> tile_column: array<u32, SLOTS>;
// First row and column of the lane's patch, in tiles.
var<private> patch_row: u32;
var<private> patch_column: u32;

// Patches are counted column by column from the last, from the diagonal down, so that a wave's tiles are done with
// together as elimination goes on, and a patch's tiles are on the diagonal in known slots.
fn own_tiles(lane: u32) {
  // Of the columns from the last on, ALIKE at a time have 1, 2, … patches: before those with `full` + 1 there are
  // ALIKE full (full + 1) / 2.
  let full = u32((sqrt(f32(8u * lane + 4u) / f32(ALIKE) + 1.0) - 1.0) * 0.5);
  let among = lane - ALIKE * full * (full + 1u) / 2u;
  let column = select(0u, u32((f32(among) + 0.5) / f32(full + 1u)), ALIKE > 1u);
  let from_last = full * ALIKE + column;
  let owned = from_last < PATCH_COLUMNS;
  patch_column = select(0u, WIDTH * (PATCH_COLUMNS - 1u - from_last), owned);
  patch_row = patch_column + select(0u, HEIGHT * (among - column * (full + 1u)), owned);
  for (var s = 0u; s < SLOTS; s++) {
    let I = patch_row + s / WIDTH;
    let J = patch_column + s % WIDTH;
    let held = owned && I < BLOCKS && J <= I;
    tile_row[s] = select(NO_TILE, I, held);
    tile_column[s] = select(NO_TILE, J, held);
    tile[s] = mat4x4f();
  }
}

// Slots that no lane has on the diagonal.
fn never_diagonal(s: u32) -> bool {
  return s / WIDTH != s % WIDTH;
}

// Where tile slot s lies among the TILES of a stored triangle.
fn tile_place(s: u32) -> u32 {
  return tile_row[s] * (tile_row[s] + 1u) / 2u + tile_column[s];
}

// Where a team's slice of `memory` holds what the solve passes between lanes:
// a panel of tiles, a diagonal tile, the solution, and the diagonal before elimination.
const PANEL = 0u;
const DIAGONAL = 4u * BLOCKS;
const SOLUTION = DIAGONAL + 4u;
const ORIGINAL = SOLUTION + BLOCKS;

fn diagonal_tile(base: u32) -> mat4x4f {
  return load_tile(base + DIAGONAL, 1u);
}

fn store_diagonal(base: u32, value: mat4x4f) {
  store_tile(base + DIAGONAL, 1u, value);
}

// The panel lies by columns of its tiles, so that neighbouring lanes read neighbouring words of neighbouring tiles.
fn panel(base: u32, block: u32) -> mat4x4f {
  return load_tile(base + PANEL + block, BLOCKS);
}

fn store_panel(base: u32, block: u32, value: mat4x4f) {
  store_tile(base + PANEL + block, BLOCKS, value);
}

// A − B Cᵀ.
fn less_product(a: mat4x4f, b: mat4x4f, c: mat4x4f) -> mat4x4f {
  return mat4x4f(
    fma(-b[3], vec4f(c[3].x), fma(-b[2], vec4f(c[2].x), fma(-b[1], vec4f(c[1].x), fma(-b[0], vec4f(c[0].x), a[0])))),
    fma(-b[3], vec4f(c[3].y), fma(-b[2], vec4f(c[2].y), fma(-b[1], vec4f(c[1].y), fma(-b[0], vec4f(c[0].y), a[1])))),
    fma(-b[3], vec4f(c[3].z), fma(-b[2], vec4f(c[2].z), fma(-b[1], vec4f(c[1].z), fma(-b[0], vec4f(c[0].z), a[2])))),
    fma(-b[3], vec4f(c[3].w), fma(-b[2], vec4f(c[2].w), fma(-b[1], vec4f(c[1].w), fma(-b[0], vec4f(c[0].w), a[3])))),
  );
}

// A tile in workgroup memory, whose columns lie `apart` places from one another.
fn load_tile(at: u32, apart: u32) -> mat4x4f {
  return mat4x4f(memory[at], memory[at + apart], memory[at + 2u * apart], memory[at + 3u * apart]);
}

fn store_tile(at: u32, apart: u32, value: mat4x4f) {
  memory[at] = value[0];
  memory[at + apart] = value[1];
  memory[at + 2u * apart] = value[2];
  memory[at + 3u * apart] = value[3];
}

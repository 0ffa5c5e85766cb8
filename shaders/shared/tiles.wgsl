// The lower triangle of a bordered Gram matrix, cut into 4×4 tiles that live in registers: tile (I, J), I ≥ J, holds
// the entries [4I + r][4J + c] as column c, component r. A team of TEAM lanes shares one matrix. Each lane owns PATCHES
// square patches of PATCH × PATCH tiles, so that PATCH vec4s of a row and of a column serve PATCH² tiles.
// A workgroup holds TEAMS teams, each with its own SLICE of `memory` to solve in, so that short rows share a workgroup
// and its barriers. The host puts TEAM, TEAMS, PATCH, PATCHES, STAGE and SLICE before this text.

const TILES = BLOCKS * (BLOCKS + 1u) / 2u;
const SLOTS = PATCHES * PATCH * PATCH;
const PATCH_ROWS = (BLOCKS + PATCH - 1u) / PATCH;
const PATCH_COUNT = PATCH_ROWS * (PATCH_ROWS + 1u) / 2u;
// The row and column of a slot without a tile: above the diagonal, or beyond the matrix.
const NO_TILE = BLOCKS;

var<workgroup> memory: array<vec4f, TEAMS * SLICE>;

var<private> tile: array<mat4x4f, SLOTS>;
var<private> tile_row: array<u32, SLOTS>;
var<private> tile_column: array<u32, SLOTS>;
// Row and column of each patch, in patches.
var<private> patch_row: array<u32, PATCHES>;
var<private> patch_column: array<u32, PATCHES>;

// Patches along the diagonal come first, so that a lane's later ones are never on it; then those below it, column by
// column from the last, so that a wave's tiles are done with together as elimination goes on.
fn own_tiles(lane: u32) {
  for (var n = 0u; n < PATCHES; n++) {
    let p = lane + n * TEAM;
    let diagonal = p < PATCH_ROWS;
    // The one below the diagonal with number below = back (back + 1) / 2 + up.
    let below = max(p, PATCH_ROWS) - PATCH_ROWS;
    let back = u32((sqrt(8.0 * f32(below) + 5.0) - 1.0) * 0.5);
    let up = below - back * (back + 1u) / 2u;
    let row = select(PATCH_ROWS - 1u - up, p, diagonal);
    let column = select(PATCH_ROWS - 1u - (back + 1u), p, diagonal);
    let owned = p < PATCH_COUNT;
    patch_row[n] = select(0u, row, owned);
    patch_column[n] = select(0u, column, owned);
    for (var s = 0u; s < PATCH * PATCH; s++) {
      let I = row * PATCH + s / PATCH;
      let J = column * PATCH + s % PATCH;
      let held = owned && I < BLOCKS && J <= I;
      tile_row[n * PATCH * PATCH + s] = select(NO_TILE, I, held);
      tile_column[n * PATCH * PATCH + s] = select(NO_TILE, J, held);
      tile[n * PATCH * PATCH + s] = mat4x4f();
    }
  }
}

// Slots that no lane has on the diagonal.
fn never_diagonal(s: u32) -> bool {
  return s / (PATCH * PATCH) * TEAM >= PATCH_ROWS || s / PATCH % PATCH != s % PATCH;
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

fn load_tile(at: u32, apart: u32) -> mat4x4f {
  return mat4x4f(memory[at], memory[at + apart], memory[at + 2u * apart], memory[at + 3u * apart]);
}

fn store_tile(at: u32, apart: u32, value: mat4x4f) {
  memory[at] = value[0];
  memory[at + apart] = value[1];
  memory[at + 2u * apart] = value[2];
  memory[at + 3u * apart] = value[3];
}

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

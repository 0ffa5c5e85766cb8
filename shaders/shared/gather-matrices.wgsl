// Adds the outer products of a task's ratings by subgroup matrices, which GPUs have units of their own for: products of
// halves, summed in float32. The bordered Gram matrix is cut into SIZE × SIZE matrices, those of its lower triangle
// shared out among the subgroups of a workgroup, CHUNK each; they are then handed over, one of each subgroup at a time,
// to the lanes that own their 4×4 tiles.
//
// Factors come as halves. A residual, which a half holds too little of, is staged as two: its leading bits in its own
// place, the rest in a column LOW behind the last, whose products are added to those of the residual's own.
//
// The statements that name subgroup matrices are written out by src/engine/webgpu/rows/matrix-plan.ts, for each must be
// a variable of its own: `gather`. It puts SIZE, CHUNK, LANES_PER_SUBGROUP, STAGED and SUBGROUPS before this text.

const LOW = 4u * BLOCKS;

// Ratings of a stage, STAGED vec4s each: ỹ, the residual's rest, zeros to the end of the last matrix.
var<workgroup> staged: array<vec4<f16>, STAGE * STAGED>;
// A matrix of each subgroup, by columns.
var<workgroup> handed: array<vec4f, SUBGROUPS * SIZE * SIZE / 4u>;

// Writes a block of ỹ of one rating; beyond the task's last rating, zeros, which add nothing.
// Neighbouring lanes take neighbouring blocks.
fn stage_block(task: Task, at: u32, block: u32, to: u32) {
  let given = at < task.count;
  let rating = task.first + select(0u, at, given);
  let other = rating_index[rating] * FIXED_STRIDE;
  var y = bitcast<vec4<f16>>(fixed_rows[other + block]);
  if (block == BIAS_BLOCK) { y[BIAS_AT] = f16(settings.biases); }
  if (block == RHS_BLOCK) {
    let residual = value_at(rating) - settings.mean - fixed_bias(other);
    let high = leading(residual);
    y[RHS_AT] = f16(high);
    staged[to + BLOCKS] = select(vec4<f16>(), vec4<f16>(f16(residual - high), 0h, 0h, 0h), given);
  }
  staged[to + block] = select(vec4<f16>(), y, given);
}

fn stage_ratings(at: Place, stage: u32) {
  for (var part = at.lane; part < STAGE * BLOCKS; part += TEAM) {
    let rating = part / BLOCKS;
    stage_block(at.task, stage * STAGE + rating, part % BLOCKS, rating * STAGED);
  }
}

// Where column `column` of block row I lies in `handed`, when every subgroup has handed over its
// matrix number `turn`; else HANDED_OVER.
const HANDED_OVER = SUBGROUPS * SIZE * SIZE / 4u;

fn handed_at(turn: u32, I: u32, column: u32) -> u32 {
  let row = 4u * I / SIZE;
  let matrix = row * (row + 1u) / 2u + column / SIZE;
  if (matrix % CHUNK != turn) { return HANDED_OVER; }
  return ((matrix / CHUNK) * SIZE + column % SIZE) * (SIZE / 4u) + I % (SIZE / 4u);
}

fn take_tiles(turn: u32) {
  for (var s = 0u; s < SLOTS; s++) {
    let I = tile_row[s];
    let J = tile_column[s];
    if (I != NO_TILE) {
      let own = handed_at(turn, I, 4u * J);
      if (own < HANDED_OVER) {
        for (var c = 0u; c < 4u; c++) { tile[s][c] += handed[own + c * (SIZE / 4u)]; }
      }
    }
    if (I == RHS_BLOCK) {
      let low = handed_at(turn, LOW / 4u, 4u * J);
      if (low < HANDED_OVER) {
        for (var c = 0u; c < 4u; c++) {
          // (high + low)² has the product of both twice; the square of the rest is below what float32 keeps.
          let twice = J == RHS_BLOCK && c == RHS_AT;
          tile[s][c][RHS_AT] += select(1.0, 2.0, twice) * handed[low + c * (SIZE / 4u)].x;
        }
      }
    }
  }
}

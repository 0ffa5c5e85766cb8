// What rows that are moved by conjugate gradients have in common, whichever kernel moves them.

@group(0) @binding(6) var<storage, read_write> partial_images: array<vec4f>;

// A segment's place: its image, its sum, then what its row stands at: r, p, and (|r|², the least of it, whether it
// goes on).
const PARTIAL = 3u * BLOCKS + 2u;
const SUM_AT = BLOCKS;
const RESIDUAL_AT = BLOCKS + 1u;
const DIRECTION_AT = RESIDUAL_AT + BLOCKS;
const PROGRESS_AT = DIRECTION_AT + BLOCKS;

// The square of the share of its first residual below which a row stops.
const SMALLEST_RESIDUAL_SHARE = 1e-12;

// A lane's blocks of a row's vectors, TEAM apart: what it stands at, r, and A p.
var<private> own_x: array<vec4f, OWN>;
var<private> own_r: array<vec4f, OWN>;
var<private> own_image: array<vec4f, OWN>;
// What a pass adds up beside the image: p·A p, or what the bias is made of. Each lane of a team has a part, each of a
// subgroup the whole.
var<private> phase_sum: f32;
var<private> residual: f32;
var<private> smallest: f32;
var<private> goes_on: bool;

// The old bias, which stands with the mean where the bias is solved after the factors.
var<private> held: f32;

fn is_bias_phase(phase: u32) -> bool { return phase > settings.steps; }

// Whether only products are needed of a pass.
fn only_products(phase: u32) -> bool { return phase >= settings.steps; }

// The places of a block that are among the unknowns.
fn is_unknown(block: u32) -> vec4f {
  return select(vec4f(), vec4f(1.0), 4u * block + vec4u(0u, 1u, 2u, 3u) < vec4u(select(K, K + 1u, JOINT && settings.biases == 1u)));
}

// A block of ỹ = (y, 1) of the row that begins at `row`.
fn rated_block(row: u32, block: u32) -> vec4f {
  let y = fixed_block(row + block);
  if (block < BIAS_BLOCK) { return y; }
  let places = 4u * block + vec4u(0u, 1u, 2u, 3u);
  let border = select(vec4f(), vec4f(f32(JOINT && settings.biases == 1u)), places == vec4u(K));
  return select(border, y, places < vec4u(K));
}

// The bias at the new factors, from Σ λ (u·v − e) with e at the old bias.
fn bias_after(at: Place, sum: f32) -> f32 {
  let weight = settings.lambda * at.task.weight;
  let held_by = settings.prior[BIAS_BLOCK][BIAS_AT] * select(1.0, at.task.weight, settings.weighted == 1u);
  return (weight * held - sum + pull_of(at.task.row, BIAS_BLOCK)[BIAS_AT]) / (weight + held_by);
}

// What a prior makes of a row without ratings.
fn prior_alone(row: u32, block: u32) -> vec4f {
  let pull = pull_of(row, block);
  return select(pull / settings.prior[block], vec4f(), pull == vec4f());
}

fn load_row(at: Place) {
  for (var o = 0u; o < OWN; o++) {
    let block = at.lane + o * TEAM;
    own_x[o] = vec4f();
    if (block < BLOCKS && at.has_task) { own_x[o] = solved_rows[at.task.row * STRIDE + block] * is_unknown(block); }
  }
  held = 0.0;
  if (SEQUENTIAL && at.has_task && settings.biases == 1u) { held = solved_rows[at.task.row * STRIDE + BIAS_BLOCK][BIAS_AT]; }
}

// The last component of a row stays free.
fn write_row(at: Place, bias: f32) {
  if (!at.has_task) { return; }
  for (var o = 0u; o < OWN; o++) {
    let block = at.lane + o * TEAM;
    if (block < BLOCKS) {
      var x = own_x[o];
      if (at.task.count == 0u && !(ALL_PAIRS && PULLED)) { x = prior_alone(at.task.row, block); }
      else if (SEQUENTIAL && block == BIAS_BLOCK) { x[BIAS_AT] = bias; }
      solved_rows[at.task.row * STRIDE + block] = x;
    }
  }
}

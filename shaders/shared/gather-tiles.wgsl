// Adds the outer products of a task's ratings to the tiles, each lane to its own, from vectors in workgroup memory.
// The host puts BATCH, the loads that a lane has under way at once (their rows first, then their blocks), and BATCHES
// before this text.

// Staged ratings: nested, so that what an index may be is checked outside the loops. The blocks that are HEIGHT apart
// lie side by side, so that neighbouring lanes read neighbouring words.
const PER_PART = (BLOCKS + HEIGHT - 1u) / HEIGHT;
var<workgroup> staged: array<array<array<vec4f, PER_PART * HEIGHT>, STAGE>, TEAMS>;

fn staged_at(block: u32) -> u32 {
  return block % HEIGHT * PER_PART + block / HEIGHT;
}

// Where the blocks of the lane's rows and columns lie in a staged rating.
var<private> row_at: array<u32, HEIGHT>;
var<private> column_at: array<u32, WIDTH>;

// Neighbouring lanes take neighbouring blocks. Beyond the task's last rating come zeros, which add nothing.
fn stage_ratings(at: Place, team: u32, stage: u32) {
  for (var batch = 0u; batch < BATCHES; batch++) {
    var ratings: array<u32, BATCH>;
    var rows: array<u32, BATCH>;
    var blocks: array<vec4f, BATCH>;
    for (var i = 0u; i < BATCH; i++) {
      let number = stage * STAGE + (at.lane + (batch * BATCH + i) * TEAM) / BLOCKS;
      ratings[i] = at.task.first + select(0u, number, number < at.task.count);
      rows[i] = row_of(ratings[i]);
    }
    for (var i = 0u; i < BATCH; i++) {
      blocks[i] = block_of(ratings[i], rows[i], (at.lane + (batch * BATCH + i) * TEAM) % BLOCKS);
    }
    for (var i = 0u; i < BATCH; i++) {
      let part = at.lane + (batch * BATCH + i) * TEAM;
      if (part < STAGE * BLOCKS) {
        let given = stage * STAGE + part / BLOCKS < at.task.count;
        staged[team][part / BLOCKS][staged_at(part % BLOCKS)] = select(vec4f(), blocks[i], given);
      }
    }
  }
}

// Two ratings at a time, so that each accumulator is fetched once for both where registers are few.
fn add_pair(team: u32, first: u32) {
  var z: array<vec4f, WIDTH>;
  var w: array<vec4f, WIDTH>;
  for (var j = 0u; j < WIDTH; j++) {
    z[j] = staged[team][first][column_at[j]];
    w[j] = staged[team][first + 1u][column_at[j]];
  }
  for (var i = 0u; i < HEIGHT; i++) {
    let y = staged[team][first][row_at[i]];
    let v = staged[team][first + 1u][row_at[i]];
    for (var j = 0u; j < WIDTH; j++) {
      let s = i * WIDTH + j;
      tile[s][0] = fma(y, vec4f(z[j].x), fma(v, vec4f(w[j].x), tile[s][0]));
      tile[s][1] = fma(y, vec4f(z[j].y), fma(v, vec4f(w[j].y), tile[s][1]));
      tile[s][2] = fma(y, vec4f(z[j].z), fma(v, vec4f(w[j].z), tile[s][2]));
      tile[s][3] = fma(y, vec4f(z[j].w), fma(v, vec4f(w[j].w), tile[s][3]));
    }
  }
}

fn gather(at: Place, stages: u32) {
  let team = at.base / SLICE;
  for (var i = 0u; i < HEIGHT; i++) { row_at[i] = staged_at(min(patch_row + i, BLOCKS - 1u)); }
  for (var j = 0u; j < WIDTH; j++) { column_at[j] = staged_at(min(patch_column + j, BLOCKS - 1u)); }
  for (var stage = 0u; stage < stages; stage++) {
    stage_ratings(at, team, stage);
    workgroupBarrier();
    for (var rating = 0u; rating < STAGE; rating += 2u) { add_pair(team, rating); }
    workgroupBarrier();
  }
}
